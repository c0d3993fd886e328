"""The clause that leaves no label is named, not one that the query does not have."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from workbench.query.diagnosis import why_no_rows
from workbench.query.labels import column_types, compute_labels, connection
from workbench.query.parser import parse
from workbench.query.resolve import resolve
from workbench.temporal import FOREVER, instant

COUNT = "PREDICT COUNT(orders.*, 0, 30) FOR users.user_id"


@pytest.mark.parametrize(
    ("text", "at", "until", "why"),
    [
        (COUNT, "2019-01-01", None, "no row of 'users' exists (see created, ended). Choose other boundaries"),
        (COUNT, "2020-02-01", "2019-06-01", "exists by 2019-06-01, where features are frozen (see created"),
        (COUNT + " WHERE users.country = 'FR' ASSUMING COUNT(orders.*, 0, 1) > 9", "2020-02-01", None,
         "WHERE holds for none of the 2 rows of 'users' that exist. Loosen WHERE"),
        (COUNT + " WHERE users.user_id >= 0 ASSUMING COUNT(orders.*, 0, 1) > 9", "2020-02-01", None,
         "ASSUMING holds for no row of 'users' that has a label. Loosen ASSUMING"),
        ("PREDICT AVG(orders.amount, 0, 1) FOR users.user_id", "2020-02-01", None,
         "the target is unknown for every row of 'users': AVG, MIN and MAX of no rows are. Take a longer"),
    ],
)  # fmt: skip
def test_why_there_are_no_labels(shop, text, at, until, why):
    with connection(shop) as con:
        query = resolve(parse(text), shop.schema, column_types(con, shop.schema))
    anchors = np.array([instant(at)], np.int64)
    frozen = None if until is None else instant(until)
    assert len(compute_labels(shop, query, anchors, frozen).node_id) == 0
    assert why in why_no_rows(shop, query, anchors, frozen)


@pytest.mark.parametrize(
    ("text", "labelled", "why"),
    [
        ("PREDICT users.score FOR users.user_id WHERE users.country = 'FR'", 0,
         "WHERE holds for none of the 1 rows of 'users' that have a value. Loosen WHERE"),
        ("PREDICT users.score FOR users.user_id", 1, "none of the 1 rows with a value was drawn. Take"),
    ],
)  # fmt: skip
def test_why_a_static_split_is_empty(shop, text, labelled, why):
    with connection(shop) as con:
        query = resolve(parse(text), shop.schema, column_types(con, shop.schema))
    anchors = np.array([FOREVER])
    assert len(compute_labels(shop, query, anchors).node_id) == labelled
    assert why in why_no_rows(shop, query, anchors, None)


def test_nothing_to_learn_from(make_shop):
    shop = make_shop(users={"user_id": [1], "created": [dt.datetime(2020, 1, 1)], "ended": [None],
                            "score": pa.array([None], pa.float64())})  # fmt: skip
    with connection(shop) as con:
        query = resolve(
            parse("PREDICT users.score FOR users.user_id"), shop.schema, column_types(con, shop.schema)
        )
    assert "no row of 'users' has a value to learn from" in why_no_rows(
        shop, query, np.array([FOREVER]), None
    )
