"""Conditions as SQL: every name quoted, every constant of its column's type, nothing else let in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.query import ast
from workbench.query.kinds import Kind, kind_of
from workbench.stores.sql import quote_name, quote_text
from workbench.temporal import instant


@dataclass(frozen=True)
class Columns:
    """Where the names of an expression are found in SQL.

    Attributes
    ----------
    alias : str  of the table whose columns may be named
    types : dict of column to DuckDB type
    aggregates : dict of Aggregate to the alias of the table that holds its ``value``
    known_at : str or None
        An instant in SQL: times that are later than it are unknown, as they are among the features.
        None where the future may be read: in labels.
    """

    alias: str
    types: Mapping[str, str]
    aggregates: Mapping[ast.Aggregate, str]
    known_at: str | None = None


def render(part: ast.Expression, columns: Columns) -> str:
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
        case ast.Aggregate():
            value = f"{quote_name(columns.aggregates[part])}.value"
            return f"coalesce({value}, 0)" if part.function in ("COUNT", "SUM") else value
        case ast.ColumnRef(column=column):
            return _column(f"{columns.alias}.{quote_name(column)}", columns.types[column], columns.known_at)
    return literal_sql(part, None)


def _beside(left: ast.Operand, right: ast.Operand, columns: Columns) -> str:
    """The right side of a comparison; a constant takes the kind of the left side."""
    if not isinstance(right, ast.Literal):
        return render(right, columns)
    return literal_sql(right, columns.types[left.column] if isinstance(left, ast.ColumnRef) else None)


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
