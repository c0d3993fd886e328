"""Defaults of the splits' beginnings come from the tables that labels look at, and only from them."""

from __future__ import annotations

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
