"""Kinds of DuckDB's types, and what may be compared."""

from __future__ import annotations

import duckdb
import pytest

from workbench.errors import QueryError
from workbench.query.ast import ColumnRef, Literal
from workbench.query.kinds import Kind, check_comparable, kind_of


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("1::UTINYINT", Kind.NUMBER), ("1::HUGEINT", Kind.NUMBER), ("1.5::DECIMAL(5, 2)", Kind.NUMBER),
        ("1::FLOAT", Kind.NUMBER), ("'a'", Kind.TEXT), ("'a'::ENUM('a', 'b')", Kind.TEXT),
        ("DATE '2020-01-01'", Kind.TIME), ("TIMESTAMP_NS '2020-01-01'", Kind.TIME),
        ("TIMESTAMPTZ '2020-01-01'", Kind.TIME), ("true", Kind.BOOLEAN), ("[1, 2]", Kind.OTHER),
        ("[1, 2]::INTEGER[2]", Kind.OTHER), ("{'a': 1}", Kind.OTHER), ("'a'::BLOB", Kind.OTHER),
        ("TIME '10:00'", Kind.OTHER), ("INTERVAL 1 DAY", Kind.OTHER), ("uuid()", Kind.OTHER),
    ],
)  # fmt: skip
def test_kinds_of_duckdb_types(expression, kind):
    with duckdb.connect() as connection:  # the shared one would keep an unfinished result
        name = connection.execute(f"DESCRIBE SELECT {expression} AS x").fetchone()[1]
    assert kind_of(name) is kind, name


TYPES = {"t": {"n": "BIGINT", "s": "VARCHAR", "d": "TIMESTAMP", "b": "BOOLEAN", "l": "INTEGER[]"}}
GOOD = [
    ("n", 1),
    ("n", 1.5),
    ("s", "x"),
    ("d", "2020-01-01"),
    ("d", "2020-01-01T10:00:00+01:00"),
    ("b", True),
]
BAD = [
    ("n", "1"),
    ("n", True),
    ("s", 1),
    ("d", "soon"),
    ("d", 5),
    ("b", 1),
    ("l", 1),
    ("n", None),
    ("d", None),
]


@pytest.mark.parametrize(("column", "value"), GOOD)
def test_values_of_a_kind_compare(column, value):
    check_comparable("", TYPES, ColumnRef("t", column), Literal(value))


@pytest.mark.parametrize(("column", "value"), BAD)
def test_values_of_other_kinds_do_not(column, value):
    with pytest.raises(QueryError):
        check_comparable("text", TYPES, ColumnRef("t", column), Literal(value))


def test_columns_compare_with_columns_of_their_kind():
    check_comparable("", TYPES, ColumnRef("t", "d"), ColumnRef("t", "d"))
    with pytest.raises(QueryError, match=r"t\.d was compared: it holds times"):
        check_comparable("text", TYPES, ColumnRef("t", "d"), ColumnRef("t", "n"))
    with pytest.raises(QueryError):
        check_comparable("text", TYPES, ColumnRef("t", "l"), ColumnRef("t", "l"))


def test_bare_dates_are_times():
    assert Kind.of_literal(Literal("2020-01-01", is_date=True)) is Kind.TIME
    check_comparable("", TYPES, ColumnRef("t", "d"), Literal("2020-01-01", is_date=True))
    with pytest.raises(QueryError, match="single quotes"):
        check_comparable("text", TYPES, ColumnRef("t", "s"), Literal("2020-01-01", is_date=True))
