"""Label windows of one split end before the next begins, against pandas and brute force."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import TaskError
from workbench.query.splits import MAX_ANCHORS, default_boundaries, split_anchors, windows_end
from workbench.temporal import MICROSECONDS, Span, instant, iso
from workbench.testing.sizes import cases

DAY = MICROSECONDS["days"]


SPANS = st.integers(1, 60).map(lambda n: Span.of(n, "days")) | st.integers(1, 5).map(lambda n: Span(months=n))


@settings(max_examples=cases(300, 2000))
@given(
    horizon=st.lists(SPANS, min_size=1, max_size=2).map(tuple),
    every=SPANS,
    begin=st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2001, 1, 1)),
    gaps=st.lists(st.integers(0, 900), min_size=3, max_size=3),
    caps=st.tuples(st.none() | st.integers(1, 5), st.none() | st.integers(1, 5)),
)
def test_no_label_window_crosses_into_the_next_split(horizon, every, begin, gaps, caps):
    first = instant(begin)
    val, test, observed = (first + int(n) * DAY for n in np.cumsum(gaps))
    bounds = {"begin": first, "val": val, "test": test, "observed_until": observed}
    try:
        splits = split_anchors(horizon, every, **bounds, train_windows=caps[0], eval_windows=caps[1])
    except TaskError:
        longest = max(span.approximate for span in horizon)
        slack = 31 * DAY * 6
        assert min(val - first, test - val, observed - test) < longest + slack
        return
    ends = [windows_end(horizon, anchors) for anchors in (splits.train, splits.val, splits.test)]
    assert first <= splits.train[0]
    assert ends[0].max() <= val == splits.val[0]
    assert ends[1].max() <= test == splits.test[0]
    assert ends[2].max() <= observed
    for anchors, cap in zip(
        (splits.train, splits.val, splits.test), (caps[0], caps[1], caps[1]), strict=True
    ):
        assert (np.diff(anchors) > 0).all()
        assert cap is None or len(anchors) <= cap


@settings(max_examples=cases(200, 2000))
@given(SPANS, st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2001, 1, 1)), st.integers(1, 40))
def test_windows_of_a_split_do_not_overlap_and_leave_no_gap(span, begin, windows):
    first = instant(begin)
    observed = (span * (windows + 3)).after(first)
    val, test = default_boundaries((span,), span, begin=first, observed_until=observed)
    splits = split_anchors((span,), span, begin=first, val=val, test=test, observed_until=observed)
    for anchors in (splits.train, splits.val, splits.test):
        ends = windows_end((span,), anchors)
        assert (ends[:-1] <= anchors[1:]).all()
        if not span.months:
            assert (ends[:-1] == anchors[1:]).all()
    if not span.months:
        assert observed - windows_end((span,), splits.test)[-1] == 0
        share = max(1, round(0.1 * (windows + 3)))
        assert (len(splits.val), len(splits.test)) == (share, share)


def test_the_splits_of_a_published_task():
    month = Span.of(30, "days")
    bounds = {
        "val": "2005-01-01",
        "test": "2010-01-01",
        "begin": "1950-05-13",
        "observed_until": "2025-10-05",
    }
    splits = split_anchors((month,), month, **{k: instant(v) for k, v in bounds.items()}, eval_windows=40)
    expected = pd.date_range("2004-12-02", "1950-05-13", freq="-30D")[::-1]
    assert splits.train.tolist() == [instant(t) for t in expected]
    assert (len(splits.val), len(splits.test)) == (40, 40)
    assert iso(int(splits.val[-1])) == "2008-03-16"


def test_splits_that_cannot_be_say_which_and_why():
    year, day = Span.of(365, "days"), Span.of(1, "days")
    bounds = {"begin": 0, "val": 100 * DAY, "test": 200 * DAY, "observed_until": 300 * DAY}
    with pytest.raises(TaskError, match=r"anchors of the val split .* label window of 365 days fits"):
        split_anchors((year,), day, **{**bounds, "begin": -900 * DAY})
    too_short = (
        r"windows of 1 day or 365 days .*: the data span 300 days, from 1970-01-01 to 1970-10-28; three"
    )
    with pytest.raises(TaskError, match=too_short + r" windows, one per split, need 1095 days\. Shorten"):
        split_anchors((day, year), day, **bounds)
    with pytest.raises(TaskError, match="anchors of the test split"):
        split_anchors((day,), day, **{**bounds, "observed_until": 200 * DAY})
    with pytest.raises(TaskError, match="a step of more than 0"):
        split_anchors((day,), Span(0), **bounds)
    with pytest.raises(TaskError, match=f"at most {MAX_ANCHORS:,}. Set every= to a longer step"):
        split_anchors((day,), Span(1), **bounds)
