"""CSC by counting sort against sorting in Python; ids out of range are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import IdError
from workbench.kernels.csc import csc_from_column, csc_from_pairs, no_neighbor

DTYPES = [np.uint32, np.int64]
IDS = st.lists(st.integers(-1, 6), max_size=40)


def test_no_neighbor_is_the_largest_unsigned_or_minus_one():
    assert no_neighbor(np.uint32) == 2**32 - 1
    assert no_neighbor(np.int64) == -1


@given(IDS, st.sampled_from(DTYPES))
def test_a_column_becomes_rows_sorted_by_target_and_row(targets, dtype):
    indptr, nbr = csc_from_column(np.array(targets, np.int64).astype(dtype), 7)
    assert (indptr.dtype, nbr.dtype) == (np.int64, dtype)
    for dst in range(7):
        rows = [row for row, target in enumerate(targets) if target == dst]
        assert nbr[indptr[dst] : indptr[dst + 1]].tolist() == rows
    assert indptr[0] == 0
    assert len(indptr) == 8


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 6)), max_size=40), st.sampled_from(DTYPES))
def test_pairs_become_edges_sorted_by_target_and_row(pairs, dtype):
    src, dst = (np.array([pair[i] for pair in pairs], np.int64).astype(dtype) for i in (0, 1))
    indptr, nbr, eid = csc_from_pairs(src, dst, 7)
    for target in range(7):
        wanted = [(a, row) for row, (a, b) in enumerate(pairs) if b == target and a >= 0]
        window = slice(indptr[target], indptr[target + 1])
        assert list(zip(nbr[window].tolist(), eid[window].tolist(), strict=True)) == wanted


def test_the_inputs_are_not_changed():
    src, dst = np.array([-1, 0]), np.array([1, 1])
    csc_from_pairs(src, dst, 2)
    assert (src.tolist(), dst.tolist()) == ([-1, 0], [1, 1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_id_out_of_range_is_named(dtype):
    with pytest.raises(IdError, match=r"row 1 points at id 7. Allowed: ids 0 \.\. 6"):
        csc_from_column(np.array([0, 7], dtype), 7)


def test_a_negative_id_that_is_not_the_sentinel_is_refused():
    with pytest.raises(IdError, match="row 0 points at id -2"):
        csc_from_column(np.array([-2]), 7)


def test_other_dtypes_are_refused():
    with pytest.raises(IdError, match=r"dtype int32. Allowed: uint32 or int64"):
        csc_from_column(np.array([0], np.int32), 7)
