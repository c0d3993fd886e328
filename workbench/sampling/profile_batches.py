"""What the batches of an epoch will cost under a fanout, from a few of them, with intervals.

Nothing is trained and no feature is read. The pilot batches are real ones, of full size, drawn at
random from all batches of the epoch, so nothing is extrapolated; the intervals say how far the mean
over *all* batches may lie from the mean over the pilot, and shrink to nothing where the pilot is all.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import FanoutError, explain
from workbench.events import Callback, Progress, emit
from workbench.plan.sampling_plan import SamplingPlan, expect_plan
from workbench.sampling.profile import edges_by_cell
from workbench.sampling.row_costs import RowCosts
from workbench.schema import EdgeType
from workbench.stores.features import GroupLayout
from workbench.stores.protocols import GraphStore, VersionedFeatures
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.subgraph import SampledSubgraph

T95 = (
    *(
        12.706,
        4.303,
        3.182,
        2.776,
        2.571,
        2.447,
        2.365,
        2.306,
        2.262,
        2.228,
        2.201,
        2.179,
        2.160,
        2.145,
        2.131,
    ),
    *(
        2.120,
        2.110,
        2.101,
        2.093,
        2.086,
        2.080,
        2.074,
        2.069,
        2.064,
        2.060,
        2.056,
        2.052,
        2.048,
        2.045,
        2.042,
    ),
)
"""Student's t at 97.5 % for 1 .. 30 degrees of freedom; beyond, a little more than the normal 1.96."""


@dataclass(frozen=True)
class Interval:
    """A mean over all batches, and the 95 % interval that it lies in; open where one batch was sampled."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float], population: int) -> Interval:
        """From ``len(values)`` of ``population`` batches, drawn at random without replacement."""
        mean, count = float(np.mean(values)), len(values)
        if count >= population:
            return cls(mean, mean, mean)
        if count < 2:
            return cls(mean, 0.0, math.inf)
        left = 1 - count / population  # what was not looked at is all that can differ
        half = _t(count - 1) * float(np.std(values, ddof=1)) * math.sqrt(left / count)
        return cls(mean, max(mean - half, 0.0), mean + half)

    def __str__(self) -> str:
        return self.text()

    def text(self, unit: float = 1) -> str:
        """In a unit: ``41.2 (38 .. 44.4)``, or the mean alone where the interval is no wider."""
        mean, low, high = (_figure(value / unit) for value in (self.mean, self.low, self.high))
        return mean if self.low == self.high else f"{mean} ({low} .. {high})"

    def size(self) -> str:
        """As bytes, in the largest unit that the mean fills: ``1.2 (1.1 .. 1.3) MB``."""
        unit = next((unit for unit in ("GB", "MB", "kB") if self.mean >= UNITS[unit]), "bytes")
        return f"{self.text(UNITS[unit])} {unit}"


UNITS = {"bytes": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}
"""What sizes are told in."""


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _t(freedom: int) -> float:
    return T95[freedom - 1] if freedom <= len(T95) else 1.96 + 2.4 / freedom


@dataclass(frozen=True)
class HopProfile:
    """What one hop adds to a batch: new nodes, its edges, and bytes of feature rows not needed before."""

    nodes: Interval
    edges: Interval
    feature_bytes: Interval


@dataclass(frozen=True)
class Profile:
    """Expected size and time of a batch.

    Attributes
    ----------
    batch_size : int  seeds of the largest pilot batch
    pilot, batches : int  batches that were sampled, and all of the epoch
    nodes, edges : Interval  per batch
    feature_bytes : Interval  of the distinct feature rows that the batch reads, versions included
    array_bytes : Interval  of the subgraph's own arrays
    bytes : Interval  both together
    milliseconds : Interval  to sample a batch; one thread
    duplicates : Interval  share of nodes whose row another node of the batch needs too
    hops : tuple of HopProfile  entry 0 is the seeds
    cells : dict (hop, edge type) -> Interval  edges
    cell_bytes : dict (hop, edge type) -> Interval  of the distinct feature rows that its edges lead to
    """

    batch_size: int
    pilot: int
    batches: int
    nodes: Interval
    edges: Interval
    feature_bytes: Interval
    array_bytes: Interval
    bytes: Interval
    milliseconds: Interval
    duplicates: Interval
    hops: tuple[HopProfile, ...]
    cells: Mapping[tuple[int, EdgeType], Interval]
    cell_bytes: Mapping[tuple[int, EdgeType], Interval]

    def __str__(self) -> str:
        of = "all" if self.pilot == self.batches else f"{self.pilot:,} of"
        lines = [
            f"Batches of {self.batch_size:,} seeds, {of} {self.batches:,} sampled; mean (95 %):",
            f"  nodes {self.nodes}, edges {self.edges}, duplicate rows {100 * self.duplicates.mean:.3g} %",
            f"  {self.bytes.size()}, of which features {self.feature_bytes.size()}",
            f"  {self.milliseconds} ms to sample",
        ]
        for number, hop in enumerate(self.hops):
            lines.append(f"  hop {number}: nodes {hop.nodes}, edges {hop.edges}, {hop.feature_bytes.size()}")
            cells = [(cell, edges) for (at, cell), edges in self.cells.items() if at == number and edges.high]
            lines += [f"    {cell}: edges {edges}" for cell, edges in cells]
        return "\n".join(lines)

    __repr__ = __str__


def profile_batches(
    graph: GraphStore,
    groups: Mapping[str, GroupLayout],
    fanout: SamplingPlan,
    pilot: Sequence[SeedSet],
    *,
    batches: int,
    key: int = 0,
    callbacks: Sequence[Callback] = (),
    versions: VersionedFeatures | None = None,
) -> Profile:
    """Sample some batches of an epoch and say what all of them will be like.

    Parameters
    ----------
    groups : dict table -> GroupLayout  ``features.groups``: what a row of each table weighs
    pilot : batches of seeds of one type, drawn at random from those of the epoch
    batches : int  all batches of the epoch
    callbacks : who gets a ``Progress`` before each batch of the pilot; what one raises ends it
    versions : where the versions that nodes see are looked up; None leaves histories out

    Raises
    ------
    FanoutError
        If there is no pilot, or it is larger than the epoch.
    BudgetError, IdError, AnchorError
        As ``GraphStore.sample``.
    """
    expect_plan(fanout, "the profile of a fanout", "Take plan.fanout, or Fanout([16, 8])")
    _check_pilot(len(pilot), batches)
    plan = fanout.compile(graph.schema, [pilot[0].node_type])
    graph.sample(SampleRequest((pilot[0].first(1),), plan, key))  # one seed pays for compilation
    begin = time.perf_counter()
    found: list[Counter[tuple[object, ...]]] = []
    for seeds in pilot:
        elapsed = time.perf_counter() - begin
        emit(list(callbacks), Progress(elapsed, "profile", len(found), len(pilot), "batches"))
        start = time.perf_counter()
        subgraph = graph.sample(SampleRequest((seeds,), plan, key))
        milliseconds = 1e3 * (time.perf_counter() - start)
        costs = RowCosts(subgraph, graph.schema, groups, versions)
        found.append(_measured(subgraph, costs, milliseconds))

    def over(*name: object) -> Interval:
        return Interval.of([each[name] for each in found], batches)

    cells = list(dict.fromkeys((step.hop, step.edge_type) for step in plan))
    parts = ("nodes", "edges", "feature_bytes")
    totals = (*parts, "array_bytes", "bytes", "milliseconds", "duplicates")
    return Profile(
        batch_size=max(map(len, pilot)),
        pilot=len(pilot),
        batches=batches,
        **{name: over(name) for name in totals},
        hops=tuple(HopProfile(*(over(name, hop) for name in parts)) for hop in range(plan.hops + 1)),
        cells={cell: over("edges", *cell) for cell in cells},
        cell_bytes={cell: over("feature_bytes", *cell) for cell in cells},
    )


def _check_pilot(count: int, batches: int) -> None:
    if not 1 <= count <= batches:
        asked, got = "a profile of a fanout was asked for", f"got {count} pilot batches of {batches}"
        do = "" if batches else "There are no seeds: take another split"
        raise FanoutError(explain(asked, got, "at least one, at most all", do))


Measure = tuple[object, ...]
"""(quantity,), (quantity, hop) or (quantity, hop, edge type)."""


def _measured(subgraph: SampledSubgraph, costs: RowCosts, milliseconds: float) -> Counter[Measure]:
    """Everything that is counted of one batch; what is absent is 0."""
    found: Counter[Measure] = Counter()
    hops = range(subgraph.request.plan.hops + 1)
    for counts in subgraph.nodes_per_hop.values():
        found.update({("nodes", hop): int(count) for hop, count in enumerate(counts)})
    for (hop, edge_type), count in edges_by_cell(subgraph).items():
        found["edges", hop] += count
        found["edges", hop, edge_type] = count
    for hop, held in enumerate(costs.by_hop()):
        found["feature_bytes", hop] = int(held)
    for edge_type in subgraph.row:
        drawn_at = subgraph.edge_hops(edge_type)
        for hop in np.unique(drawn_at).tolist():
            found["feature_bytes", hop, edge_type] = costs.along(edge_type, drawn_at == hop)
    for name in ("nodes", "edges", "feature_bytes"):
        found[name,] = sum(found[name, hop] for hop in hops)
    found["array_bytes",] = subgraph.nbytes
    found["bytes",] = found["feature_bytes",] + found["array_bytes",]
    timed: dict[Measure, float] = {
        ("milliseconds",): milliseconds,
        ("duplicates",): 1 - costs.distinct / max(subgraph.num_nodes, 1),
    }
    found.update(timed)  # type: ignore[arg-type]
    return found
