"""MetapathDraft: metapaths as a user builds them, hop by hop. Plain values, no widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import workbench as wb
from widgets._metapath_steps import no_step, usual_take, ways_from, with_cell


@dataclass(frozen=True)
class MetapathDraft:
    """Metapaths over a schema for seeds of one type; one of them, or a new one, is being walked on.

    Attributes
    ----------
    schema : Schema
    seed_type : str
    paths : tuple of Metapath
    active : int or None  the one that the next step extends; None: a new one
    rules : dict  mode, strict, cutoff, max_nodes and subgraph of the value
    """

    schema: wb.Schema
    seed_type: str
    paths: tuple[wb.Metapath, ...] = ()
    active: int | None = None
    rules: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: wb.Schema, seed_type: str, plan: wb.Metapaths | wb.Fanout | None) -> MetapathDraft:
        """The metapaths of a plan; of a fanout only its rules.

        Raises
        ------
        FanoutError
            If the metapaths are none of this schema, from these seeds.
        SchemaError
            If the schema has no nodes of the seed type.
        """
        if seed_type not in schema.node_types:
            do = f"Allowed: {', '.join(schema.node_types)}."
            raise wb.SchemaError(f"metapaths from {seed_type!r} were asked for: no such nodes. {do}")
        rules = {} if plan is None else plan.rules()
        if not isinstance(plan, wb.Metapaths):
            return cls(schema, seed_type, rules=rules)
        plan.compile(schema, [seed_type])
        return cls(schema, seed_type, plan.metapaths, len(plan) - 1, rules)

    @property
    def chain(self) -> tuple[wb.EdgeType, ...]:
        """Edge types of the active metapath."""
        return () if self.active is None else self.paths[self.active].check(self.schema)

    @property
    def end(self) -> str:
        """The type that the next step expands."""
        return self.chain[-1].src if self.chain else self.seed_type

    def ways(self, to: str | None = None) -> tuple[wb.EdgeType, ...]:
        """Edge types along which the next step may go, to one type or to any."""
        return ways_from(self.schema, self.end, to)

    def walk(self, edge_type: str | wb.EdgeType, take: float | wb.Draw | None = None) -> MetapathDraft:
        """One step more on the active metapath, or the first of a new one.

        Raises
        ------
        SchemaError, FanoutError
            If there is no such edge type, it does not start where the path ends, or ``take`` is none.
        """
        step = self.schema.edge_type(edge_type)
        if step not in self.ways():
            raise no_step(self.end, f"along {step}", "it does not end there", self.ways())
        if take is None:
            take = usual_take(self.schema, step, len(self.chain) + 1)
        if self.active is None:
            path = wb.Metapath(step, fanouts=[take])
            return replace(self, paths=(*self.paths, path), active=len(self.paths))
        old = self.paths[self.active].to_dict()
        return self._with(self.active, path=[*old["path"], str(step)], fanouts=[*old["fanouts"], take])

    def go(self, to: str) -> MetapathDraft:
        """One step to a type, where one edge type leads there.

        Raises
        ------
        FanoutError
            If none does, or several do; names them.
        """
        found = self.ways(to)
        if len(found) == 1:
            return self.walk(found[0])
        got = "several edge types lead there" if found else "no edge type leads there"
        raise no_step(self.end, f"to {to!r}", got, found or self.ways())

    def back(self) -> MetapathDraft:
        """The active metapath without its last step."""
        if self.active is None or len(self.paths[self.active]) == 1:
            return self if self.active is None else replace(self.without(self.active), active=None)
        old = self.paths[self.active].to_dict()
        return self._with(self.active, path=old["path"][:-1], fanouts=old["fanouts"][:-1])

    def set(self, path: int, hop: int, take: float | wb.Draw) -> MetapathDraft:
        """Another number at a hop (1 is the first); a number keeps the options that the cell has."""
        return self._with(path, fanouts=with_cell(list(self._path(path).fanouts), hop, take))

    def static(self, path: int, on: bool) -> MetapathDraft:
        """Waive the times of a metapath's edges, or not."""
        return self._with(path, static=True if on else None)

    def select(self, path: int | None) -> MetapathDraft:
        """Walk on along another metapath; None begins a new one."""
        if path is not None:
            self._path(path)
        return replace(self, active=path)

    def without(self, path: int) -> MetapathDraft:
        """All metapaths but one."""
        self._path(path)
        paths = self.paths[:path] + self.paths[path + 1 :]
        return replace(self, paths=paths, active=len(paths) - 1 if paths else None)

    def value(self) -> wb.Metapaths:
        """The plan.

        Raises
        ------
        FanoutError
            If there is no metapath yet, one twice, or a draw is impossible along its edge type.
        """
        found = wb.Metapaths(list(self.paths), **self.rules)
        found.compile(self.schema, [self.seed_type])
        return found

    def _path(self, path: int) -> wb.Metapath:
        if isinstance(path, bool) or not isinstance(path, int) or not 0 <= path < len(self.paths):
            raise wb.FanoutError(
                f"metapath {path!r} was asked for: there are {len(self.paths)}, counted from 0."
            )
        return self.paths[path]

    def _with(self, at: int, /, **changes: Any) -> MetapathDraft:
        data = {name: v for name, v in {**self._path(at).to_dict(), **changes}.items() if v is not None}
        paths = list(self.paths)
        paths[at] = wb.Metapath.from_dict(data)
        return replace(self, paths=tuple(paths))
