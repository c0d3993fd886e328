"""A query whose every name is known: what resolving gives, and what computing labels takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.ingestion.layout import feature_columns
from workbench.query import ast
from workbench.query.kinds import ColumnTypes
from workbench.query.targets import Target
from workbench.query.windows import step_of
from workbench.schema import Table
from workbench.temporal import Span


@dataclass(frozen=True)
class Source:
    """An aggregate bound to the schema.

    Attributes
    ----------
    aggregate : Aggregate
    path : tuple of (Table, column)  foreign keys from the aggregated table, the first, to the entity
    start : Span or None  None for the beginning of time
    end : Span or None  None where no window bounds the rows: all of them count
    ranked : Table or None  the value is a foreign key to this table, and its row ids are wanted
    """

    aggregate: ast.Aggregate
    path: tuple[tuple[Table, str], ...]
    start: Span | None
    end: Span | None
    ranked: Table | None = None

    @property
    def table(self) -> str:
        """The table whose rows are aggregated."""
        return self.path[0][0].name

    @property
    def time(self) -> str | None:
        """The time column of that table."""
        return self.path[0][0].time

    @property
    def looks_back(self) -> bool:
        """Whether it belongs to WHERE: its window ends at the anchor or before."""
        return self.end is None or self.end.approximate <= 0

    def window(self, step: int = 0) -> tuple[Span | None, Span | None]:
        """Start and end at a step; they move in a forecast only."""
        if self.start is None or self.end is None or self.aggregate.steps == 1:
            return self.start, self.end
        return step_of((self.start, self.end), step)


@dataclass(frozen=True)
class ResolvedQuery:
    """A query whose every name is known.

    Attributes
    ----------
    query : Query
    entity : Table  the entity table; its primary key is the key of the query
    target : Target  what kind of value is predicted
    sources : dict of Aggregate to Source  equal aggregates are computed once
    horizon : tuple of Span  ends of the windows of the target and ASSUMING; empty for a static query
    types : column types of all tables
    """

    query: ast.Query
    entity: Table
    target: Target
    sources: Mapping[ast.Aggregate, Source]
    horizon: tuple[Span, ...]
    types: ColumnTypes

    @property
    def task_type(self) -> str:
        """One of :data:`~workbench.query.targets.TASK_TYPES`."""
        return self.target.task_type

    @property
    def static(self) -> bool:
        """Whether it predicts what is missing now rather than what happens later."""
        return not self.horizon

    @property
    def forward(self) -> tuple[Source, ...]:
        """The sources of the target and of ASSUMING: what must be observed for a label."""
        found = [*ast.aggregates(self.query.target), *ast.aggregates(self.query.assuming)]
        return tuple(dict.fromkeys(self.sources[aggregate] for aggregate in found))

    @property
    def hidden(self) -> dict[str, tuple[str, ...]]:
        """Table -> columns that no feature may read: the target of a static query."""
        if not self.static:
            return {}
        asked = {part.column for part in ast.walk(self.query.target) if isinstance(part, ast.ColumnRef)}
        found = tuple(c.name for c in feature_columns(self.entity) if c.name in asked)
        return {self.entity.name: found} if found else {}
