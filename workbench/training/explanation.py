"""Explanation: what moved some predictions, as tables of contributions that add up to them.

value = base + presence of neighbours (per hop and edge type) + contents (per row and column) + gap
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import TrainingError, explain
from workbench.query.seed_table import SeedTable
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import FOREVER, iso
from workbench.types import Float64Array

SHOWN = 8
"""Columns and neighbours that are printed."""


@dataclass(frozen=True, repr=False)
class Explanation:
    """What moved the predictions for some seeds. Prints as a table; ``explanation[i]`` is that of one seed.

    Contributions are in :attr:`unit`. A column's contribution is what its value did in place of a typical
    one, the mean over typical rows; that neighbours are there at all, with typical values, is told apart.

    Attributes
    ----------
    seeds : SeedTable
    output : tuple of str  what is explained of each seed: a class, a step; ``''`` where there is one output
    unit : str  ``log-odds``, or empty for the units of the label
    value : float64[n]  what the model said
    base : float64[n]  what it says of a typical row without neighbours
    gap : float64[n]  what no contribution accounts for: of the built-in model the error of integration
    contents : pyarrow.Table
        ``seed`` (its position), ``hop``, ``node_type``, ``node_id``, ``key``, ``time``, ``column`` and
        ``contribution``
    presence : pyarrow.Table  ``seed``, ``hop``, ``edge_type``, ``edges``, ``contribution``
    subgraph : SampledSubgraph  what the model saw, of the seeds of the whole explanation
    """

    seeds: SeedTable
    output: tuple[str, ...]
    unit: str
    value: Float64Array
    base: Float64Array
    gap: Float64Array
    contents: pa.Table
    presence: pa.Table
    subgraph: SampledSubgraph

    def __len__(self) -> int:
        return len(self.seeds)

    def __iter__(self) -> Iterator[Explanation]:
        return (self[seed] for seed in range(len(self)))

    def __getitem__(self, seed: int) -> Explanation:
        """The explanation of one seed.

        Raises
        ------
        TrainingError
            If there is no such seed.
        """
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < len(self):
            got, allowed = f"there are {len(self)}", f"0 to {len(self) - 1}"
            raise TrainingError(explain(f"the explanation of seed {seed!r} was asked for", got, allowed))
        own = slice(seed, seed + 1)
        return replace(
            self,
            seeds=self.seeds[own],
            output=self.output[own],
            value=self.value[own],
            base=self.base[own],
            gap=self.gap[own],
            contents=_of_seed(self.contents, seed),
            presence=_of_seed(self.presence, seed),
        )

    @property
    def prediction(self) -> Float64Array:
        """float64[n]: the value as ``run.predict`` tells it, a probability where the unit is log-odds."""
        return 1 / (1 + np.exp(-self.value)) if self.unit else self.value

    @cached_property
    def columns(self) -> pa.Table:
        """Columns, the largest first: ``column``, ``contribution`` and ``magnitude``.

        Both are means over the seeds: of the sum in a seed, and of its absolute value.
        """
        each = self.contents.group_by(["seed", "column"]).aggregate([("contribution", "sum")])
        each = each.append_column("size", pc.abs(each["contribution_sum"]))
        means = each.group_by("column").aggregate([("contribution_sum", "sum"), ("size", "sum")])
        count = max(len(self), 1)
        found = pa.table(
            {
                "column": means["column"],
                "contribution": pc.divide(means["contribution_sum_sum"], count),
                "magnitude": pc.divide(means["size_sum"], count),
            }
        )
        return found.sort_by([("magnitude", "descending"), ("column", "ascending")])

    @cached_property
    def neighbours(self) -> pa.Table:
        """A row per neighbour of a seed, the largest contribution of its contents first.

        ``seed``, ``hop`` (the nearest), ``node_type``, ``node_id``, ``key``, ``time``, ``contribution``.
        """
        keys = ["seed", "node_type", "node_id", "key", "time"]
        near = self.contents.filter(pc.greater(self.contents["hop"], 0))
        found = near.group_by(keys).aggregate([("hop", "min"), ("contribution", "sum")])
        found = found.rename_columns([*keys, "hop", "contribution"])
        found = found.append_column("size", pc.abs(found["contribution"]))
        order = [("size", "descending"), ("seed", "ascending"), ("node_id", "ascending")]
        return found.sort_by(order).select(
            ["seed", "hop", "node_type", "node_id", "key", "time", "contribution"]
        )

    @cached_property
    def hops(self) -> pa.Table:
        """``hop``, ``contents`` and ``presence``: means over the seeds, the seed's own row being hop 0."""
        parts = [_by_hop(table) for table in (self.contents, self.presence)]
        hops = sorted({0, *parts[0], *parts[1]})
        sums = [[part.get(hop, 0.0) / max(len(self), 1) for hop in hops] for part in parts]
        return pa.table({"hop": pa.array(hops, pa.int32()), "contents": sums[0], "presence": sums[1]})

    def to_arrow(self) -> pa.Table:
        """Every contribution.

        ``entity``, ``anchor_time``, ``hop``, ``node_type``, ``key``, ``time``, ``column`` (of contents),
        ``edge_type`` and ``edges`` (of presence), ``contribution``.
        """
        both = pa.concat_tables([self.contents, self.presence], promote_options="default")
        # Of one seed the positions are still those of the whole explanation.
        place = pa.array(np.zeros(len(both), np.int64)) if len(self) == 1 else both["seed"]
        anchors = pa.array(self.seeds.anchor_time, mask=self.seeds.anchor_time == FOREVER)
        seeds = pa.table({"entity": self.seeds.key, "anchor_time": anchors.cast(pa.timestamp("us"))})
        named = seeds.take(place)
        for name in ("hop", "node_type", "key", "time", "column", "edge_type", "edges", "contribution"):
            named = named.append_column(name, both[name])
        return named

    def __repr__(self) -> str:
        told = f"{len(self):,} predictions, means" if len(self) != 1 else self._one()
        unit = f" ({self.unit})" if self.unit else ""
        typical = f"a typical row alone says {np.mean(self.base):.4g}" if len(self) else ""
        lines = [f"Explanation of {told}{unit}; {typical}"]
        for hop, contents, presence in zip(*self.hops.to_pydict().values(), strict=True):
            there = f", that neighbours are there {presence:+.4g}" if hop else ""
            lines.append(f"  hop {hop}: contents {contents:+.4g}{there}")
        columns = self.columns.slice(0, SHOWN).to_pylist()
        lines += [f"  {row['column']:<32} {row['contribution']:+.4g}" for row in columns]
        if len(self) == 1:
            lines += [f"  {neighbour_text(row)}" for row in self.neighbours.slice(0, SHOWN).to_pylist()]
        return "\n".join(lines)

    def _one(self) -> str:
        anchor = int(self.seeds.anchor_time[0])
        when = "" if anchor == FOREVER else f" at {iso(anchor)}"
        what = f" as {self.output[0]}" if self.output[0] else ""
        name = f"{self.seeds.node_type} {self.seeds.key[0]}{when}{what}"
        return f"{name}: {self.prediction[0]:.4g}, value {self.value[0]:.4g}"


def neighbour_text(row: dict[str, object]) -> str:
    """A row of ``Explanation.neighbours`` in words."""
    when = "" if row["time"] is None else f" of {row['time']}"
    return f"hop {row['hop']}: {row['node_type']} {row['key']}{when} {row['contribution']:+.4g}"


def _of_seed(table: pa.Table, seed: int) -> pa.Table:
    return table.filter(pc.equal(table["seed"], seed))


def _by_hop(table: pa.Table) -> dict[int, float]:
    found = table.group_by("hop").aggregate([("contribution", "sum")])
    return dict(zip(found["hop"].to_pylist(), found["contribution_sum"].to_pylist(), strict=True))


def joined(rows: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    """Tables of contributions one below the other; an empty one where there are none."""
    return pa.concat_tables(rows) if rows else schema.empty_table()
