"""Instants that are of another unit are refused, those far from the data are warned of."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from workbench.errors import AnchorError, TaskError
from workbench.query.moments import Observed, check_units, covered, moment
from workbench.stores.ram_graph import RamGraph
from workbench.temporal import FOREVER, instant
from workbench.testing.graphs import DAY, toy_shop

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


@pytest.mark.parametrize(
    ("factor", "unit"), [(1e-6, "seconds"), (1e-3, "milliseconds"), (1e3, "nanoseconds")]
)
def test_one_anchor_of_another_unit_is_enough(factor, unit):
    anchors = np.array([NOW, FOREVER, NOW])
    check_units("at", anchors, DATA)
    anchors[2] = round(NOW * factor)
    with pytest.raises(AnchorError, match=f"as {unit} this is 2013-12-01"):
        check_units("at", anchors, DATA)


def test_anchors_pass_where_nothing_can_be_told():
    far = np.array([instant("1890-01-01"), instant("2031-12-01")])
    check_units("at", far, DATA)
    check_units("at", np.array([FOREVER]), DATA)
    check_units("at", np.empty(0, np.int64), DATA)
    check_units("at", np.array([NOW // 1000]), None)
    check_units("at", np.array([1000 * DAY]), covered(RamGraph(toy_shop())))


def test_a_graph_covers_the_times_of_all_its_tables():
    found = covered(RamGraph(toy_shop()))
    assert (found.first, found.last) == (0, 5 * DAY)
