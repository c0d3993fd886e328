"""Checks what each word of a condition or aggregate may mean, and binds aggregates to the schema.

The target and ASSUMING look forward, WHERE outside looks back; WHERE inside an aggregate filters its
rows and knows no aggregates. A static query has no anchor, so that its aggregates have no windows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from workbench.errors import QueryError, did_you_mean
from workbench.query import ast
from workbench.query.ast import Place
from workbench.query.kinds import ColumnTypes, Kind, check_comparable, kind_of, value_type
from workbench.query.paths import path_to
from workbench.query.pointing import query_error
from workbench.query.resolved import Source
from workbench.query.windows import window
from workbench.query.words import nearest
from workbench.schema import Schema, Table
from workbench.temporal import Span

FUNCTIONS = ("COUNT", "SUM", "AVG", "MIN", "MAX", "COUNT_DISTINCT", "FIRST", "LAST", "LIST_DISTINCT")

TAKES = {
    "COUNT": frozenset(Kind),
    "COUNT_DISTINCT": frozenset(Kind) - {Kind.OTHER},
    "LIST_DISTINCT": frozenset(Kind) - {Kind.OTHER, Kind.TIME},
    "FIRST": frozenset(Kind) - {Kind.OTHER},
    "LAST": frozenset(Kind) - {Kind.OTHER},
    "MIN": frozenset({Kind.NUMBER, Kind.TIME}),
    "MAX": frozenset({Kind.NUMBER, Kind.TIME}),
    "SUM": frozenset({Kind.NUMBER}),
    "AVG": frozenset({Kind.NUMBER}),
}
"""Function -> kinds of columns that it is defined for."""


@dataclass(frozen=True)
class Scope:
    """Where in the query we are: whose columns may be named, and whether aggregates may."""

    clause: str
    table: str
    aggregates: bool = True
    static: bool = False


class Binder:
    """Binds the parts of one query; ``sources`` collects its aggregates."""

    def __init__(self, text: str, schema: Schema, types: ColumnTypes, empty: Collection[str]) -> None:
        self.text, self.schema, self.types, self.empty = text, schema, types, empty
        self.sources: dict[ast.Aggregate, Source] = {}

    def error(self, place: Place, asked: str, got: str, allowed: str = "", do: str = "") -> QueryError:
        """The error for a word of this query."""
        return query_error(self.text, place, asked, got, allowed, do)

    def table(self, ref: ast.ColumnRef) -> Table:
        """The table that a column names."""
        if ref.table in self.schema:
            return self.schema[ref.table]
        names = [table.name for table in self.schema]
        asked, got = "a table was asked for", f"the schema has no table {ref.table!r}"
        raise self.error(ref.table_place, asked, got, ", ".join(names), did_you_mean(ref.table, names))

    def column(self, ref: ast.ColumnRef, scope: Scope) -> Kind:
        """The kind of a column that may be named here."""
        if not ref.table:
            known = ref.column in self.types[scope.table]
            do = f"Write {scope.table}.{ref.column}" if known else "Write texts in single quotes"
            raise self.error(ref.place, "a column was asked for", f"got {ref.column!r}", "table.column", do)
        table = self.table(ref)
        if table.name != scope.table:
            other = "or an aggregate" if scope.aggregates else "since this WHERE filters its rows"
            asked, allowed = f"a column in {scope.clause} was asked for", f"columns of {scope.table}, {other}"
            raise self.error(ref.place, asked, f"got {ref}", allowed)
        columns = self.types[table.name]
        if scope.clause == "WHERE" and ref.column == table.end_time:
            raise self.error(
                ref.place,
                "a column in WHERE was asked for",
                f"{ref} is when a row ends: after every anchor at which it exists",
                do="Leave it out: only rows that exist at the anchor are asked for anyway",
            )
        if ref.column not in columns:
            asked, got = f"a column of table {table.name!r} was asked for", f"it has no column {ref.column!r}"
            raise self.error(ref.place, asked, got, ", ".join(columns), did_you_mean(ref.column, columns))
        return kind_of(columns[ref.column])

    def condition(self, part: ast.Expression, scope: Scope) -> None:
        """Check a condition and all its parts."""
        match part:
            case ast.Junction(parts=parts):
                for each in parts:
                    self.condition(each, scope)
            case ast.Negation(part=inner):
                self.condition(inner, scope)
            case ast.Comparison(left=left, right=right):
                self.compared(left, scope)
                self.compared(right, scope)
                check_comparable(self.text, self.types, left, right)
            case ast.Membership(operand=operand, values=values):
                self.compared(operand, scope)
                for value in values:
                    check_comparable(self.text, self.types, operand, value)
            case ast.NullCheck(operand=operand):
                self.compared(operand, scope)
            case ast.TextMatch():
                self._text_match(part, scope)
            case _:
                if self.compared(part, scope) is not Kind.BOOLEAN:
                    raise self.error(
                        part.place,
                        f"a condition in {scope.clause} was asked for",
                        "got a value",
                        "a comparison",
                        "Add one, such as > 0",
                    )

    def compared(self, operand: ast.Operand, scope: Scope) -> Kind:
        """The kind of one side of a comparison."""
        if isinstance(operand, ast.Aggregate) and operand.function == "LIST_DISTINCT":
            asked, got = "a value to compare was asked for", "LIST_DISTINCT gives a list"
            do = "Count what you look for: COUNT(table.* WHERE column = value, ...) > 0"
            raise self.error(operand.function_place, asked, got, do=do)
        return self.operand(operand, scope)

    def operand(self, operand: ast.Operand, scope: Scope) -> Kind:
        """The kind of an operand."""
        match operand:
            case ast.Aggregate():
                return self.aggregate(operand, scope)
            case ast.ColumnRef():
                return self.column(operand, scope)
        return Kind.of_literal(operand)

    def _text_match(self, part: ast.TextMatch, scope: Scope) -> None:
        kind, name = self.compared(part.operand, scope), self.text[slice(*part.operand.place)]
        if kind is not Kind.TEXT:
            got, do = f"{name} holds {kind.value}", "Compare it with = < > or IN"
            raise self.error(part.operand.place, f"a text for {part.how} was asked for", got, "text", do)
        if Kind.of_literal(part.pattern) is not Kind.TEXT:
            got = f"got {self.text[slice(*part.pattern.place)]}"
            raise self.error(
                part.pattern.place, f"a text after {part.how} was asked for", got, "a text in single quotes"
            )

    def aggregate(self, aggregate: ast.Aggregate, scope: Scope) -> Kind:
        """Bind an aggregate: its path to the entity table, and its window."""
        self._function(aggregate)
        if not scope.aggregates:
            asked, got = "a condition on rows was asked for", "got an aggregate inside an aggregate"
            raise self.error(aggregate.place, asked, got)
        ref = self._aggregated(aggregate)
        table = self.table(ref)
        path = path_to(self.text, self.schema, aggregate, ref, scope.table, self.empty)
        self._value(aggregate, Scope("the aggregate", table.name, False))
        start, end = self._window(aggregate, ref, table, scope)
        if aggregate.where is not None:
            self.condition(aggregate.where, Scope("the aggregate's WHERE", table.name, False))
        self.sources[aggregate] = Source(aggregate, path, start, end)
        return kind_of(value_type(aggregate, self.types))

    def _window(
        self, aggregate: ast.Aggregate, ref: ast.ColumnRef, table: Table, scope: Scope
    ) -> tuple[Span | None, Span | None]:
        if aggregate.start is None and (scope.static or (scope.clause == "WHERE" and table.time is None)):
            return None, None
        if aggregate.start is None and scope.clause == "WHERE":
            return None, Span()  # everything up to the anchor
        if scope.static:
            raise self.error(
                aggregate.place,
                "an aggregate of a static query was asked for",
                "it has a window, and without a later target there is no anchor",
                do="Leave the window out: all rows count",
            )
        if table.time is None and aggregate.start is not None:
            raise self.error(
                ref.table_place,
                "a window over time was asked for",
                f"table {table.name!r} has no time column",
                ", ".join(t.name for t in self.schema if t.time) or "no table has one",
                f"Set it with schema.set_time({table.name!r}, column) before the ingest",
            )
        return window(self.text, aggregate, scope.clause)

    def _function(self, aggregate: ast.Aggregate) -> None:
        name = aggregate.function
        if name not in FUNCTIONS:
            asked, do = "an aggregate was asked for", nearest(name, FUNCTIONS)
            raise self.error(aggregate.function_place, asked, f"got {name!r}", ", ".join(FUNCTIONS), do)

    def _aggregated(self, aggregate: ast.Aggregate) -> ast.ColumnRef:
        """The first column of what is aggregated: it names the table."""
        for ref in aggregate.columns:
            if ref.table:
                return ref
            do = f"Write {ref}.*" if ref.column in self.schema else ""
            asked = "the rows to aggregate were asked for"
            raise self.error(ref.place, asked, f"got {ref}", "table.column", do)
        asked, got = "the rows to aggregate were asked for", "no column is named"
        raise self.error(aggregate.value.place, asked, got, "table.column")

    def _value(self, aggregate: ast.Aggregate, scope: Scope) -> None:
        value, name = aggregate.value, aggregate.function
        if isinstance(value, ast.Arithmetic):
            self._arithmetic(value, scope)
            return
        if not isinstance(value, ast.ColumnRef):
            raise self.error(value.place, f"a column for {name} was asked for", "got a constant", "a column")
        if value.column == "*":
            if name != "COUNT":
                raise self._no_column(value, f"a column for {name}", scope)
            return
        kind, takes = self.column(value, scope), TAKES[name]
        if kind not in takes:
            asked = f"a column of {' or '.join(k.value for k in Kind if k in takes)} for {name} was asked for"
            do = (
                "Count, FIRST and LAST take other columns"
                if kind is not Kind.OTHER
                else "Only COUNT takes it"
            )
            raise self.error(value.place, asked, f"{value} holds {kind.value}", do=do)

    def _arithmetic(self, value: ast.Value, scope: Scope) -> None:
        for part in ast.walk(value):
            if isinstance(part, ast.Literal) and part.value in (float("inf"), float("-inf")):
                raise self.error(part.place, "a number was asked for", "it is too large")
            if not isinstance(part, ast.ColumnRef):
                continue
            if part.column == "*" or (kind := self.column(part, scope)) is Kind.NUMBER:
                if part.column == "*":
                    raise self._no_column(part, "a column to calculate with", scope)
                continue
            asked = "a column of numbers to calculate with was asked for"
            raise self.error(part.place, asked, f"{part} holds {kind.value}")

    def _no_column(self, ref: ast.ColumnRef, what: str, scope: Scope) -> QueryError:
        numbers = [c for c, kind in self.types[scope.table].items() if kind_of(kind) is Kind.NUMBER]
        return self.error(ref.place, f"{what} was asked for", f"got {ref}", ", ".join(numbers))
