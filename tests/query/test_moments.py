"""Instants that are of another unit are refused, those far from the data are warned of."""

from __future__ import annotations

import warnings

import pytest

from workbench.errors import TaskError
from workbench.query.moments import Observed, moment
from workbench.temporal import instant

FIRST, LAST = instant("2012-01-01"), instant("2013-12-31")
DATA = Observed.of(FIRST, LAST, 30 * 86_400_000_000)
NOW = instant("2013-12-01")


def test_moments_lie_in_the_calendar():
    assert moment("val", "9999-12-31") == instant("9999-12-31")
    with pytest.raises(
        TaskError, match=r"val= was set: got 9223372036854775807\. Allowed: .* years 1 to 9999"
    ):
        moment("val", 2**63 - 1)


@pytest.mark.parametrize(
    ("value", "unit", "do"),
    [
        (NOW // 1_000_000, "seconds", r"at=1385856000 \* 1_000_000"),
        (NOW // 1_000, "milliseconds", r"at=1385856000000 \* 1_000"),
        (NOW * 1_000, "nanoseconds", r"at=1385856000000000000 // 1_000"),
    ],
)
def test_an_int_of_another_unit_is_refused(value, unit, do):
    message = rf"got {value}; as {unit} this is 2013-12-01, near the data .*Write {do}, or at='2013-12-01'"
    with pytest.raises(TaskError, match=message):
        moment("at", value, DATA)


@pytest.mark.parametrize("near", [FIRST, LAST, NOW, LAST + 60 * 86_400_000_000])
def test_instants_near_the_data_pass(near):
    with warnings.catch_warnings(action="error"):
        assert moment("at", near, DATA) == near


@pytest.mark.parametrize("far", ["1970-01-01", "2031-12-01", 0])
def test_instants_far_from_the_data_are_warned_of(far):
    with pytest.warns(UserWarning, match=r"at= was set: .* is far outside 2012-01-01 \.\. 2013-12-31"):
        assert moment("at", far, DATA) == instant(far)


def test_slack_is_a_window_or_a_tenth_of_the_data():
    assert Observed.of(0, 100, 7).slack == 10
    assert Observed.of(0, 100, 30).slack == 30
    assert str(DATA) == "2012-01-01 .. 2013-12-31"
