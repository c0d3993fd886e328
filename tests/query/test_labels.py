"""The rules of labels, one by one; test_labels_oracle.py tries them all at random."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import TaskError
from workbench.temporal import instant

STAMP = pa.timestamp("us")


def rows_of(found):
    return list(zip(found.key.to_pylist(), found.label.tolist(), strict=True))


def test_windows_are_open_at_the_start_and_closed_at_the_end(make_shop, label):
    orders = {
        "user_id": pa.array([0, 0, 0]),
        "ts": pa.array([dt.datetime(2020, 3, 1), dt.datetime(2020, 3, 11), dt.datetime(2020, 3, 12)]),
    }
    shop = make_shop(orders=orders)
    found = label(shop, "PREDICT COUNT(orders.*, 0, 10) FOR users.user_id", ["2020-03-01", "2020-03-02"])
    assert rows_of(found)[:2] == [(0, 1.0), (1, 0.0)]
    assert found.label[found.node_id == 0].tolist() == [1.0, 2.0]


def test_entities_exist_from_their_time_until_before_their_end(shop, label):
    # User 1 ends on day 70 (2020-03-11), user 2 begins on day 50 (2020-02-20).
    anchors = ["2020-02-19 23:59:59", "2020-02-20", "2020-03-10 23:59:59", "2020-03-11"]
    found = label(shop, "PREDICT COUNT(orders.*, 0, 1) FOR users.user_id", anchors)
    present = [found.node_id[found.anchor == instant(a)].tolist() for a in anchors]
    assert present == [[0, 1], [0, 1, 2], [0, 1, 2], [0, 2]]


def test_entities_newer_than_the_frozen_features_have_no_label(shop, label):
    # User 2 begins on day 50 (2020-02-20); user 1 ends on day 70, which `until` does not touch.
    text, anchors = "PREDICT COUNT(orders.*, 0, 1) FOR users.user_id", ["2020-02-25", "2020-03-11"]
    for until, present in [
        (None, [[0, 1, 2], [0, 2]]),
        ("2020-02-19 23:59:59", [[0, 1], [0]]),
        ("2020-02-20", [[0, 1, 2], [0, 2]]),
        ("2019-12-31", [[], []]),
    ]:
        found = label(shop, text, anchors, until=until)
        assert [found.node_id[found.anchor == instant(a)].tolist() for a in anchors] == present
        selected = label(shop, text, anchors[:1], until=until, labels=False)
        assert selected.node_id.tolist() == present[0]


def test_where_knows_no_time_that_was_filled_in_after_the_anchor(shop, label):
    # Order 0 of user 0 is of day 10 and due on day 20; order 1 of day 40, due on day 50.
    open_orders = "COUNT(orders.* WHERE orders.due IS NULL, -INF, 0)"
    target = "PREDICT COUNT(orders.*, 0, 30) FOR users.user_id"
    for day, still_open in [("2020-01-15", 1), ("2020-01-21", 0), ("2020-02-12", 1), ("2020-02-20", 0)]:
        found = label(shop, f"{target} WHERE {open_orders} = {still_open}", [day])
        assert 0 in found.node_id.tolist(), day
        assert 0 not in label(shop, f"{target} WHERE {open_orders} = {1 - still_open}", [day]).node_id
    later = "PREDICT COUNT(orders.* WHERE orders.due IS NOT NULL, 0, 30) FOR users.user_id"
    assert rows_of(label(shop, later, ["2020-01-15"]))[0] == (0, 1.0), "labels may read the future"


def test_where_knows_no_time_of_an_undated_table_that_was_filled_in_later(shop, dataset_of, label):
    frames = {name: frame.drop_columns(["__row__"]) for name, frame in shop.frames.items()}
    seen = pa.array([dt.datetime(2020, 1, 21), None], STAMP)
    frames["notes"] = pa.table({"user_id": pa.array([0, 0]), "seen": seen})
    shop = dataset_of(shop.schema, frames)
    text = (
        "PREDICT COUNT(orders.*, 0, 30) FOR users.user_id WHERE COUNT(notes.* WHERE notes.seen IS NULL) = {}"
    )
    found = label(shop, text.format(2), ["2020-01-20", "2020-01-21"])
    assert list(zip(found.node_id, found.anchor, strict=True)) == [(0, instant("2020-01-20"))]
    found = label(shop, text.format(1), ["2020-01-20", "2020-01-21"])
    assert list(zip(found.node_id, found.anchor, strict=True)) == [(0, instant("2020-01-21"))]


def test_calculations_that_leave_the_numbers(make_shop, label):
    day = [dt.datetime(2020, 3, 1)] * 2
    columns = {
        "big": pa.array([1e300, 1e300]),
        "zero": pa.array([0, 2]),
        "tiny": pa.array([127, 127], pa.int8()),
    }
    shop = make_shop(orders={"user_id": pa.array([0, 0]), "ts": pa.array(day), **columns})
    text = "PREDICT SUM({}, 0, 30) FOR users.user_id"
    at = ["2020-02-20"]
    assert rows_of(label(shop, text.format("orders.big / orders.zero"), at))[0] == (0, 5e299)
    assert rows_of(label(shop, text.format("orders.tiny * orders.tiny"), at))[0] == (0, 2.0 * 127**2)
    with pytest.raises(TaskError, match="too large for a number of 64 bits"):
        label(shop, text.format("orders.big * orders.big"), at)


def test_where_knows_no_time_of_the_entity_that_was_filled_in_after_the_anchor(make_shop, label):
    left = [dt.datetime(2020, 1, 21), None]
    users = {"user_id": [0, 1], "created": [dt.datetime(2020, 1, 1)] * 2, "ended": [None, None], "left": left}
    kinds = {"created": STAMP, "ended": STAMP, "left": STAMP}
    shop = make_shop(users={name: pa.array(values, kinds.get(name)) for name, values in users.items()})
    target = "PREDICT COUNT(orders.*, 0, 30) FOR users.user_id"
    for day, gone in [("2020-01-20 23:59:59", []), ("2020-01-21", [0])]:
        here = label(shop, f"{target} WHERE users.left IS NULL", [day]).node_id.tolist()
        assert here == [user for user in (0, 1) if user not in gone]
        found = label(shop, f"{target} WHERE users.left > '2020-01-01'", [day], labels=False)
        assert found.node_id.tolist() == gone


def test_sums_of_huge_integers_and_decimals(make_shop, label):
    keys = {"user_id": pa.array([0, 0]), "ts": pa.array([dt.datetime(2020, 3, 1)] * 2)}
    huge = {
        "whole": pa.array([2**63 - 1, 2**63 - 1]),
        "exact": pa.array([decimal.Decimal("9" * 36 + ".5")] * 2, pa.decimal128(38, 1)),
        "wide": pa.array([1.7e308, 1.7e308]),
    }
    shop = make_shop(orders=keys | huge)
    text = "PREDICT {}(orders.{}, 0, 30) FOR users.user_id"
    found = label(shop, text.format("SUM", "whole"), ["2020-02-20"])
    assert rows_of(found)[0] == (0, 2.0 * (2**63 - 1))
    found = label(shop, text.format("SUM", "exact"), ["2020-02-20"])
    assert rows_of(found)[0] == (0, pytest.approx(2e36, rel=1e-15))
    with pytest.raises(TaskError, match=r"1 of 3 are too large for a number of 64 bits. .* Scale the column"):
        label(shop, text.format("SUM", "wide"), ["2020-02-20"])


def test_a_month_after_january_31_is_the_end_of_february(make_shop, label):
    days = [
        dt.datetime(2021, 2, 28),
        dt.datetime(2021, 3, 1),
        dt.datetime(2021, 3, 31),
        dt.datetime(2021, 4, 1),
    ]
    shop = make_shop(orders={"user_id": pa.array([0] * 4), "ts": pa.array(days)})
    found = label(
        shop, "PREDICT COUNT(orders.*, 0, 1, months) FOR users.user_id", ["2021-01-31", "2021-02-28"]
    )
    assert found.label[found.node_id == 0].tolist() == [1.0, 1.0]


def test_missing_numbers_do_not_count_and_unknown_labels_are_dropped(shop, label):
    at = ["2020-02-05"]  # day 35: user 0 orders 2.5 on day 40, user 1 an unknown amount
    assert rows_of(label(shop, "PREDICT SUM(orders.amount, 0, 10) FOR users.user_id", at)) == [
        (0, 2.5),
        (1, 0),
    ]
    assert rows_of(label(shop, "PREDICT AVG(orders.amount, 0, 10) FOR users.user_id", at)) == [(0, 2.5)]
    counted = "PREDICT COUNT(orders.amount, 0, 10) FOR users.user_id"
    assert rows_of(label(shop, counted, at)) == [(0, 1), (1, 0)]


def test_rows_are_ordered_by_anchor_then_node(shop, label):
    found = label(shop, "PREDICT COUNT(orders.*, 0, 30) FOR users.user_id", ["2020-03-01", "2020-02-01"])
    assert (np.diff(found.anchor) >= 0).all()
    assert found.node_id.tolist() == [0, 1, 0, 1, 2]


def test_labels_do_not_depend_on_the_order_of_rows(make_shop, label):
    rng = np.random.default_rng(3)
    n = 2000
    amount = rng.normal(size=n) * 10.0 ** rng.integers(-8, 8, n)
    orders = {
        "user_id": rng.integers(0, 3, n),
        "ts": rng.integers(0, 9, n) * 86_400_000_000 + instant("2020-03-01"),
        "amount": amount,
    }
    found = []
    for order in (np.arange(n), rng.permutation(n)):
        columns = {k: pa.array(v[order]) for k, v in orders.items()}
        columns["ts"] = columns["ts"].cast(STAMP)
        text = "PREDICT SUM(orders.amount, 0, 30) FOR users.user_id"
        found.append(label(make_shop(orders=columns), text, ["2020-02-25"]).label)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-15)
