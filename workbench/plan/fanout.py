"""Fanout: how many neighbours are drawn, per hop and edge type. The one owner of that fact."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.errors import FanoutError, explain
from workbench.plan import kumo_neighbors, pyg_neighbors
from workbench.plan.cells import Cell, as_draw, complete, json_cell, read_cell, to_step, with_take
from workbench.plan.draw import Draw, Take, option_texts, whole
from workbench.plan.sampling_plan import SamplingPlan, edge_name, known_edge_type
from workbench.schema import EdgeType, Schema
from workbench.stores.steps import StepPlan
from workbench.temporal import Duration, Span

Hop = tuple[tuple[str, Cell], ...]
"""One hop as sorted pairs (edge type as text, cell); the pair with the empty name is the default."""

DEFAULT = ""

SHOWN_CELLS = 6
"""Edge types of a hop that :meth:`Fanout.lines` names."""


@dataclass(frozen=True, init=False, repr=False)
class Fanout(SamplingPlan):
    """Neighbours drawn per node, hop and edge type, and how they are drawn.

    Parameters
    ----------
    hops : sequence of cells or mappings
        One entry per hop: a cell for every edge type, or a mapping from edge type (``'src-rel->dst'``
        or triplet) to cell, in which ``'default'`` covers the rest (0 if left out). A cell is a number
        (0 = do not follow, -1 = every visible neighbour), a share of the visible neighbours such as
        0.1, or a :class:`~workbench.plan.draw.Draw` with options of its own.
    strategy : 'uniform', 'recent', 'weighted' or 'decay'
        Which of the visible neighbours, where a cell does not say.
    weight, half_life, replace : what the strategy needs, as in ``Draw``
    static : edge types whose edge times are waived (node times never are)
    window : length of time or None
        Look-back, such as ``'30 days'`` or an int of microseconds: only neighbours with
        ``anchor - window < time <= anchor``. Kept as microseconds.
    mode : 'disjoint' (the default), 'joint' or 'tree'
        One subgraph per seed, each under its own anchor; one for all seeds of an anchor, which share
        nodes; or one per seed in which every draw is a node of its own.
    disjoint : bool  the older word: True = ``mode='disjoint'``, False = ``mode='joint'``
    strict : bool  the anchor's own instant is not visible
    cutoff : 'anchor' or 'path'  what a node may see, see :class:`SamplingPlan`
    max_nodes : int or None  nodes at most, seeds included: per seed, or per batch in joint mode
    subgraph : 'directional', 'bidirectional' or 'induced'  which edges, see :class:`SamplingPlan`

    Raises
    ------
    FanoutError
        If there is no hop, a number is out of range, or two choices contradict each other.

    Examples
    --------
    >>> Fanout([16, {"default": 8, "orders-user_id->users": -1}], strategy="recent").hops_deep
    2
    >>> Fanout([{"default": 0.1, "orders-user_id->users": Draw(16, strategy="recent", window="30 days")}])
    Fanout([{'default': 0.1, 'orders-user_id->users': Draw(16, strategy='recent', window='30 days')}])
    """

    hops: tuple[Hop, ...]
    strategy: str
    weight: str | None
    half_life: int | None
    replace: bool
    static: tuple[str, ...]
    window: int | None

    def __init__(
        self,
        hops: Sequence[Cell | Mapping[Any, Any]],
        *,
        strategy: str | None = None,
        weight: str | None = None,
        half_life: Duration | None = None,
        replace: bool = False,
        static: Sequence[str | EdgeType] = (),
        window: Duration | None = None,
        mode: str | None = None,
        disjoint: bool | None = None,
        strict: bool = False,
        cutoff: str = "anchor",
        max_nodes: int | None = None,
        subgraph: Any = "directional",
    ) -> None:
        base = Draw(1, strategy=strategy, weight=weight, half_life=half_life, replace=replace, window=window)
        values = {
            "hops": _hops(hops),
            "strategy": base.strategy or "uniform",
            "weight": base.weight,
            "half_life": base.half_life,
            "replace": replace,
            "static": _static(static),
            "window": base.window if isinstance(base.window, int) else None,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._set_rules(mode, disjoint, strict, cutoff, max_nodes, subgraph)
        self._check_cells()

    def _check_cells(self) -> None:
        """Refuse what contradicts itself in any schema."""
        for number, hop in enumerate(self.hops, 1):
            for name, cell in hop:
                if as_draw(cell).take != 0:
                    where = f"hop {number} of the fanout, {name or 'default'!r}"
                    complete(cell, self._base(cell, name in self.static), where)

    def _base(self, cell: Cell, listed: bool) -> Draw:
        """What a cell leaves open, along an edge type that is listed as static or not.

        An age needs a time, so static edge types are drawn uniformly where the cell says nothing else.
        """
        static = listed and as_draw(cell).static is None
        ageless = static and self.strategy == "decay"
        return Draw(
            1,
            strategy="uniform" if ageless else self.strategy,
            weight=self.weight,
            half_life=None if ageless else self.half_life,
            replace=self.replace,
            static=static,
            window=None if static else self.window,
        )

    def _entries(self) -> list[dict[str, Cell]]:
        """The hops as the constructor takes them."""
        return [{name or "default": cell for name, cell in hop} for hop in self.hops]

    def _hop(self, hop: int) -> dict[str, Cell]:
        """One hop as the constructor takes it."""
        number = whole(hop)
        if number is None or not 1 <= number <= self.hops_deep:
            allowed = f"hops 1 to {self.hops_deep}"
            raise FanoutError(explain("a cell of a fanout was asked for", f"got hop {hop!r}", allowed))
        return self._entries()[number - 1]

    @property
    def hops_deep(self) -> int:
        """Number of hops."""
        return len(self.hops)

    def cell(self, hop: int, edge_type: EdgeType | str) -> Cell:
        """What the fanout says of an edge type at a hop (1 = direct neighbours)."""
        entries = self._hop(hop)
        return entries.get(_spelled(entries, edge_type), entries.get("default", 0))

    def get(self, hop: int, edge_type: EdgeType | str) -> int:
        """The largest number of neighbours of an edge type at a hop; -1 where there is none."""
        return as_draw(self.cell(hop, edge_type)).most

    def with_entry(self, hop: int, edge_type: EdgeType | str, fanout: Take | Draw) -> Fanout:
        """The same fanout with one cell changed; a number keeps the options that the cell has."""
        hops, entries = self._entries(), self._hop(hop)
        changed = with_take(self.cell(hop, edge_type), read_cell(fanout, f"hop {hop}, {edge_type}"))
        hops[hop - 1] = {**entries, _spelled(entries, edge_type): changed}
        return self.with_choices(hops=hops)

    def numbers(self) -> Fanout:
        """The same numbers without any options: what other libraries' ``num_neighbors`` can say."""
        return Fanout([{name: as_draw(cell).take for name, cell in hop.items()} for hop in self._entries()])

    def compile(self, schema: Schema, seed_types: Sequence[str]) -> StepPlan:
        """The steps that a store runs: reachable cells only, in hop order then schema order.

        Ageing (``strategy='decay'``) as the fanout's own choice is uniform along edge types without a
        time; as a cell's choice it is refused there.

        Raises
        ------
        FanoutError
            If a name is unknown, or a draw is impossible along its edge type.

        Warns
        -----
        UserWarning
            If hop 1 names only edge types that do not lead into the seeds, so that nothing is drawn.
        """
        self.check(schema)
        reachable, steps = set(seed_types), []
        static = {schema.edge_type(name) for name in self.static}
        for number, hop in enumerate(self.hops, 1):
            named: dict[Any, Cell] = {schema.edge_type(name): cell for name, cell in hop if name}
            default, found = dict(hop).get(DEFAULT, 0), set()
            for edge_type in schema.edge_types:
                cell = named.get(edge_type, default)
                if as_draw(cell).take == 0 or edge_type.dst not in reachable:
                    continue
                base = self._base(cell, edge_type in static)
                steps.append(to_step(number, edge_type, cell, base, schema))
                found.add(edge_type.src)
            reachable = found
        if not steps:
            self._warn_of_nothing(schema, seed_types)
        return self.step_plan(schema, steps)

    def _warn_of_nothing(self, schema: Schema, seed_types: Sequence[str]) -> None:
        """Say it where every draw at hop 1 was asked for along other ways: most often the way back."""
        named = [name for name, cell in self.hops[0] if name and as_draw(cell).take]
        if not named:
            return
        into = [str(edge_type) for edge_type in schema.edge_types if edge_type.dst in seed_types]
        asked, got = f"seeds of {' and '.join(seed_types)}", f"hop 1 draws nothing along {', '.join(named)}"
        warnings.warn(explain(asked, got, f"edge types into the seeds: {', '.join(into)}"), stacklevel=3)

    def check(self, schema: Schema) -> None:
        """Refuse names that the schema does not have.

        Raises
        ------
        FanoutError
        """
        for number, hop in enumerate(self.hops, 1):
            where, seen = f"hop {number} of the fanout", dict[EdgeType, str]()
            for name in (name for name, _ in hop if name):
                other = seen.setdefault(known_edge_type(schema, name, where), name)
                if other != name:
                    raise FanoutError(
                        explain(f"{where} names {name!r}", f"it is {other!r} again", "one of them")
                    )
        for name in self.static:
            known_edge_type(schema, name, "static of the fanout")

    @classmethod
    def from_pyg(cls, num_neighbors: Any, **options: Any) -> Fanout:
        """The fanout that PyG's ``num_neighbors`` says: see :mod:`workbench.plan.pyg_neighbors`.

        ``options`` are keywords of :class:`Fanout`, such as ``strategy`` and ``mode``.

        Raises
        ------
        FanoutError
            If it is no ``num_neighbors``.
        """
        return cls(pyg_neighbors.read(num_neighbors), **options)

    def to_pyg(self, schema: Schema | None = None) -> Any:
        """PyG's ``num_neighbors``: a list, or a dict over every edge type of the schema.

        Raises
        ------
        FanoutError
            If PyG cannot say it, or edge types are named and no schema is given.
        """
        pyg_neighbors.check_sayable(self.to_dict())
        if schema is not None:
            self.check(schema)
        return pyg_neighbors.write(self._entries(), schema)

    @classmethod
    def from_kumo(cls, num_neighbors: Any, schema: Schema | None = None, **options: Any) -> Fanout:
        """The fanout that Kumo's ``num_neighbors`` says: see :mod:`workbench.plan.kumo_neighbors`.

        Raises
        ------
        FanoutError
            If it is none, or names connections that the schema does not have.
        """
        return cls(kumo_neighbors.read(num_neighbors, schema), **options)

    def to_kumo(self, schema: Schema | None = None) -> dict[str, dict[str, int]]:
        """Kumo's ``num_neighbors``: ``{'hop1': {'default': 16, 'A.x->B.y': 8}, ...}``.

        Raises
        ------
        FanoutError
            If Kumo cannot say it, or edge types are named and no schema is given.
        """
        kumo_neighbors.check_sayable(self.to_dict())
        if schema is not None:
            self.check(schema)
        return kumo_neighbors.write(self._entries(), schema)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``Fanout(**fanout.to_dict())`` gives it back."""
        hops = [{name: json_cell(cell) for name, cell in hop.items()} for hop in self._entries()]
        options = {"weight": self.weight, "half_life": self.half_life, "replace": self.replace}
        return {
            "hops": [_short(hop) for hop in hops],
            "strategy": self.strategy,
            **{name: value for name, value in options.items() if value},
            "static": list(self.static),
            "window": self.window,
            **self.rules(),
        }

    def __repr__(self) -> str:
        hops = [_short(hop) for hop in self._entries()]
        names = ("strategy", "weight", "half_life", "replace", "static", "window")
        set_here = {name: getattr(self, name) for name in names if getattr(self, name)}
        if self.strategy == "uniform":
            del set_here["strategy"]
        if self.static:
            set_here["static"] = list(self.static)
        return f"Fanout({', '.join([repr(hops), *option_texts(set_here), *self.rule_texts()])})"

    def lines(self) -> list[str]:
        """A line for the choices and one per hop; wide hops are cut short, the repr is not."""
        words = [self.strategy if self.weight is None else f"weighted by {self.weight}"]
        words[0] += f" (half-life {Span(self.half_life)})" if self.half_life else ""
        words += ["with replacement"] if self.replace else []
        words += self.rule_words()
        words += [] if self.window is None else [f"the last {Span(self.window)} only"]
        words += [f"edge times waived along {', '.join(self.static)}"] if self.static else []
        found = [", ".join(words)]
        for number, hop in enumerate(self.hops, 1):
            rest = "of any other" if len(hop) > 1 else "of every edge type"
            cells = [f"{as_draw(cell)} {name or rest}" for name, cell in hop if as_draw(cell).take]
            more = f", and {len(cells) - SHOWN_CELLS} more" if len(cells) > SHOWN_CELLS else ""
            found.append(f"hop {number}  {', '.join(cells[:SHOWN_CELLS]) or 'nothing'}{more}")
        return found


def _short(hop: dict[str, Any]) -> Any:
    """A hop of only a default number is that number."""
    alone = set(hop) == {"default"} and isinstance(hop["default"], (int, float))
    return hop["default"] if alone else hop


def _spelled(entries: Mapping[str, Cell], edge_type: EdgeType | str) -> str:
    """The name under which a hop has an edge type, or would have it."""
    asked = edge_name(edge_type, "a cell of a fanout")
    names = edge_type.spellings if isinstance(edge_type, EdgeType) else (asked,)
    return next((name for name in names if name in entries), asked)


def _hops(hops: Any) -> tuple[Hop, ...]:
    listed = hops.tolist() if isinstance(hops, np.ndarray) else hops
    if not isinstance(listed, (list, tuple)) or not listed:
        asked, allowed = "a fanout was asked for", "one entry per hop, such as [16, 8]"
        do = "Dicts of PyG and Kumo are read by from_pyg and from_kumo" if isinstance(listed, Mapping) else ""
        raise FanoutError(explain(asked, f"got {hops!r}", allowed, do))
    return tuple(_read_hop(f"hop {i} of the fanout", hop) for i, hop in enumerate(listed, 1))


def _read_hop(where: str, hop: Any) -> Hop:
    entries = dict(hop) if isinstance(hop, Mapping) else {"default": hop}
    checked: dict[str, Cell] = {}
    for name, cell in entries.items():
        text = DEFAULT if name == "default" else edge_name(name, where)
        if text in checked:
            raise FanoutError(explain(where, f"{text!r} is there twice", "one cell each"))
        checked[text] = read_cell(cell, f"{where}, {text or 'default'!r}")
    return tuple(sorted(checked.items(), key=lambda entry: entry[0]))


def _static(edge_types: Any) -> tuple[str, ...]:
    if isinstance(edge_types, EdgeType) or not isinstance(edge_types, (list, tuple, set, frozenset)):
        asked = "static edge types were asked for"
        raise FanoutError(explain(asked, f"got {edge_types!r}", "a list of edge types"))
    return tuple(sorted({edge_name(edge_type, "a static edge type") for edge_type in edge_types}))
