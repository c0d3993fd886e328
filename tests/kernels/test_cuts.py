"""The kernels' binary search is the cut of temporal.py, ties and rows without time included."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.cuts import count_visible_rows, largest_degree
from workbench.temporal import BEGINNING, FOREVER, NO_TIME, cut

INSTANTS = st.one_of(st.integers(-5, 5), st.sampled_from([BEGINNING, FOREVER - 1]))
ANCHORS = st.one_of(INSTANTS, st.just(FOREVER))


@given(st.lists(INSTANTS, max_size=70), st.integers(0, 3), st.lists(ANCHORS, max_size=40))
def test_it_is_the_cut_of_temporal(times, undated, anchors):
    clock = np.array([*sorted(times), *[NO_TIME] * undated], np.int64)
    wanted = cut(clock, np.array(anchors, np.int64))
    got = np.full(len(anchors), -7)
    address = clock.__array_interface__["data"][0]
    count_visible_rows(clock, address, len(times), np.array(anchors, np.int64), got)
    assert got.tolist() == wanted.tolist()


@given(st.lists(st.integers(0, 9), max_size=20))
def test_the_largest_degree(degrees):
    assert largest_degree(np.concatenate([[0], np.cumsum(degrees)]).astype(np.int64)) == max(
        degrees, default=0
    )
