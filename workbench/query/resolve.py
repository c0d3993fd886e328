"""Looks a query's names up in the schema and checks what each word may mean; computes nothing.

An aggregate is bound to the one foreign key that leads from its table to the entity table, and to
its window as two spans. The target and ASSUMING look forward, WHERE outside looks back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from workbench.errors import QueryError, did_you_mean
from workbench.query import ast
from workbench.query.ast import NOWHERE, Place
from workbench.query.kinds import ColumnTypes, Kind, check_comparable, kind_of
from workbench.query.parser import LATER, not_yet
from workbench.query.paths import key_to
from workbench.query.pointing import query_error
from workbench.query.windows import window
from workbench.query.words import nearest
from workbench.schema import Schema, Table
from workbench.temporal import Span

FUNCTIONS = ("COUNT", "SUM", "AVG", "MIN", "MAX")


@dataclass(frozen=True)
class Source:
    """An aggregate bound to the schema.

    Attributes
    ----------
    aggregate : Aggregate
    foreign_key : str  the column of the aggregated table that holds the entity's key
    time : str  the time column of the aggregated table
    start : Span or None  None for the beginning of time
    end : Span
    """

    aggregate: ast.Aggregate
    foreign_key: str
    time: str
    start: Span | None
    end: Span

    @property
    def table(self) -> str:
        """The table whose rows are aggregated."""
        return self.aggregate.column.table

    @property
    def looks_back(self) -> bool:
        """Whether it belongs to WHERE: its window ends at the anchor or before."""
        return self.end.approximate <= 0


@dataclass(frozen=True)
class ResolvedQuery:
    """A query whose every name is known.

    Attributes
    ----------
    query : Query
    entity : Table  the entity table; its primary key is the key of the query
    task_type : str  ``binary`` or ``regression``
    sources : dict of Aggregate to Source  equal aggregates are computed once
    horizon : tuple of Span  ends of the windows of the target and ASSUMING
    types : column types of the tables that the query names
    """

    query: ast.Query
    entity: Table
    task_type: str
    sources: Mapping[ast.Aggregate, Source]
    horizon: tuple[Span, ...]
    types: ColumnTypes

    @property
    def forward(self) -> tuple[Source, ...]:
        """The sources of the target and of ASSUMING: what must be observed for a label."""
        found = [*ast.aggregates(self.query.target), *ast.aggregates(self.query.assuming)]
        return tuple(dict.fromkeys(self.sources[aggregate] for aggregate in found))


def resolve(
    query: ast.Query, schema: Schema, types: ColumnTypes, empty: Collection[str] = ()
) -> ResolvedQuery:
    """Bind a query to a schema; ``empty`` names the tables without a row.

    Raises
    ------
    QueryError
        If a name is unknown or a word is used where it has no meaning; points at the word.
    """
    return _Resolver(query, schema, types, empty).run()


@dataclass(frozen=True)
class _Scope:
    """Where in the query we are: whose columns may be named, and which way windows look."""

    clause: str
    table: str
    aggregates: bool


class _Resolver:
    def __init__(self, query: ast.Query, schema: Schema, types: ColumnTypes, empty: Collection[str]) -> None:
        self.query, self.schema, self.types, self.empty = query, schema, types, empty
        self.sources: dict[ast.Aggregate, Source] = {}

    def run(self) -> ResolvedQuery:
        query = self.query
        entity = self._entity()
        forward = _Scope("the target", entity.name, True)
        if isinstance(query.target, ast.Aggregate):
            self._operand(query.target, forward)
            task_type = "regression"
        else:
            self._condition(query.target, forward)
            task_type = "binary"
        if not self.sources:
            raise self._error(
                getattr(query.target, "place", NOWHERE),
                "a target was asked for",
                "it looks at no later row",
                "an aggregate over a window, such as COUNT(table.*, 0, 30, days)",
                "Targets that are columns of the entity come in a later version",
            )
        if query.assuming is not None:
            self._condition(query.assuming, _Scope("ASSUMING", entity.name, True))
        horizon = tuple(dict.fromkeys(source.end for source in self.sources.values()))
        if query.where is not None:
            self._condition(query.where, _Scope("WHERE", entity.name, True))
        for literal in query.keys:
            self._comparable(query.entity, literal)
        return ResolvedQuery(query, entity, task_type, self.sources, horizon, self.types)

    def _error(self, place: Place, asked: str, got: str, allowed: str = "", do: str = "") -> QueryError:
        return query_error(self.query.text, place, asked, got, allowed, do)

    def _entity(self) -> Table:
        ref = self.query.entity
        if not ref.table:
            key = self.schema[ref.column].primary_key if ref.column in self.schema else None
            do = f"Write {ref.column}.{key}" if key else ""
            raise self._error(ref.place, "the entity was asked for", f"got {ref.column!r}", "table.key", do)
        table = self._table(ref)
        if not table.is_node_type or table.primary_key is None:
            kind = "is folded into edges" if table.edge else f"is a history of {table.history_of}"
            why = "has no primary key" if table.is_node_type else kind
            known = [f"{t.name}.{t.primary_key}" for t in self.schema if t.primary_key and t.is_node_type]
            do = (
                ""
                if known
                else f"Before the ingest, tables.split({table.name!r}, key=column) makes a table of keys"
            )
            got = f"table {table.name!r} {why}"
            raise self._error(ref.table_place, "the entity was asked for", got, ", ".join(known), do)
        if ref.column != table.primary_key:
            right = f"{table.name}.{table.primary_key}"
            raise self._error(
                ref.place, "the entity's primary key was asked for", f"got {ref}", right, f"Write {right}"
            )
        return table

    def _table(self, ref: ast.ColumnRef) -> Table:
        if ref.table in self.schema:
            return self.schema[ref.table]
        names = [table.name for table in self.schema]
        raise self._error(
            ref.table_place,
            "a table was asked for",
            f"the schema has no table {ref.table!r}",
            ", ".join(names),
            did_you_mean(ref.table, names),
        )

    def _column(self, ref: ast.ColumnRef, scope: _Scope) -> Kind:
        if not ref.table:
            known = ref.column in self.types[scope.table]
            do = f"Write {scope.table}.{ref.column}" if known else "Write texts in single quotes"
            raise self._error(ref.place, "a column was asked for", f"got {ref.column!r}", "table.column", do)
        table = self._table(ref)
        if table.name != scope.table:
            other = "or an aggregate" if scope.aggregates else "since this WHERE filters its rows"
            raise self._error(
                ref.place,
                f"a column in {scope.clause} was asked for",
                f"got {ref}",
                f"columns of {scope.table}, {other}",
            )
        columns = self.types[table.name]
        if scope.clause == "WHERE" and ref.column == table.end_time:
            raise self._error(
                ref.place,
                "a column in WHERE was asked for",
                f"{ref} is when a row ends: after every anchor at which it exists",
                do="Leave it out: only rows that exist at the anchor are asked for anyway",
            )
        if ref.column not in columns:
            raise self._error(
                ref.place,
                f"a column of table {table.name!r} was asked for",
                f"it has no column {ref.column!r}",
                ", ".join(columns),
                did_you_mean(ref.column, columns),
            )
        return kind_of(columns[ref.column])

    def _condition(self, part: ast.Expression, scope: _Scope) -> None:
        match part:
            case ast.Junction(parts=parts):
                for each in parts:
                    self._condition(each, scope)
            case ast.Negation(part=inner):
                self._condition(inner, scope)
            case ast.Comparison(left=left, right=right):
                self._operand(left, scope)
                self._operand(right, scope)
                self._comparable(left, right)
            case ast.Membership(operand=operand, values=values):
                self._operand(operand, scope)
                for value in values:
                    self._comparable(operand, value)
            case ast.NullCheck(operand=operand):
                self._operand(operand, scope)
            case _:
                if self._operand(part, scope) is not Kind.BOOLEAN:
                    raise self._error(
                        part.place,
                        f"a condition in {scope.clause} was asked for",
                        "got a value",
                        "a comparison",
                        "Add one, such as > 0",
                    )

    def _operand(self, operand: ast.Operand, scope: _Scope) -> Kind:
        match operand:
            case ast.Aggregate():
                return self._aggregate(operand, scope)
            case ast.ColumnRef():
                return self._column(operand, scope)
        return Kind.of_literal(operand)

    def _comparable(self, left: ast.Operand, right: ast.Operand) -> None:
        check_comparable(self.query.text, self.types, left, right)

    def _aggregate(self, aggregate: ast.Aggregate, scope: _Scope) -> Kind:
        self._function(aggregate)
        if not scope.aggregates:
            raise self._error(
                aggregate.place, "a condition on rows was asked for", "got an aggregate inside an aggregate"
            )
        ref = aggregate.column
        if not ref.table:
            do = f"Write {ref}.*" if ref.column in self.schema else ""
            raise self._error(
                ref.place, "the rows to aggregate were asked for", f"got {ref}", "table.column", do
            )
        table = self._table(ref)
        foreign_key = key_to(self.query.text, self.schema, self.types, ref, table, scope.table, self.empty)
        if table.time is None:
            raise self._error(
                ref.table_place,
                "a window over time was asked for",
                f"table {table.name!r} has no time column",
                ", ".join(t.name for t in self.schema if t.time) or "no table has one",
                f"Set it with schema.set_time({table.name!r}, column) before the ingest",
            )
        self._value(aggregate, _Scope("the aggregate", table.name, False))
        start, end = window(self.query.text, aggregate, scope.clause)
        if aggregate.where is not None:
            self._condition(aggregate.where, _Scope("the aggregate's WHERE", table.name, False))
        self.sources[aggregate] = Source(aggregate, foreign_key, table.time, start, end)
        return Kind.NUMBER

    def _function(self, aggregate: ast.Aggregate) -> None:
        name = aggregate.function
        if name in LATER:
            raise not_yet(self.query.text, aggregate.function_place, name)
        if name not in FUNCTIONS:
            raise self._error(
                aggregate.function_place,
                "an aggregate was asked for",
                f"got {name!r}",
                ", ".join(FUNCTIONS),
                nearest(name, FUNCTIONS),
            )

    def _value(self, aggregate: ast.Aggregate, scope: _Scope) -> None:
        ref, name = aggregate.column, aggregate.function
        if ref.column == "*":
            if name == "COUNT":
                return
            numbers = [c for c, kind in self.types[scope.table].items() if kind_of(kind) is Kind.NUMBER]
            raise self._error(
                ref.place, f"a column for {name} was asked for", f"got {ref}", ", ".join(numbers)
            )
        kind = self._column(ref, scope)
        if name != "COUNT" and kind is not Kind.NUMBER:
            raise self._error(
                ref.place,
                f"a column of numbers for {name} was asked for",
                f"{ref} holds {kind.value}",
                do="Only COUNT takes other columns",
            )
