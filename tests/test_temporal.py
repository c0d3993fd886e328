"""Instants, spans, and visibility, against the standard library, pandas and brute force."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import AnchorError
from workbench.temporal import (
    BEGINNING,
    FOREVER,
    MICROSECONDS,
    NO_TIME,
    Span,
    clamp,
    cut,
    duration,
    instant,
    instants,
    iso,
    just_before,
    lookback,
    visible,
)
from workbench.testing.sizes import cases

DAY = MICROSECONDS["days"]


@pytest.mark.parametrize(
    "value",
    [
        "2010-01-01",
        "2010-01-01T00:00:00Z",
        "2010-01-01 02:00+02:00",
        dt.date(2010, 1, 1),
        dt.datetime(2010, 1, 1),
        dt.datetime(2010, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        np.datetime64("2010-01-01"),
        np.datetime64("2010-01-01T00:00:00.000000000"),
        pd.Timestamp("2010-01-01"),
        1262304000000000,
        np.int64(1262304000000000),
    ],
)
def test_instants_are_microseconds_of_utc(value):
    assert instant(value) == 1262304000000000


@pytest.mark.parametrize(
    "value",
    ["yesterday", True, None, 3.5, np.datetime64("NaT"), [], "0001-01-01T00:00+14:00", float("nan"),
     dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-5))), 1 << 63, -(1 << 64),
     np.datetime64(10**12, "D"), np.datetime64(1 << 62, "s"), np.datetime64(-(1 << 62), "ms")],
)  # fmt: skip
def test_what_is_no_instant_is_refused(value):
    with pytest.raises(AnchorError, match="an instant was asked for"):
        instant(value)


@pytest.mark.parametrize("unit", ["D", "s", "ms", "us", "ns"])
def test_arrays_of_datetimes_of_any_unit_are_instants(unit):
    days = np.arange(-40_000, 40_000, 997)
    stamps = days.astype("datetime64[D]").astype(f"datetime64[{unit}]")
    assert instants(stamps).tolist() == (days * DAY).tolist()
    assert instants(stamps[:0]).tolist() == []
    with pytest.raises(AnchorError, match=r"an instant was asked for: got np.datetime64\('NaT'"):
        instants(np.append(stamps, np.datetime64("NaT")))


def test_what_is_finer_than_a_microsecond_never_moves_into_the_future():
    assert instants(np.array([-1, 999, 1000], "datetime64[ns]")).tolist() == [-1, 0, 1]


def test_infinity_is_forever():
    assert instant(float("inf")) == FOREVER
    assert (iso(FOREVER), iso(BEGINNING)) == ("never", "the beginning")
    assert iso(instant("2010-01-01 12:30")) == "2010-01-01 12:30:00"
    assert iso(instant("2010-01-01 12:30:00.5")) == "2010-01-01 12:30:00.500000"


@pytest.mark.parametrize(
    ("value", "microseconds"),
    [("30 days", 30 * DAY), ("1.5 hours", 5_400_000_000), (dt.timedelta(weeks=1), 7 * DAY), (5, 5),
     (np.timedelta64(2, "s"), 2_000_000), ("1 day", DAY)],
)  # fmt: skip
def test_durations(value, microseconds):
    assert duration(value) == microseconds
    assert Span.read(value) == Span(microseconds)


@pytest.mark.parametrize(
    "value",
    [
        "99999999999 days",
        "9" * 400 + " days",
        10**19,
        np.timedelta64("NaT"),
        np.timedelta64(1 << 61, "D"),
        True,
        "3 fortnights",
    ],
)
def test_what_is_no_length_of_time_is_refused(value):
    with pytest.raises(AnchorError, match=r"a length of time was asked for: got .* at most 10,000 years"):
        duration(value)
    with pytest.raises(AnchorError, match="a length of time was asked for"):
        Span.read(value)


@pytest.mark.parametrize("value", ["30", "30 lightyears", "days", True, None, "1.5 months"])
def test_what_is_no_duration_is_refused(value):
    with pytest.raises(AnchorError, match="a length of time was asked for"):
        Span.read(value)


@pytest.mark.parametrize(
    ("span", "text"),
    [(Span.of(30, "days"), "30 days"), (Span.of(1, "hours"), "1 hour"), (Span.read("3 months"), "3 months"),
     (Span.of(1, "years"), "12 months"), (Span(), "0 days"), (Span(90_000_000), "90 seconds"),
     (Span(DAY, 1), "1 month and 1 day")],
)  # fmt: skip
def test_spans_print(span, text):
    assert str(span) == text
    assert span != text


@settings(max_examples=cases(200, 2000))
@given(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)), st.integers(-400, 400))
def test_months_are_those_of_the_calendar(moment, months):
    expected = (pd.Timestamp(moment) + pd.DateOffset(months=months)).to_pydatetime()
    assert Span(months=months).after(instant(moment)) == instant(expected)


@given(st.lists(st.integers(0, 12) | st.just(NO_TIME)), st.lists(st.integers(-1, 13), min_size=1))
def test_a_cut_counts_the_visible_rows(times, anchors):
    ordered = np.sort(np.array(times, np.int64))
    found = cut(ordered, np.array([*anchors, FOREVER], np.int64))
    assert found.tolist() == [int(visible(ordered, a).sum()) for a in [*anchors, FOREVER]]
    for anchor, count in zip(anchors, found, strict=False):
        assert count == sum(t != NO_TIME and t <= anchor for t in times)


def test_a_row_is_visible_from_its_time_until_its_end():
    time, end = np.array([5, 5, 5, NO_TIME]), np.array([9, NO_TIME, 5, NO_TIME])
    seen = {anchor: visible(time, anchor, end).tolist() for anchor in (4, 5, 8, 9, FOREVER)}
    assert seen[4] == [False] * 4
    assert seen[5] == seen[8] == [True, True, False, False]
    assert seen[9] == seen[FOREVER] == [False, True, False, False]


def test_strict_plans_see_what_was_before_the_anchor():
    anchors = np.array([0, 10, FOREVER, BEGINNING])
    assert just_before(anchors).tolist() == [-1, 9, FOREVER, BEGINNING]


def test_look_back_and_until():
    assert lookback(np.array([10, BEGINNING + 1, FOREVER]), 4).tolist() == [6, BEGINNING, BEGINNING]
    assert clamp(np.array([1, 9], np.int64), 5).tolist() == [1, 5]
    assert clamp(np.array([1, 9], np.int64), None).tolist() == [1, 9]
