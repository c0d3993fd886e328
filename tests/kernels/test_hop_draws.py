"""Draws of one node against plain Python, known values, and that weights are what is drawn by."""

import brute_draws
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.hop_draws import by_mass, by_scan, draw_share, first_above, floyd, with_replacement
from workbench.kernels.jit import kernel

KEYS = st.integers(0, 2**64 - 1)
NONE = np.empty(0, np.int64)
QUARTERS = st.lists(st.integers(0, 8).map(lambda n: n / 4), min_size=1, max_size=20)


@kernel
def shared(key, index):
    return draw_share(key, index)


@kernel
def searched(masses, begin, end, target):
    return first_above(masses, begin, end, target)


@given(KEYS, st.integers(0, 2**64 - 1))
def test_a_share_is_53_bits_of_a_draw(key, index):
    got = shared(np.uint64(key), np.uint64(index))
    assert got == brute_draws.share(key, index)
    assert 0 <= got < 1


def test_shares_are_frozen():
    """Stored predictions name these draws: changing them is a change of format."""
    drawn = [shared(np.uint64(1), np.uint64(i)) for i in range(3)]
    assert drawn == [0.5665615751722809, 0.7457817572627011, 0.9710027535867962]


@given(KEYS, st.integers(1, 200), st.data())
def test_floyd_is_the_oracles(key, count, data):
    take = data.draw(st.integers(1, count))
    ranks = np.empty(take, np.int64)
    floyd(np.uint64(key), count, take, ranks)
    assert ranks.tolist() == brute_draws.floyd(key, count, take)
    assert len(set(ranks.tolist())) == take


@given(KEYS, st.integers(1, 50), st.integers(1, 80))
def test_with_replacement_each_draw_is_its_own(key, count, take):
    ranks = np.empty(take, np.int64)
    with_replacement(np.uint64(key), count, take, ranks)
    assert ranks.tolist() == [brute_draws.draw_below(key, d, count) for d in range(take)]


@given(QUARTERS, st.floats(0, 50))
def test_the_search_is_for_the_first_mass_above(loads, target):
    masses = np.cumsum(loads)
    wanted = next((i for i, mass in enumerate(masses) if mass > target), len(masses))
    assert searched(masses, 0, len(masses), target) == wanted


@given(KEYS, QUARTERS, st.booleans(), st.data())
def test_attempts_and_scan_together_are_the_oracles(key, loads, again, data):
    weights, count = np.array(loads), len(loads)
    take = data.draw(st.integers(1, count * 2 if again else count))
    wanted = brute_draws.by_weight(key, take, again, lambda ranks: [loads[rank] for rank in ranks], count)
    if not weights.any():
        assert wanted == []
        return
    ranks = np.full(take, -1)
    found = by_mass(np.uint64(key), np.cumsum(weights), 0, count, 0.0, False, take, again, ranks)
    if found < take:
        found = by_scan(np.uint64(key), weights, NONE, 0.0, found, take, ranks)
    assert ranks[:found].tolist() == wanted
    assert found == (take if again else min(take, np.count_nonzero(weights)))
    assert all(loads[rank] > 0 for rank in wanted)


@pytest.mark.parametrize("scan", [False, True])
def test_edges_come_first_in_proportion_to_their_weights(scan):
    weights, counts, ranks = np.array([1.0, 0.0, 2.0, 5.0]), np.zeros(4), np.zeros(1, np.int64)
    for key in range(8000):
        if scan:
            by_scan(np.uint64(key), weights, NONE, 0.0, 0, 1, ranks)
        else:
            by_mass(np.uint64(key), np.cumsum(weights), 0, 4, 0.0, False, 1, False, ranks)
        counts[ranks[0]] += 1
    assert counts[1] == 0
    wanted = np.array([1000, 2000, 5000])
    assert ((counts[[0, 2, 3]] - wanted) ** 2 / wanted).sum() < 13.8  # chi-square of 2 degrees, p = 0.001


def test_edges_any_number_of_half_lives_old_are_still_drawn():
    times, ranks = np.array([0, 10**6, 2 * 10**6]), np.zeros(3, np.int64)
    assert by_scan(np.uint64(5), np.empty(0), times, 1.0, 0, 3, ranks) == 3
    assert ranks.tolist() == [2, 1, 0]


def test_the_last_attempt_counts_and_no_later_one():
    """One edge of two outweighs the other, so that many second draws take all 24 attempts or more."""
    loads, last = [1.0, 40.0], 0
    for key in range(1500):
        ranks = np.full(2, -1)
        found = by_mass(np.uint64(key), np.cumsum(loads), 0, 2, 0.0, False, 2, False, ranks)
        tries, first = 1, brute_draws.share(key, 0) * 41 < 1
        while tries < 24 and (brute_draws.share(key, 1 + ((tries - 1) << 32)) * 41 < 1) == first:
            tries += 1
        wanted = 1 if tries == 24 else 2
        last += tries == 23
        assert found == wanted
    assert last > 5
