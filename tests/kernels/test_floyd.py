"""Floyd's draws, side by side and node by node, against plain Python."""

import brute_force
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.kernels.floyd import ROWS, SCAN, floyd_one, floyd_rows, is_taken, take_in
from workbench.kernels.jit import kernel
from workbench.stores.capacity import hash_slots
from workbench.stores.fused import address

word = st.integers(0, 2**64 - 1)


@kernel
def _one(key, count, take, ranks, taken, mask, stamp):
    floyd_one(key, count, take, ranks, taken, mask, stamp)


@kernel
def _rows(keys, counts, takes, ranks, rows):
    floyd_rows(keys, counts, takes, ranks, rows)


@kernel
def _look(ranks, take, taken, mask, stamp, asked, found):
    """Enter each rank after asking for all ``asked`` ones."""
    for drawn in range(take):
        rank = ranks[drawn]
        for i in range(len(asked)):
            found[drawn, i] = is_taken(asked[i], drawn, ranks.ctypes.data, take, taken, mask, stamp)
        take_in(rank, taken, mask, stamp)


@given(word, st.integers(2, 400), st.data())
def test_one_node_is_the_oracles_on_both_sides_of_the_scan_limit(key, count, data):
    take = data.draw(st.integers(1, min(count - 1, 3 * SCAN)))
    ranks, taken = np.empty(take, np.int64), np.zeros(hash_slots(take), np.int64)
    for stamp in (1, 2):
        _one(np.uint64(key), count, take, address(ranks), address(taken), len(taken) - 1, stamp)
        assert ranks.tolist() == brute_force.floyd(key, count, take)


def rows_of(keys, counts, takes):
    keys, counts, takes = np.array(keys, np.uint64), np.array(counts), np.array(takes)
    ranks = np.full((ROWS, 16), -7, np.int32)
    _rows(address(keys), address(counts), address(takes), address(ranks), int(takes.max(initial=0)))
    return [ranks[:take, lane].tolist() for lane, take in enumerate(takes)]


@settings(max_examples=200)
@given(st.lists(word, min_size=16, max_size=16), st.data())
def test_sixteen_nodes_are_sixteen_times_one(keys, data):
    counts = [data.draw(st.sampled_from([0, 1, 2, 5, 20, 129, 1000, 2**31 - 1])) for _ in keys]
    takes = [data.draw(st.integers(0, min(count, 30))) for count in counts]
    assert rows_of(keys, counts, takes) == [
        brute_force.floyd(key, count, take) for key, count, take in zip(keys, counts, takes, strict=True)
    ]


def test_all_rows_are_used():
    keys = list(range(16))
    counts, takes = [200] * 16, [ROWS] * 16
    assert rows_of(keys, counts, takes) == [brute_force.floyd(key, 200, ROWS) for key in keys]


@pytest.mark.parametrize("lane", [0, 15])
def test_a_rejected_draw_is_drawn_again(lane):
    """A third of all draws below this bound are rejected."""
    count, keys = 1_431_655_766, list(range(1000, 1016))
    redrawn = next(k for k in range(100_000) if rejects(k, count))
    keys[lane] = redrawn
    assert rows_of(keys, [count] * 16, [1] * 16)[lane] == brute_force.floyd(redrawn, count, 1)


@given(st.sampled_from([3, SCAN, SCAN + 1, 3 * SCAN]), st.integers(0, 40), word)
def test_what_is_taken_is_what_was_drawn(take, base, key):
    """Also where the set is as full as it gets, and ranks beyond 2^31 wrap around its end."""
    rng = np.random.default_rng(key)
    ranks = (base << 26) + rng.permutation(4 * take)[:take]
    asked = np.concatenate([ranks, ranks + 1, [0, (1 << 32) - 1]])
    taken = np.zeros(hash_slots(take), np.int64)
    for stamp in (1, 2):
        found = np.zeros((take, len(asked)), np.bool_)
        _look(ranks, take, address(taken), len(taken) - 1, stamp, asked, found)
        for drawn in range(take):
            assert found[drawn].tolist() == np.isin(asked, ranks[:drawn]).tolist()


def rejects(key, bound):
    low = (brute_force.splitmix(key + brute_force.GOLDEN) >> 32) * bound & 0xFFFFFFFF
    return low < (1 << 32) % bound
