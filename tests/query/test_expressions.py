"""Constants of every size and columns of every type become SQL that DuckDB runs."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from workbench.query.ast import ColumnRef, Comparison, Literal, Membership
from workbench.query.expressions import Columns, literal_sql, render

VALUES = {
    "tiny": "5::TINYINT", "unsigned": "5::UBIGINT", "whole": "5::BIGINT", "single": "0.1::FLOAT",
    "double": "0.1::DOUBLE", "flag": "true", "text": "'it''s'", "day": "DATE '2020-01-01'",
    "stamp": "TIMESTAMP '2020-01-01 12:00'", "nanos": "TIMESTAMP_NS '2020-01-01 12:00'",
    "infinite": "'inf'::DOUBLE", "nan": "'nan'::FLOAT",
}  # fmt: skip


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as open_connection:
        chosen = ", ".join(f"{sql} AS {name}" for name, sql in VALUES.items())
        open_connection.execute(f"CREATE TABLE t AS SELECT {chosen}")
        yield open_connection


@pytest.fixture(scope="module")
def evaluate(con):
    types = {name: kind for name, kind, *_ in con.execute("DESCRIBE t").fetchall()}
    columns = Columns("t", types, {})
    return lambda part: con.execute(f"SELECT {render(part, columns)} FROM t").fetchone()[0]


def column(name):
    return ColumnRef("t", name)


@pytest.mark.parametrize(
    ("name", "op", "value", "expected"),
    [
        ("tiny", "<", 1000, True), ("tiny", ">", -(10**30), True), ("unsigned", ">", -3, True),
        ("whole", "=", 5.0, True), ("whole", "<", 10**37, True), ("whole", "!=", 1e308, True),
        ("single", "=", 0.1, True), ("double", "=", 0.1, True), ("single", "<", 1e300, True),
        ("double", ">", 1e-320, True), ("flag", "=", True, True), ("text", "=", "it's", True),
        ("text", "=", "'; DROP TABLE t; --", False), ("day", "=", "2020-01-01", True),
        ("stamp", "<=", "2020-01-01T12:00:00.000001", True), ("stamp", "=", "2020-01-01 13:00+01:00", True),
        ("nanos", "=", "2020-01-01 12:00", True), ("infinite", ">", 3, None), ("nan", "!=", 3, None),
    ],
)  # fmt: skip
def test_comparisons(evaluate, name, op, value, expected):
    assert evaluate(Comparison(column(name), op, Literal(value))) is expected


def test_lists_mix_whole_and_broken_numbers(evaluate):
    values = (Literal(1.5), Literal(10**37), Literal(5))
    assert evaluate(Membership(column("tiny"), values, negated=False)) is True
    assert evaluate(Membership(column("tiny"), values, negated=True)) is False


@pytest.mark.parametrize(
    "value", [0, -1, 2**63 - 1, 2**63, 2**100, 0.1, -1e-300, 1e308, True, False, "", "a'b"]
)
def test_constants_keep_their_value(con, value):
    found = con.execute(f"SELECT {literal_sql(Literal(value), None)}").fetchone()[0]
    assert found == value
    assert type(found) is type(value) or (type(value) is int and abs(value) >= 2**63)


def test_times_become_instants(con):
    assert literal_sql(Literal("1970-01-02"), "TIMESTAMP") == f"make_timestamp({86_400_000_000})"
    assert literal_sql(Literal("1970-01-02", is_date=True), "DATE") == f"make_timestamp({86_400_000_000})"
    found = con.execute(literal_sql_select("2021-03-04 05:06:07")).fetchone()[0]
    assert found == dt.datetime(2021, 3, 4, 5, 6, 7)


def literal_sql_select(text):
    return f"SELECT {literal_sql(Literal(text), 'TIMESTAMP')}"
