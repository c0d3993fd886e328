"""Fanout: how many neighbours are drawn, per hop and edge type. The one owner of that fact."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.errors import FanoutError, SchemaError, explain
from workbench.schema import EdgeType, Schema
from workbench.stores.steps import ALL, Step, StepPlan, Strategy
from workbench.temporal import Duration, duration

Hop = tuple[tuple[str, int], ...]
"""One hop as sorted pairs (edge type as text, fanout); the pair with the empty name is the default."""

DEFAULT = ""


@dataclass(frozen=True, init=False)
class Fanout:
    """Neighbours drawn per node, hop and edge type, and how they are drawn.

    Parameters
    ----------
    hops : sequence of int or mapping
        One entry per hop: a number for every edge type, or a mapping from edge type
        (``'src-rel->dst'`` or triplet) to number, in which ``'default'`` covers the rest
        (0 if left out). 0 = do not follow, -1 = every visible neighbour.
    strategy : 'uniform' or 'recent'
        Which of the visible neighbours: uniformly without replacement, or the latest.
    static : edge types whose edge times are waived (node times never are)
    window : length of time or None
        Look-back, such as ``'30 days'`` or an int of microseconds: only neighbours with
        ``anchor - window < time <= anchor``. Kept as microseconds.
    disjoint : bool
        True: one subgraph per seed, each under its own anchor. False: seeds of one anchor share nodes.

    Raises
    ------
    FanoutError
        If there is no hop, or a number is below -1 or not an integer.

    Examples
    --------
    >>> Fanout([16, {"default": 8, "orders-user_id->users": -1}], strategy="recent").hops_deep
    2
    """

    hops: tuple[Hop, ...]
    strategy: str
    static: tuple[str, ...]
    window: int | None
    disjoint: bool

    def __init__(
        self,
        hops: Sequence[int | Mapping[Any, int]],
        *,
        strategy: str = "uniform",
        static: Sequence[str | EdgeType] = (),
        window: Duration | None = None,
        disjoint: bool = True,
    ) -> None:
        if isinstance(hops, (int, str)) or not len(hops):
            raise FanoutError(
                explain("a fanout was asked for", f"got {hops!r}", "one entry per hop, such as [16, 8]")
            )
        if strategy.upper() not in Strategy.__members__:
            raise FanoutError(
                explain(
                    "a sampling strategy was asked for",
                    f"got {strategy!r}",
                    ", ".join(name.lower() for name in Strategy.__members__),
                )
            )
        length = None if window is None else duration(window)
        if length is not None and length <= 0:
            raise FanoutError(
                explain("a look-back window was asked for", f"got {window!r}", "a positive length or None")
            )
        set_field = object.__setattr__
        set_field(self, "hops", tuple(_hop(i + 1, hop) for i, hop in enumerate(hops)))
        set_field(self, "strategy", strategy.lower())
        set_field(self, "static", tuple(sorted(_name(edge_type) for edge_type in static)))
        set_field(self, "window", length)
        set_field(self, "disjoint", bool(disjoint))

    @property
    def hops_deep(self) -> int:
        """Number of hops."""
        return len(self.hops)

    def get(self, hop: int, edge_type: EdgeType | str) -> int:
        """The fanout of an edge type at a hop (1 = direct neighbours)."""
        entries = dict(self.hops[hop - 1])
        return entries.get(_name(edge_type), entries.get(DEFAULT, 0))

    def with_entry(self, hop: int, edge_type: EdgeType | str, fanout: int) -> Fanout:
        """The same fanout with one cell changed."""
        entries: dict[Any, int] = {name or "default": k for name, k in self.hops[hop - 1]}
        entries[_name(edge_type)] = fanout
        changed = (*self.hops[: hop - 1], _hop(hop, entries), *self.hops[hop:])
        copy = replace_fields(self)
        object.__setattr__(copy, "hops", changed)
        return copy

    def compile(self, schema: Schema, seed_types: Sequence[str]) -> StepPlan:
        """The steps that a store runs: reachable cells only, in hop order then schema order.

        Raises
        ------
        FanoutError
            If a hop or ``static`` names an edge type that the schema does not have.
        """
        self.check(schema)
        strategy = Strategy[self.strategy.upper()]
        reachable, steps = set(seed_types), []
        for hop in range(1, self.hops_deep + 1):
            found = set()
            for edge_type in schema.edge_types:
                fanout = self.get(hop, edge_type)
                if fanout == 0 or edge_type.dst not in reachable:
                    continue
                temporal = str(edge_type) not in self.static
                window = self.window if temporal else None
                steps.append(Step(hop, edge_type, fanout, strategy, temporal, window))
                found.add(edge_type.src)
            reachable = found
        return StepPlan(tuple(steps), self.hops_deep, self.disjoint)

    def check(self, schema: Schema) -> None:
        """Refuse names that the schema does not have.

        Raises
        ------
        FanoutError
        """
        named = [(f"hop {i + 1}", name) for i, hop in enumerate(self.hops) for name, _ in hop if name]
        named += [("static", name) for name in self.static]
        for where, name in named:
            try:
                schema.edge_type(name)
            except SchemaError as error:
                raise FanoutError(f"{where} of the fanout names {name!r}. {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``Fanout(**fanout.to_dict())`` gives it back."""
        hops = [{name or "default": k for name, k in hop} for hop in self.hops]
        return {
            "hops": [hop["default"] if set(hop) == {"default"} else hop for hop in hops],
            "strategy": self.strategy,
            "static": list(self.static),
            "window": self.window,
            "disjoint": self.disjoint,
        }

    def __repr__(self) -> str:
        data = self.to_dict()
        extras = [f"{k}={data[k]!r}" for k in ("static", "window") if data[k]]
        mode = "disjoint" if self.disjoint else "joint"
        hops = json.dumps(data["hops"])
        return f"Fanout({hops}, strategy={self.strategy!r}, {', '.join([*extras, mode])})"


def replace_fields(fanout: Fanout, **changes: Any) -> Fanout:
    """A copy with some of ``strategy``, ``static``, ``window``, ``disjoint`` or ``hops`` changed."""
    return Fanout(**{**fanout.to_dict(), **changes})


def _name(edge_type: EdgeType | str | tuple[str, str, str]) -> str:
    return str(EdgeType(*edge_type)) if isinstance(edge_type, tuple) else str(edge_type)


def _hop(number: int, hop: int | Mapping[Any, int]) -> Hop:
    entries = dict(hop) if isinstance(hop, Mapping) else {"default": hop}
    checked = {}
    for name, k in entries.items():
        if isinstance(k, bool) or not hasattr(k, "__index__") or int(k) < ALL:
            raise FanoutError(
                explain(
                    f"hop {number} of the fanout, {_name(name)!r}",
                    f"got {k!r}",
                    "0 (do not follow), a positive number of neighbours, or -1 (every visible one)",
                )
            )
        checked[DEFAULT if name == "default" else _name(name)] = int(k)
    return tuple(sorted(checked.items()))
