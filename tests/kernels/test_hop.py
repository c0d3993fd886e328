"""The plain hop kernel's search and Floyd's draws against Python, and known values of the draws."""

from bisect import bisect_left

import brute_force
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.hop import first_at_least
from workbench.kernels.hop_draws import floyd
from workbench.kernels.jit import kernel


@kernel
def _floyd(key, count, take):
    wanted = np.empty(take, np.int64)
    floyd(key, count, take, wanted)
    return wanted


@kernel
def _search(ids, begin, end, bound):
    return first_at_least(ids, begin, end, bound)


@given(st.integers(0, 2**64 - 1), st.integers(1, 200), st.data())
def test_floyd_is_the_oracles(key, count, data):
    take = data.draw(st.integers(1, count))
    drawn = _floyd(np.uint64(key), count, take).tolist()
    assert drawn == brute_force.floyd(key, count, take)
    assert len(set(drawn)) == take
    assert 0 <= min(drawn) <= max(drawn) < count


def test_draws_are_frozen():
    """Stored predictions name these draws: changing them is a change of format."""
    assert _floyd(np.uint64(1), 1000, 4).tolist() == brute_force.floyd(1, 1000, 4)
    assert brute_force.floyd(1, 1000, 4) == [564, 744, 970, 444]


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(-1, 22), st.data())
def test_the_search_is_bisection(values, bound, data):
    ids = np.array(sorted(values), np.uint32)
    begin = data.draw(st.integers(0, len(ids)))
    end = data.draw(st.integers(begin, len(ids)))
    assert _search(ids, begin, end, bound) == bisect_left(sorted(values), bound, begin, end)
