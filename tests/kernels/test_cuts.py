"""The kernels' binary search is the cut of temporal.py, ties and rows without time included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.cuts import KNOTS, count_visible_rows, guess_row, largest_degree, rows_until
from workbench.kernels.jit import kernel
from workbench.stores.fused import address
from workbench.temporal import BEGINNING, FOREVER, NO_TIME, cut

INSTANTS = st.one_of(st.integers(-5, 5), st.sampled_from([BEGINNING, FOREVER - 1]))
ANCHORS = st.one_of(INSTANTS, st.just(FOREVER))


@kernel
def _guess(knots_at, dated, limit):
    return guess_row(knots_at, dated, limit)


@kernel
def _until(times_at, dated, guess, limit):
    return rows_until(times_at, dated, guess, limit)


def knots_of(times):
    return np.array([times[k * (len(times) - 1) // KNOTS] for k in range(KNOTS + 1)] if times else [])


def counted(clock, dated, anchors):
    got, knots = np.full(len(anchors), -7), knots_of(clock[:dated].tolist())
    count_visible_rows(address(clock), address(knots), dated, anchors, got)
    return got.tolist()


@given(st.lists(INSTANTS, max_size=70), st.integers(0, 3), st.lists(ANCHORS, max_size=40))
def test_it_is_the_cut_of_temporal(times, undated, anchors):
    clock, asked = np.array([*sorted(times), *[NO_TIME] * undated], np.int64), np.array(anchors, np.int64)
    assert counted(clock, len(times), asked) == cut(clock, asked).tolist()


@pytest.mark.parametrize("kind", ["even", "steep", "bursts", "one"])
def test_many_rows_however_they_are_spread(kind):
    rng = np.random.default_rng(5)
    spread = {
        "even": np.arange(20_000) * 7,
        "steep": (1.002 ** np.arange(20_000)).astype(np.int64),
        "bursts": np.repeat(rng.integers(-(10**15), 10**15, 40), 500),
        "one": np.full(20_000, 3),
    }[kind]
    clock = np.sort(spread)
    near = rng.choice(clock, 300) + rng.integers(-1, 2, 300)
    asked = np.concatenate([near, [BEGINNING, FOREVER, clock[0], clock[-1], clock[0] - 1, clock[-1] + 1]])
    assert counted(clock, len(clock), asked) == cut(clock, asked).tolist()


@given(st.lists(INSTANTS, min_size=1, max_size=90), ANCHORS)
def test_every_guess_leads_to_the_cut(times, limit):
    clock = np.array(sorted(times), np.int64)
    assert 0 <= _guess(address(knots_of(clock.tolist())), len(clock), limit) < len(clock)
    for guess in range(len(clock)):
        assert _until(address(clock), len(clock), guess, limit) == cut(clock, np.array([limit]))[0]


def test_even_times_are_guessed_exactly():
    clock = np.arange(100_000) * 1000
    knots = knots_of(clock.tolist())
    for row in (0, 1, 777, 50_001, 99_999):
        assert abs(_guess(address(knots), len(clock), row * 1000 + 1) - row) <= 1


@given(st.lists(st.integers(0, 9), max_size=20))
def test_the_largest_degree(degrees):
    assert largest_degree(np.concatenate([[0], np.cumsum(degrees)]).astype(np.int64)) == max(
        degrees, default=0
    )
