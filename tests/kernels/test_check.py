"""The checks of loaded arrays find the first bad entry, at any place, or none."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.check import first_bad_id, first_descent


@given(st.lists(st.integers(-3, 12), max_size=30), st.sampled_from([-1, -2]))
def test_the_first_bad_id(ids, nothing):
    bad = [i for i, value in enumerate(ids) if not 0 <= value < 9 and value != nothing]
    assert first_bad_id(np.array(ids, np.int64), 9, nothing) == (bad[0] if bad else -1)


def test_unsigned_ids_are_not_taken_for_negative_ones():
    ids = np.array([0, 2**32 - 1, 5], np.uint32)
    assert first_bad_id(ids, 6, 2**32 - 1) == -1
    assert first_bad_id(ids, 6, -1) == 1


@given(st.lists(st.integers(0, 5), max_size=30))
def test_the_first_descent(values):
    wanted = [i for i in range(1, len(values)) if values[i] < values[i - 1]]
    assert first_descent(np.array(values, np.int64)) == (wanted[0] if wanted else -1)
