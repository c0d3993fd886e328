"""Figures that forget."""

import pytest

from widgets._recent import RECENT, Pace, lately


def test_stages_of_long_ago_fade_and_shares_stay():
    times = {}
    for _ in range(100):
        times = lately(times, {"sample": 3.0, "fetch": 1.0})
    assert sum(times.values()) == pytest.approx(RECENT)
    assert times["sample"] == pytest.approx(3 * times["fetch"])
    for _ in range(40):
        times = lately(times, {"forward": 2.0})
    assert times["forward"] > 0.99 * RECENT


def test_a_steady_pace_is_told_from_the_second_step_on():
    pace = Pace(5.0)
    assert pace.rate == 0
    for step in range(1, 50):
        pace = pace.then(5.0 + 0.5 * step, 64)
        assert pace.rate == pytest.approx(128)


def test_a_change_of_pace_shows_within_the_time_looked_back():
    pace = Pace(0.0)
    for step in range(1, 101):
        pace = pace.then(float(step), 10)
    for step in range(101, 101 + int(2 * RECENT)):
        pace = pace.then(float(step), 100)
    assert 80 < pace.rate < 100


def test_steps_within_a_tick_tell_no_rate():
    assert Pace(1.0).then(1.0, 64).rate == 0
