"""Defaults of the splits' beginnings come from the tables that labels look at, and only from them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.errors import TaskError
from workbench.query.boundaries import Boundaries, place
from workbench.query.labels import column_types, connection
from workbench.query.parser import parse
from workbench.query.resolve import resolve
from workbench.query.split_options import SplitOptions
from workbench.temporal import Span, instant, iso

TEXT = "PREDICT COUNT(orders.*, 0, 10) FOR users.user_id"


def placed(shop, text=TEXT, **options):
    with connection(shop) as con:
        query = resolve(parse(text), shop.schema, column_types(con, shop.schema))
        return place(con, query, SplitOptions.of(options))


def with_times(make_shop, days):
    stamps = pa.array([None if day is None else pd.Timestamp(day) for day in days], pa.timestamp("us"))
    return make_shop(orders={"user_id": pa.array([0] * len(days)), "ts": stamps, "due": stamps})


def test_defaults_are_the_first_and_last_row(make_shop):
    shop = with_times(make_shop, ["2021-01-01", "2021-04-11", None])
    found = placed(shop)
    assert (iso(found.begin), iso(found.observed_until)) == ("2021-01-01", "2021-04-11")
    assert (iso(found.test), iso(found.val)) == ("2021-04-01", "2021-03-22")
    assert found.every == Span.of(10, "days")


def test_rows_after_now_are_scheduled(make_shop):
    later = str(pd.Timestamp.now("UTC").date() + pd.Timedelta(days=2))
    found = placed(with_times(make_shop, ["2021-01-01", "2021-04-11", later]))
    assert iso(found.observed_until) == "2021-04-11"


def test_tables_that_only_where_looks_at_do_not_count(make_shop):
    shop = with_times(make_shop, ["2021-01-01", "2021-04-11"])
    with_past = placed(shop, TEXT + " WHERE COUNT(orders.*, -INF, 0) > 0")
    assert with_past == placed(shop)


def test_data_of_the_future_need_observed_until(make_shop):
    shop = with_times(make_shop, ["2301-01-01", "2301-04-11"])
    with pytest.raises(TaskError, match=r"none of its rows has a ts up to .* set observed_until="):
        placed(shop)
    found = placed(shop, observed_until="2301-04-11")
    assert (iso(found.begin), iso(found.test)) == ("2301-01-01", "2301-04-01")


@pytest.mark.filterwarnings("ignore:begin= was set")
def test_what_is_set_is_kept(shop):
    given = {"begin": "2019-12-02", "val": "2020-01-20", "test": "2020-02-01", "observed_until": "2020-02-20"}
    found = placed(shop, **given, every="1 month", until="2020-02-01", train_windows=2, eval_windows=3)
    times = {name: instant(value) for name, value in given.items()}
    assert found == Boundaries(
        **times, every=Span(months=1), until=times["test"], train_windows=2, eval_windows=3
    )
    anchors = found.anchors((Span.of(10, "days"),))
    assert [iso(a) for a in anchors.train] == ["2019-12-20"]
    assert [iso(a) for a in anchors.val] == ["2020-01-20"]


DAY = 86_400_000_000


@pytest.mark.parametrize(
    ("options", "val", "test"),
    [
        ({"val": 0.2, "test": 0.3}, 50, 70),
        ({"val": "20 days", "test": "-30 days"}, 50, 70),
        ({"val": dt.timedelta(days=20), "test": Span.of(30, "days")}, 50, 70),
        ({"val": np.timedelta64(5, "D"), "test": "1 month"}, 64, 69),
        ({"val": "2020-02-20", "test": 0.3}, 50, 70),
        ({"val": ("2020-02-20", "2020-03-01"), "test": ("2020-03-11", "2020-03-31")}, 50, 70),
    ],
)
def test_splits_by_share_length_date_and_range(daily, options, val, test):
    """Data of 100 days, 2020-01-01 .. 2020-04-10; windows of 5 days."""
    found = daily(**options)
    begin = instant("2020-01-01")
    assert ((found.val - begin) / DAY, (found.test - begin) / DAY) == (val, test)
    splits = found.anchors((Span(5 * DAY),))
    day = {name: ((getattr(splits, name) - begin) // DAY).tolist() for name in ("train", "val", "test")}
    ends = {"val": found.val_end or found.test, "test": found.test_end or found.observed_until}
    assert day["train"] == [n for n in range(val % 5, val, 5) if n + 5 <= val]
    assert day["val"] == [n for n in range(val, test, 5) if begin + (n + 5) * DAY <= ends["val"]]
    assert day["test"] == [n for n in range(test, 100, 5) if begin + (n + 5) * DAY <= ends["test"]]


def test_a_range_of_train_ends_its_windows(daily):
    found = daily(train=("2020-01-11", "2020-01-31"), val="2020-02-20", test="2020-03-11")
    splits = found.anchors((Span(5 * DAY),))
    assert ((splits.train - instant("2020-01-11")) // DAY).tolist() == [0, 5, 10, 15]
    options = json.loads(json.dumps(asdict(found)))
    assert daily(**Boundaries.options(options)) == found


@pytest.fixture(scope="module")
def daily(dataset_of, shop):
    """``daily(val=..., test=...)``: boundaries over an order a day for 100 days and one at the end."""
    days = pa.array([instant("2020-01-01") + n * DAY for n in range(101)]).cast(pa.timestamp("us"))
    frames = {name: frame.drop_columns(["__row__"]) for name, frame in shop.frames.items()}
    frames["orders"] = pa.table({"order_id": range(101), "user_id": [0] * 101, "ts": days})
    dataset = dataset_of(shop.schema, frames)
    return lambda **options: placed(dataset, "PREDICT COUNT(orders.*, 0, 5) FOR users.user_id", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"val": ("2020-02-20",)}, r"val= was set: got \('2020-02-20',\)\. Allowed: a pair"),
        ({"train": 0.5}, r"train= was set: got 0\.5\. Allowed: a pair"),
        ({"train": ("2020-01-01", "2020-02-01"), "begin": "2020-01-01"}, "begin= was set, too"),
    ],
)
def test_ranges_that_cannot_be(daily, options, message):
    with pytest.raises(TaskError, match=message):
        daily(**options)
