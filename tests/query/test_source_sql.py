"""Aggregates from the beginning of time run from anchor to anchor; a window as long says the same."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from workbench.query.labels import column_types, connection
from workbench.query.parser import parse
from workbench.query.resolve import resolve
from workbench.query.source_sql import Shape, shape_of
from workbench.temporal import Span, instant

USERS, ORDERS, DAY = 30, 3_000, 86_400_000_000
START = instant("2020-01-01")
TEXT = "PREDICT COUNT(orders.*, 0, 10) FOR users.user_id WHERE {} > {}"
ASKED = {
    "COUNT(orders.* WHERE orders.qty > 2, {}, 0)": 20,
    "COUNT(orders.amount, {}, -7, days)": 20,
    "SUM(orders.qty, {}, 0)": 60,
    "AVG(orders.amount WHERE orders.ts > 2020-02-01, {}, 0)": 0.5,
    "MIN(orders.amount, {}, -1, months)": 0.05,
    "MAX(orders.amount, {}, 0)": 0.9,
}


@pytest.fixture(scope="module")
def busy(dataset_of, shop):
    rng = np.random.default_rng(2)
    at = START + rng.integers(0, 400, ORDERS) * DAY // 2
    users = pa.table({"user_id": range(USERS), "created": pa.array([START] * USERS), "ended": [None] * USERS})
    orders = {
        "order_id": pa.array(range(ORDERS)),
        "user_id": pa.array(rng.integers(0, USERS, ORDERS), mask=rng.random(ORDERS) < 0.1),
        "ts": pa.array(at, mask=rng.random(ORDERS) < 0.1).cast(pa.timestamp("us")),
        "amount": pa.array(rng.random(ORDERS), mask=rng.random(ORDERS) < 0.1),
        "qty": pa.array(rng.integers(0, 5, ORDERS)),
    }
    stamp = pa.timestamp("us")
    users = users.set_column(1, "created", users["created"].cast(stamp))
    users = users.set_column(2, "ended", users["ended"].cast(stamp))
    frames = {"users": users, "orders": pa.table(orders)}
    schema = type(shop.schema)(tuple(table for table in shop.schema if table.name in frames))
    return dataset_of(schema, frames)


@pytest.mark.parametrize("asked", ASKED)
def test_running_aggregates_equal_windows_as_long(busy, label, asked):
    # The ends of January to March plus a month coincide twice: anchors whose windows end together.
    anchors = ["2020-03-29", "2020-03-30", "2020-03-31", "2020-01-01", "2020-05-15", "2020-07-01"]
    unit = 900 if "months" in asked else 30_000
    running = label(busy, TEXT.format(asked.format("-INF"), ASKED[asked]), anchors)
    window = label(busy, TEXT.format(asked.format(-unit), ASKED[asked]), anchors)
    assert 0 < len(running.node_id) < USERS * len(anchors)
    for name in ("node_id", "anchor", "label"):
        np.testing.assert_array_equal(getattr(running, name), getattr(window, name))


@pytest.mark.parametrize(
    ("aggregate", "running"),
    [
        ("COUNT(orders.*, -INF, 0)", True),
        ("COUNT(orders.ts WHERE orders.ts > 2020-01-01, -INF, 0)", True),
        ("COUNT(orders.*, -9, 0)", False),
        ("COUNT(orders.due, -INF, 0)", False),
        ("COUNT(orders.* WHERE orders.due IS NULL, -INF, 0)", False),
    ],
)
def test_what_changes_with_the_anchor_does_not_run(shop, aggregate, running):
    with connection(shop) as con:
        types = column_types(con, shop.schema)
    query = resolve(parse(TEXT.format(aggregate, 0)), shop.schema, types)
    source = list(query.sources.values())[-1]
    assert source.end == Span()
    assert (shape_of(source, query) is Shape.RUNNING) is running
