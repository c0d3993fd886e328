"""Labels against an oracle in plain Python: random tables, random queries, ties at every boundary."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.schema import Schema
from workbench.temporal import instant
from workbench.testing.sizes import cases

START = dt.datetime(2020, 1, 31)
HALF_DAY = dt.timedelta(hours=12)


@dataclass(frozen=True)
class Clause:
    """A piece of query text, and what the oracle makes of it: True, False, a number, or None."""

    text: str
    value: Callable[[Any], Any]


def both(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def negate(value: bool | None) -> bool | None:
    return None if value is None else not value


def compare(op: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    return {
        "=": left == right, "!=": left != right, "<": left < right,
        "<=": left <= right, ">": left > right, ">=": left >= right,
    }[op]  # fmt: skip


OPS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
MOMENTS = st.integers(-40, 60).map(lambda n: START + n * HALF_DAY)


def member(values: tuple[Any, ...], value: Any) -> bool | None:
    return None if value is None else value in values


@st.composite
def row_conditions(draw: st.DrawFn, table: str, columns: dict[str, st.SearchStrategy[Any]]) -> Clause:
    """A condition on the columns of one row, as text and as a function of the row."""
    name = draw(st.sampled_from(sorted(columns)))
    column = f"{table}.{name}"
    shape = draw(st.sampled_from(["compare", "compare", "in", "null", "not", "and", "or", "match"]))
    if shape in ("and", "or", "not"):
        left = draw(row_conditions(table, columns))
        if shape == "not":
            return Clause(f"NOT ({left.text})", lambda row: negate(left.value(row)))
        right = draw(row_conditions(table, columns))
        if shape == "and":
            return Clause(
                f"({left.text} and {right.text})", lambda row: both(left.value(row), right.value(row))
            )
        return Clause(
            f"({left.text} OR {right.text})",
            lambda row: negate(both(negate(left.value(row)), negate(right.value(row)))),
        )
    if shape == "null":
        return Clause(f"{column} IS NULL", lambda row: row[name] is None)
    if shape == "match" and name in TEXTS:
        return draw(patterns(column, name))
    if shape == "in":
        values = tuple(draw(st.lists(columns[name], min_size=1, max_size=3)))
        listed = ", ".join(literal(value) for value in values)
        if draw(st.booleans()):
            return Clause(f"{column} IN ({listed})", lambda row: member(values, row[name]))
        return Clause(f"{column} NOT IN ({listed})", lambda row: negate(member(values, row[name])))
    op, value = draw(OPS), draw(columns[name])
    return Clause(f"{column} {op} {literal(value)}", lambda row: compare(op, row[name], value))


TEXTS = ("kind", "country")
MATCHES = {
    "CONTAINS": lambda text, part: part in text,
    "STARTS WITH": str.startswith,
    "ENDS WITH": str.endswith,
    "LIKE": lambda text, part: (
        re.fullmatch("".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in part), text) is not None
    ),
}


@st.composite
def patterns(draw: st.DrawFn, column: str, name: str) -> Clause:
    how = draw(st.sampled_from(sorted(MATCHES)))
    part = draw(st.sampled_from(["a", "b", "D", "E", "'", "it's", "", "%", "_", "_t%", "%E", "F_", "a%"]))
    negated = draw(st.booleans())

    def value(row: Any) -> bool | None:
        return None if row[name] is None else MATCHES[how](row[name], part) is not negated

    return Clause(f"{column} {'NOT ' * negated}{how} {literal(part)}", value)


def as_of(row: dict[str, Any], anchor: dt.datetime) -> dict[str, Any]:
    """The row as WHERE reads it: times later than the anchor are not known yet."""
    late = {k for k, v in row.items() if isinstance(v, dt.datetime) and k != "anchor" and v > anchor}
    return {k: None if k in late else v for k, v in row.items()}


def literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, dt.datetime):
        return f"'{value.isoformat(' ')}'"
    return str(value)


AMOUNTS = st.integers(-8, 8).map(lambda n: n / 4)
ORDER_COLUMNS = {
    "amount": AMOUNTS,
    "qty": st.integers(0, 3),
    "kind": st.sampled_from(["a", "b", "it's"]),
    "ts": MOMENTS,
    "due": MOMENTS,
}
USER_COLUMNS = {"score": AMOUNTS, "country": st.sampled_from(["DE", "FR"]), "seen": MOMENTS}
UNITS = {"hours": "hours", "days": "days", "weeks": "weeks", "months": "months"}


def calculate(row: dict[str, Any]) -> float | None:
    """``amount * 2 - amount / (qty - 1)``: unknown where a part is, or where it divides by 0."""
    if row["amount"] is None or row["qty"] in (None, 1):
        return None
    return row["amount"] * 2 - row["amount"] / (row["qty"] - 1)


VALUES: dict[str, Callable[[dict[str, Any]], Any]] = {
    name: lambda row, name=name: row[name] for name in ("amount", "qty", "kind", "due")
} | {"*": lambda row: 1, "amount * 2 - orders.amount / (orders.qty - 1)": calculate}
CALCULATED = ["amount", "qty", "amount * 2 - orders.amount / (orders.qty - 1)"]
FUNCTIONS = {
    "COUNT": len, "SUM": sum, "AVG": lambda v: sum(v) / len(v) if v else None,
    "MIN": lambda v: min(v, default=None), "MAX": lambda v: max(v, default=None),
    "COUNT_DISTINCT": lambda v: len(set(v)), "FIRST": lambda v: v[0] if v else None,
    "LAST": lambda v: v[-1] if v else None,
}  # fmt: skip


@st.composite
def aggregates(draw: st.DrawFn, backward: bool) -> Clause:
    function = draw(st.sampled_from(["COUNT", *FUNCTIONS]))
    others = {"COUNT": ["*", "kind", "due"], "COUNT_DISTINCT": ["kind", "due"]}.get(function, [])
    column = draw(st.sampled_from([*CALCULATED, *others]))
    where = draw(st.none() | row_conditions("orders", ORDER_COLUMNS))
    unit = draw(st.sampled_from(sorted(UNITS)))
    widest = {"hours": 12, "days": 12, "weeks": 2, "months": 2}[unit]
    first, second = sorted(draw(st.lists(st.integers(0, widest), min_size=2, max_size=2, unique=True)))
    start, end = (-second, -first) if backward else (first, second)
    step = 12 if unit == "hours" else 1
    start, end = start * step, end * step
    open_ended = backward and draw(st.booleans())
    text = f"{function}(orders.{column}" + (f" WHERE {where.text}" if where else "")
    everything = open_ended and draw(st.booleans())
    if everything:
        end, text = 0, text + ")"
    else:
        text += f", {'-INF' if open_ended else start}, {end}" + ("" if unit == "days" else f", {unit}") + ")"

    def value(entity: Any, step: int = 0) -> Any:
        low, high = (
            entity["anchor"] + pd.DateOffset(**{unit: n + step * (end - start)}) for n in (start, end)
        )
        low = dt.datetime.min if open_ended else low
        seen = [as_of(row, entity["anchor"]) if backward else row for row in entity["orders"]]
        rows = [
            row for row in seen
            if row["ts"] is not None and low < row["ts"] <= high
            and (where is None or where.value(row) is True)
        ]  # fmt: skip
        held = [VALUES[column](row) for row in sorted(rows, key=lambda row: row["ts"])]
        return FUNCTIONS[function]([each for each in held if each is not None])

    return Clause(text, value)


@st.composite
def conditions(draw: st.DrawFn, backward: bool, own_columns: bool = True) -> Clause:
    """A condition on (entity, anchor)."""
    shape = draw(st.sampled_from(["compare", "compare", "two", "null", "not", "and", "or", "own"]))
    if shape == "own" and own_columns:
        own = draw(row_conditions("users", USER_COLUMNS))
        return Clause(own.text, lambda e: own.value(as_of(e, e["anchor"]) if backward else e))
    if shape == "not":
        inner = draw(conditions(backward))
        return Clause(f"NOT ({inner.text})", lambda entity: negate(inner.value(entity)))
    if shape in ("and", "or"):
        left, right = draw(conditions(backward)), draw(conditions(backward))
        if shape == "and":
            return Clause(f"({left.text} AND {right.text})", lambda e: both(left.value(e), right.value(e)))
        return Clause(
            f"({left.text} OR {right.text})",
            lambda e: negate(both(negate(left.value(e)), negate(right.value(e)))),
        )
    aggregate = draw(aggregates(backward))
    if shape == "null":
        return Clause(f"{aggregate.text} IS NOT NULL", lambda entity: aggregate.value(entity) is not None)
    op = draw(OPS)
    if shape == "two":
        other = draw(aggregates(backward))
        return Clause(
            f"{aggregate.text} {op} {other.text}", lambda e: compare(op, aggregate.value(e), other.value(e))
        )
    number = draw(st.integers(-2, 4))
    return Clause(f"{aggregate.text} {op} {number}", lambda e: compare(op, aggregate.value(e), number))


def random_shop(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Up to 5 users and 40 orders; few distinct days, so that times tie with every boundary."""
    rng = np.random.default_rng(seed)

    def pick(values: list[Any], missing: float) -> Any:
        return None if rng.random() < missing else values[rng.integers(len(values))]

    days = [START + n * HALF_DAY for n in range(-40, 61, 4)]
    early, late = [START - dt.timedelta(30), *days[8:12]], days[12:20]
    numbers = [float("nan"), *(n / 4 for n in range(-4, 12))]
    users = [
        {
            "created": pick(early, 0.1), "ended": pick(late, 0.6),
            "country": pick(["DE", "FR"], 0.2), "score": pick(numbers, 0.2), "seen": pick(days, 0.2),
        }
        for _ in range(rng.integers(6))
    ]  # fmt: skip
    orders = [
        {
            "user_id": pick(list(range(len(users) + 1)), 0.1), "ts": pick(days, 0.1),
            "amount": pick(numbers, 0.2), "qty": pick([0, 1, 2, 3], 0.2),
            "kind": pick(["a", "b", "it's"], 0.2), "due": pick(days, 0.2),
        }
        for _ in range(rng.integers(41))
    ]  # fmt: skip
    return users, orders


def arrow(rows: list[dict[str, Any]], types: dict[str, pa.DataType]) -> dict[str, pa.Array]:
    return {name: pa.array([row[name] for row in rows], kind) for name, kind in types.items()}


def known(row: dict[str, Any]) -> dict[str, Any]:
    """NaN is a missing value."""
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}


def expected(users, orders, anchors, target, where, assuming, steps) -> list[tuple[int, int, Any]]:
    found = []
    for anchor in anchors:
        for node, user in enumerate(users):
            exists = user["created"] is not None and user["created"] <= anchor
            if not exists or (user["ended"] is not None and user["ended"] <= anchor):
                continue
            mine = [known(order) for order in orders if order["user_id"] == node]
            entity = {**known(user), "anchor": anchor, "orders": mine}
            clauses = [clause for clause in (where, assuming) if clause is not None]
            labels = (
                [target.value(entity, step) for step in range(steps)] if steps > 1 else [target.value(entity)]
            )
            if None not in labels and all(clause.value(entity) is True for clause in clauses):
                values = [float(label) for label in labels]
                found.append((node, instant(anchor), values if steps > 1 else values[0]))
    return found


STAMP = pa.timestamp("us")
USER_TYPES = {
    "created": STAMP,
    "ended": STAMP,
    "country": pa.string(),
    "score": pa.float64(),
    "seen": STAMP,
}
ORDER_TYPES = {
    "user_id": pa.int64(),
    "ts": STAMP,
    "amount": pa.float64(),
    "qty": pa.int32(),
    "kind": pa.string(),
    "due": STAMP,
}
ANCHORS = st.lists(
    st.integers(-2, 12).map(lambda n: START + 4 * n * HALF_DAY), min_size=3, max_size=6, unique=True
).map(sorted)


@settings(max_examples=cases(500, 3000))
@given(data=st.data(), seed=st.integers(0, 2**32), anchors=ANCHORS)
def test_labels_equal_the_oracle(data, seed, anchors, shop_of, label):
    users, orders = random_shop(seed)
    steps = data.draw(st.sampled_from([1, 1, 1, 2, 3]))
    condition = conditions(backward=False, own_columns=False)
    target = data.draw(aggregates(backward=False) if steps > 1 else aggregates(backward=False) | condition)
    where = data.draw(st.none() | conditions(backward=True))
    assuming = data.draw(st.none() | conditions(backward=False))
    text = f"PREDICT {target.text}{f' FORECAST {steps} TIMEFRAMES' * (steps > 1)} FOR EACH users.user_id"
    text += (f" WHERE {where.text}" if where else "") + (f" ASSUMING {assuming.text}" if assuming else "")
    if "orders." not in target.text:
        return
    found = label(shop_of(users, orders), text, anchors)
    rows = list(zip(found.node_id.tolist(), found.anchor.tolist(), found.label.tolist(), strict=True))
    assert rows == expected(users, orders, anchors, target, where, assuming, steps), text
    assert found.key.to_pylist() == found.node_id.tolist()


@pytest.fixture(scope="session")
def shop_of(dataset_of, shop):
    """``shop_of(users, orders)``: a dataset of these rows, until the next one is made."""
    database = duckdb.connect()

    def make(users, orders):
        user_ids = {"user_id": pa.array(range(len(users)), pa.int64())}
        frames = {
            "users": pa.table({**user_ids, **arrow(users, USER_TYPES)}),
            "orders": pa.table(arrow(orders, ORDER_TYPES)),
        }
        tables = tuple(table for table in shop.schema if table.name in frames)
        return dataset_of(Schema(tables), frames, database)

    return make
