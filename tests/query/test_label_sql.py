"""The table of anchors: the window of every aggregate, at every step of a forecast."""

from __future__ import annotations

import numpy as np

from workbench.query.label_sql import label_sql
from workbench.query.labels import column_types, connection
from workbench.query.parser import parse
from workbench.query.resolve import resolve
from workbench.temporal import FOREVER, instant


def bounds_of(shop, text, *days, label=True, until=None):
    with connection(shop) as con:
        query = resolve(parse(text), shop.schema, column_types(con, shop.schema))
    anchors = np.array([day if isinstance(day, int) else instant(day) for day in days], np.int64)
    return label_sql(query, anchors, "anchors", label, until)


def test_only_the_window_of_a_forecast_moves(shop):
    text = (
        "PREDICT COUNT(orders.*, 0, 1, months) FORECAST 3 TIMEFRAMES FOR users.user_id "
        "WHERE COUNT(orders.*, -7, 0) > 0 ASSUMING COUNT(orders.*, 0, 1, months) > 0"
    )
    _, bounds = bounds_of(shop, text, "2020-01-31", "2020-03-31")
    columns = {name: [str(t)[:10] for t in bounds[name].to_pylist()] for name in bounds.column_names[1:]}
    assert bounds["n"].to_pylist() == list(range(6))
    assert columns["anchor"] == ["2020-01-31"] * 3 + ["2020-03-31"] * 3
    assert columns["high0"] == ["2020-01-31"] * 3 + ["2020-03-31"] * 3, "WHERE"
    assert columns["high1"] == ["2020-02-29"] * 3 + ["2020-04-30"] * 3, "ASSUMING"
    assert columns["high2"] == [
        "2020-02-29",
        "2020-03-31",
        "2020-04-30",
        "2020-04-30",
        "2020-05-31",
        "2020-06-30",
    ]
    assert columns["low2"] == [
        "2020-01-31",
        "2020-02-29",
        "2020-03-31",
        "2020-03-31",
        "2020-04-30",
        "2020-05-31",
    ]
    _, predicted = bounds_of(shop, text, "2020-01-31", label=False)
    assert predicted.num_rows == 1, "whom to predict for knows no steps"


def test_a_static_query_has_one_row_without_an_instant(shop):
    sql, bounds = bounds_of(shop, "PREDICT users.score FOR users.user_id", FOREVER)
    assert bounds.to_pylist() == [{"n": 0, "anchor": None, "visible": None}]
    assert "IS NOT NULL" in sql
    sql, bounds = bounds_of(shop, "PREDICT users.score FOR users.user_id", FOREVER, label=False, until=5)
    assert bounds["visible"][0].value == 5
    assert sql.rstrip().endswith("IS NULL)")
