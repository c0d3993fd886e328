"""Conditions as SQL: every name quoted, every constant of its column's type, nothing else let in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from workbench.query import ast
from workbench.query.kinds import Kind, kind_of
from workbench.stores.sql import quote_name, quote_text
from workbench.temporal import instant


class Computed(NamedTuple):
    """Where the value of an aggregate is: in column ``value`` of a table, of a DuckDB type."""

    alias: str
    type: str


@dataclass(frozen=True)
class Columns:
    """Where the names of an expression are found in SQL.

    Attributes
    ----------
    alias : str  of the table whose columns may be named
    types : dict of column to DuckDB type
    aggregates : dict of Aggregate to Computed
    known_at : str or None
        An instant in SQL: times that are later than it are unknown, as they are among the features.
        None where the future may be read: in labels.
    """

    alias: str
    types: Mapping[str, str]
    aggregates: Mapping[ast.Aggregate, Computed]
    known_at: str | None = None


NEVER_MISSING = ("COUNT", "SUM", "COUNT_DISTINCT")
"""Functions that are 0 of no rows; those of all others are unknown."""

MATCH = {"LIKE": "{} LIKE {}", "CONTAINS": "contains({}, {})",
         "STARTS WITH": "starts_with({}, {})", "ENDS WITH": "suffix({}, {})"}  # fmt: skip


def render(part: ast.Expression | ast.Value, columns: Columns) -> str:
    """An expression as SQL."""
    match part:
        case ast.Junction(op=op, parts=parts):
            return f" {op} ".join(f"({render(each, columns)})" for each in parts)
        case ast.Negation(part=inner):
            return f"NOT ({render(inner, columns)})"
        case ast.Comparison(left=left, op=op, right=right):
            return f"{render(left, columns)} {op} {_beside(left, right, columns)}"
        case ast.Membership(operand=operand, values=values, negated=negated):
            listed = ", ".join(_beside(operand, value, columns) for value in values)
            return f"{render(operand, columns)} {'NOT IN' if negated else 'IN'} ({listed})"
        case ast.NullCheck(operand=operand, negated=negated):
            return f"{render(operand, columns)} IS {'NOT NULL' if negated else 'NULL'}"
        case ast.TextMatch(operand=operand, how=how, pattern=pattern, negated=negated):
            text = f"CAST({render(operand, columns)} AS VARCHAR)"
            found = MATCH[how].format(text, literal_sql(pattern, None))
            return f"NOT ({found})" if negated else found
        case ast.Aggregate():
            value = f"{quote_name(columns.aggregates[part].alias)}.value"
            return f"coalesce({value}, 0)" if part.function in NEVER_MISSING else value
        case ast.Arithmetic(first=first, rest=rest):
            return _number(first, columns) + "".join(_term(op, value, columns) for op, value in rest)
        case ast.ColumnRef(column=column):
            return _column(f"{columns.alias}.{quote_name(column)}", columns.types[column], columns.known_at)
    return literal_sql(part, None)


def _number(value: ast.Value, columns: Columns) -> str:
    """Part of a calculation, in float64: integers of the tables' types would overflow."""
    found = render(value, columns)
    return f"({found})" if isinstance(value, ast.Arithmetic) else f"CAST({found} AS DOUBLE)"


def _term(op: str, value: ast.Value, columns: Columns) -> str:
    """What follows the first value; a division by 0 has no value."""
    found = _number(value, columns)
    return f" {op} nullif({found}, 0)" if op == "/" else f" {op} {found}"


def _beside(left: ast.Operand, right: ast.Operand, columns: Columns) -> str:
    """The right side of a comparison; a constant takes the kind of the left side."""
    if not isinstance(right, ast.Literal):
        return render(right, columns)
    match left:
        case ast.ColumnRef(column=column):
            return literal_sql(right, columns.types[column])
        case ast.Aggregate():
            return literal_sql(right, columns.aggregates[left].type)
    return literal_sql(right, None)


def _column(name: str, duckdb_type: str, known_at: str | None) -> str:
    if duckdb_type in ("FLOAT", "DOUBLE"):
        # NaN is a missing value here, as it is for pandas (SQL would sort it above every number), and
        # an infinite one would make every sum useless.
        return f"(CASE WHEN isfinite({name}) THEN {name} END)"
    if kind_of(duckdb_type) is not Kind.TIME:
        return name
    time = time_sql(name, duckdb_type)
    return time if known_at is None else f"(CASE WHEN {time} <= {known_at} THEN {time} END)"


def time_sql(name: str, duckdb_type: str) -> str:
    """A time column as a TIMESTAMP of microseconds."""
    return name if duckdb_type == "TIMESTAMP" else f"CAST({name} AS TIMESTAMP)"


def instant_sql(time: int) -> str:
    """An instant as SQL."""
    return f"make_timestamp({int(time)})"


def literal_sql(literal: ast.Literal, duckdb_type: str | None) -> str:
    """A constant as SQL, of the kind of the column beside it."""
    value = literal.value
    if duckdb_type is not None and kind_of(duckdb_type) is Kind.TIME:
        return instant_sql(instant(str(value)))
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return quote_text(value)
        case float():
            kind = "FLOAT" if duckdb_type == "FLOAT" else "DOUBLE"
            return f"CAST('{value!r}' AS {kind})"
        case int() if abs(value) >= 2**63:
            return f"CAST('{value}' AS DOUBLE)"
    return str(value)
