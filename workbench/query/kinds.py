"""What kind of value a column or constant of a query is, and which may be compared."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from workbench.errors import AnchorError, QueryError
from workbench.query import ast
from workbench.query.pointing import query_error
from workbench.temporal import instant

ColumnTypes = Mapping[str, Mapping[str, str]]
"""Table -> column -> DuckDB type, of the columns that a query may name."""


class Kind(StrEnum):
    """Kinds of values; the value is how messages call them."""

    NUMBER = "numbers"
    TEXT = "text"
    TIME = "times"
    BOOLEAN = "true or false"
    OTHER = "neither numbers, text, times nor booleans"
    NULL = "NULL"

    @classmethod
    def of_literal(cls, literal: ast.Literal) -> Kind:
        """The kind of a constant; a bare date is a time."""
        match literal.value:
            case None:
                return cls.NULL
            case bool():
                return cls.BOOLEAN
            case str():
                return cls.TIME if literal.is_date else cls.TEXT
        return cls.NUMBER


_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")

AS_THE_COLUMN = ("MIN", "MAX", "FIRST", "LAST")
"""Functions whose value is one of the column's; those of all others are numbers, or a list."""


def kind_of(duckdb_type: str) -> Kind:
    """The kind of a column of that DuckDB type."""
    name = duckdb_type.upper()
    if name.endswith("]") or name.startswith(("STRUCT", "MAP", "UNION")):
        return Kind.OTHER
    if name.removeprefix("U").startswith(_NUMBERS):
        return Kind.NUMBER
    if name.startswith(("VARCHAR", "ENUM")):
        return Kind.TEXT
    if name.startswith(("TIMESTAMP", "DATE")):
        return Kind.TIME
    return Kind.BOOLEAN if name == "BOOLEAN" else Kind.OTHER


def check_comparable(text: str, types: ColumnTypes, left: ast.Operand, right: ast.Operand) -> None:
    """Refuse a comparison of two values of different kinds; points at the right one.

    Raises
    ------
    QueryError
    """
    want, got = kind_of_operand(left, types), kind_of_operand(right, types)
    if isinstance(right, ast.Literal):
        if want is Kind.TIME and got in (Kind.TEXT, Kind.TIME) and _is_instant(right):
            return
        if isinstance(right.value, float) and abs(right.value) == float("inf"):
            raise query_error(text, right.place, "a number was asked for", "it is too large")
        if want is Kind.TIME:
            raise _mismatch(text, left, right, want, got)
    if want is got and want not in (Kind.OTHER, Kind.NULL):
        return
    raise _mismatch(text, left, right, want, got)


def value_type(aggregate: ast.Aggregate, types: ColumnTypes) -> str:
    """The DuckDB type of an aggregate's value: ``DOUBLE``, ``VARCHAR``, ``TIMESTAMP`` or ``BOOLEAN``."""
    value = aggregate.value
    if aggregate.function not in AS_THE_COLUMN or not isinstance(value, ast.ColumnRef):
        return "DOUBLE"
    found = types[value.table][value.column]
    return {Kind.NUMBER: "DOUBLE", Kind.TEXT: "VARCHAR", Kind.TIME: "TIMESTAMP"}.get(kind_of(found), found)


def kind_of_operand(operand: ast.Operand, types: ColumnTypes) -> Kind:
    """The kind of one side of a comparison."""
    match operand:
        case ast.Aggregate():
            return kind_of(value_type(operand, types))
        case ast.ColumnRef(table=table, column=column):
            return kind_of(types[table][column])
    return Kind.of_literal(operand)


def _is_instant(operand: ast.Operand) -> bool:
    try:
        instant(str(operand.value) if isinstance(operand, ast.Literal) else "")
    except AnchorError:
        return False
    return True


_DO = {
    Kind.TIME: "Write a date such as 2024-01-31 or '2024-01-31 12:00'",
    Kind.TEXT: "Write texts in single quotes",
    Kind.BOOLEAN: "Write TRUE or FALSE",
    Kind.NUMBER: "Write numbers without quotes",
}


def _mismatch(text: str, left: ast.Operand, right: ast.Operand, want: Kind, got: Kind) -> QueryError:
    name = str(left) if isinstance(left, ast.ColumnRef) else "an aggregate"
    shown = text[right.place.start : right.place.end]
    if got is Kind.NULL:
        return query_error(
            text, right.place, "a value was asked for", "got NULL", do="Write IS NULL or IS NOT NULL"
        )
    return query_error(
        text, right.place, f"{name} was compared", f"it holds {want.value}, {shown} does not",
        want.value, _DO.get(want, "Only IS NULL and COUNT work on such a column"),
    )  # fmt: skip
