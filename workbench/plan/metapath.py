"""Metapaths: chains of edge types that are walked from the seeds on, each under its own rules.

    seeds        hop 1                        hop 2
    users   <-   orders-user_id->users   <-   products-rev_product_id->orders

Nodes that one metapath draws are expanded by that metapath alone. Metapaths that begin alike share
their first steps; an edge that two of them draw is there once, marked with both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from workbench.errors import FanoutError, explain
from workbench.plan.cells import Cell, as_draw, complete, json_cell, read_cell, to_step
from workbench.plan.draw import Draw, option_texts
from workbench.plan.sampling_plan import SamplingPlan, edge_name, known_edge_type
from workbench.schema import EdgeType, Schema
from workbench.stores.steps import MOST_PATHS, Step, StepPlan
from workbench.temporal import Duration


@dataclass(frozen=True, init=False, repr=False)
class Metapath:
    """One chain of edge types, the seeds' own first: each starts (dst) where the one before ends (src).

    Parameters
    ----------
    edge_types : ``'src-rel->dst'`` or triplets, in the order of the walk
    fanouts : cell, or one cell per edge type
        A number, -1 = every visible neighbour, a share such as 0.1, or a ``Draw``.
    strategy, weight, half_life, replace, window : as in ``Draw``, where a cell does not say
    static : bool  True waives the times of all its edges (node times never)

    Raises
    ------
    FanoutError
        If there is no edge type, a cell is out of range or 0, or there is not one per edge type.

    Examples
    --------
    >>> Metapath("orders-user_id->users", "products-rev_product_id->orders", fanouts=[16, 1])
    Metapath('orders-user_id->users', 'products-rev_product_id->orders', fanouts=[16, 1])
    """

    path: tuple[str, ...]
    fanouts: tuple[Cell, ...]
    base: Draw

    def __init__(
        self,
        *edge_types: EdgeType | str | tuple[str, str, str],
        fanouts: Cell | Sequence[Cell | Mapping[str, Any]],
        strategy: str | None = None,
        weight: str | None = None,
        half_life: Duration | None = None,
        replace: bool | None = None,
        static: bool | None = None,
        window: Duration | None = None,
    ) -> None:
        do = "Say Metapath(*edge_types, fanouts=[16, 8])"
        path = tuple(edge_name(edge_type, "an edge type of a metapath", do) for edge_type in edge_types)
        if not path:
            raise FanoutError(explain("a metapath was asked for", "it names no edge type", "one or more"))
        listed = fanouts.tolist() if isinstance(fanouts, np.ndarray) else fanouts
        cells = tuple(listed) if isinstance(listed, (list, tuple)) else (listed,) * len(path)
        if len(cells) != len(path):
            got = f"got fanouts={fanouts!r} for {len(path)} edge types"
            raise FanoutError(explain(f"metapath {_text(path)}", got, "one number, or one per edge type"))
        options = {"strategy": strategy, "weight": weight, "half_life": half_life, "window": window}
        base = Draw(1, replace=replace, static=static, **options)  # type: ignore[arg-type]
        wheres = [f"hop {i} of metapath {_text(path)}" for i in range(1, len(path) + 1)]
        read = tuple(read_cell(cell, where) for cell, where in zip(cells, wheres, strict=True))
        for cell, where in zip(read, wheres, strict=True):
            if as_draw(cell).take == 0:
                raise FanoutError(
                    explain(where, "got 0", "a number of neighbours", "End the metapath before")
                )
            complete(cell, base, where)
        for name, value in {"path": path, "fanouts": read, "base": base}.items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.path)

    def check(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Its edge types in the schema.

        Raises
        ------
        FanoutError
            If a name is unknown, or an edge type does not start where the one before ends.
        """
        names = [known_edge_type(schema, name, f"metapath {_text(self.path)}") for name in self.path]
        for hop, (before, after) in enumerate(pairwise(names), 1):
            if before.src == after.dst:
                continue
            backwards = all(a.src == b.dst for a, b in pairwise(names[::-1]))
            into = ", ".join(str(e) for e in schema.edge_types if e.dst == before.src)
            raise FanoutError(
                explain(
                    f"metapath {_text(self.path)}",
                    f"hop {hop} draws {before.src!r}, hop {hop + 1} expands {after.dst!r}",
                    f"edge types into {before.src!r}: {into or 'there are none'}",
                    "It connects the other way round: the seeds' own edge type comes first"
                    if backwards
                    else "",
                )
            )
        return tuple(names)

    def step(self, hop: int, edge_type: EdgeType, schema: Schema) -> Step:
        """The step of a hop, without its place in a plan."""
        return to_step(hop, edge_type, self.fanouts[hop - 1], self.base, schema)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; :meth:`from_dict` gives it back."""
        fanouts = [json_cell(cell) for cell in self.fanouts]
        return {"path": list(self.path), "fanouts": fanouts, **self.base.options()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Metapath:
        """Read back what :meth:`to_dict` wrote.

        Raises
        ------
        FanoutError
            If a name is missing or unknown.
        """
        options = {name: value for name, value in data.items() if name != "path"}
        known = {"fanouts", "strategy", "weight", "half_life", "replace", "static", "window"}
        wrong = [name for name in options if name not in known]
        if wrong or not isinstance(data.get("path"), (list, tuple)) or "fanouts" not in data:
            got = f"got {dict(data)}"
            raise FanoutError(
                explain("a metapath was read", got, ", ".join(["path (a list)", *sorted(known)]))
            )
        return cls(*data["path"], **options)

    def __repr__(self) -> str:
        fanouts = list(self.fanouts)
        options = option_texts(self.base.options())
        return f"Metapath({', '.join([*map(repr, self.path), f'fanouts={fanouts!r}', *options])})"

    def __str__(self) -> str:
        cells = ", ".join(f"{as_draw(c)} {name}" for c, name in zip(self.fanouts, self.path, strict=True))
        return f"{cells}; {', '.join(option_texts(self.base.options()))}".removesuffix("; ")


@dataclass(frozen=True, init=False, repr=False)
class Metapaths(SamplingPlan):
    """A set of metapaths that make one subgraph.

    Parameters
    ----------
    metapaths : sequence of Metapath, at most 64
        Bit i of the mask of an edge speaks of metapath i.
    mode, disjoint, strict, cutoff, max_nodes, subgraph : see :class:`~workbench.plan.fanout.Fanout`

    Raises
    ------
    FanoutError
        If there are none, too many, or one twice.

    Examples
    --------
    >>> Metapaths([Metapath("orders-user_id->users", fanouts=16, strategy="recent")], mode="joint")
    Metapaths([Metapath('orders-user_id->users', fanouts=[16], strategy='recent')], mode='joint')
    """

    metapaths: tuple[Metapath, ...]

    def __init__(
        self,
        metapaths: Sequence[Metapath | Mapping[str, Any]],
        *,
        mode: str | None = None,
        disjoint: bool | None = None,
        strict: bool = False,
        cutoff: str = "anchor",
        max_nodes: int | None = None,
        subgraph: Any = "directional",
    ) -> None:
        if not isinstance(metapaths, (list, tuple)) or not 1 <= len(metapaths) <= MOST_PATHS:
            got = f"got {len(metapaths)}" if isinstance(metapaths, (list, tuple)) else f"got {metapaths!r}"
            raise FanoutError(
                explain("metapaths were asked for", got, f"a list of 1 .. {MOST_PATHS} of them")
            )
        paths = tuple(_metapath(value) for value in metapaths)
        twice = [path for i, path in enumerate(paths) if path in paths[:i]]
        if twice:
            raise FanoutError(
                explain("metapaths were asked for", f"{twice[0]!r} is there twice", "each once")
            )
        object.__setattr__(self, "metapaths", paths)
        self._set_rules(mode, disjoint, strict, cutoff, max_nodes, subgraph)

    def __len__(self) -> int:
        return len(self.metapaths)

    @property
    def hops_deep(self) -> int:
        """Number of hops of the longest metapath."""
        return max(len(path) for path in self.metapaths)

    def check(self, schema: Schema) -> None:
        """Refuse names that the schema does not have, and chains that do not connect.

        Raises
        ------
        FanoutError
        """
        for path in self.metapaths:
            path.check(schema)

    def compile(self, schema: Schema, seed_types: Sequence[str]) -> StepPlan:
        """The steps that a store runs: by hop, then in the order of the metapaths; equal beginnings once.

        Raises
        ------
        FanoutError
            If a metapath does not connect or does not begin at a seed type, a draw is impossible along
            its edge type, or more than 64 steps are left.
        """
        chains = [path.check(schema) for path in self.metapaths]
        for path, chain in zip(self.metapaths, chains, strict=True):
            if chain[0].dst not in seed_types:
                _refuse_start(path, chain[0], schema, seed_types)
        steps: list[Step] = []
        masks: list[int] = []
        at: list[int | None] = [None] * len(chains)
        for hop in range(1, self.hops_deep + 1):
            first = len(steps)
            for i, (path, chain) in enumerate(zip(self.metapaths, chains, strict=True)):
                if len(chain) < hop:
                    continue
                step = replace(path.step(hop, chain[hop - 1], schema), parent=at[i])
                if step not in steps[first:]:
                    steps.append(step)
                    masks.append(0)
                at[i] = place = steps.index(step, first)
                masks[place] |= 1 << i
        return self.step_plan(schema, [replace(s, paths=m) for s, m in zip(steps, masks, strict=True)])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``Metapaths(**metapaths.to_dict())`` gives it back."""
        return {"metapaths": [path.to_dict() for path in self.metapaths], **self.rules()}

    def __repr__(self) -> str:
        return f"Metapaths({', '.join([repr(list(self.metapaths)), *self.rule_texts()])})"

    def lines(self) -> list[str]:
        """A line for the choices and one per metapath."""
        paths = [f"path {i}  {path}" for i, path in enumerate(self.metapaths)]
        return [", ".join(["metapaths", *self.rule_words()]), *paths]


def _metapath(value: Any) -> Metapath:
    if isinstance(value, Metapath):
        return value
    if isinstance(value, Mapping):
        return Metapath.from_dict(value)
    do = "Say Metapath('orders-user_id->users', ..., fanouts=[16, 8])"
    raise FanoutError(explain("metapaths were asked for", f"got {value!r}", "values of Metapath", do))


def _refuse_start(path: Metapath, first: EdgeType, schema: Schema, seed_types: Sequence[str]) -> None:
    into = [str(edge_type) for edge_type in schema.edge_types if edge_type.dst in seed_types]
    raise FanoutError(
        explain(
            f"metapath {_text(path.path)} for seeds of type {', '.join(map(repr, seed_types))}",
            f"it begins at {first.dst!r}",
            f"a first edge type into the seeds: {', '.join(into) or 'there are none'}",
        )
    )


def _text(path: Sequence[str]) -> str:
    return " / ".join(path)
