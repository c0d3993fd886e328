"""Buckets cover every bin once; the state on disk is replaced whole and refuses other columns."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import IngestError
from workbench.ingestion.csc_plan import SAVE_EVERY, STATE, Buckets, CscState, is_due


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.integers(1, 20), st.integers(0, 3))
def test_buckets_are_runs_of_bins_of_about_equal_size(counts, size, shift):
    bins = np.array(counts)
    num_dst = (len(bins) << shift) - (1 << shift) + 1  # the last bin has one node
    buckets = Buckets.of(bins, shift, num_dst, size)
    assert buckets.of_bin.dtype == np.int32
    assert (np.diff(buckets.of_bin) >= 0).all()
    assert len(buckets.of_bin) == len(bins)
    assert (np.diff(buckets.begins) == np.bincount(buckets.of_bin, bins, len(buckets))).all()
    assert (buckets.bounds[0], buckets.bounds[-1]) == (0, num_dst)
    assert buckets.bounds[1:-1].tolist() == (buckets.stops[:-1] << shift).tolist()
    # One bucket more than needed at most, and none larger than a bucket and its last bin.
    assert len(buckets) <= sum(counts) // size + 1
    assert (np.diff(buckets.begins) < size + max(counts) + 1).all()


def state():
    return CscState.of("uint32", 5, 4, 0, False, Buckets.of(np.array([2, 1, 2]), 0, 4, 2))


def test_a_new_build_is_saved_and_found_again(tmp_path):
    fresh = state()
    assert fresh.found_in(tmp_path) == fresh
    later = replace(fresh, split_rows=3, filled=[2, 1], sorted_buckets=1)
    later.save(tmp_path)
    assert fresh.found_in(tmp_path) == later
    assert [path.name for path in tmp_path.iterdir()] == [STATE]


@pytest.mark.parametrize(
    ("name", "value"), [("rows", 6), ("num_dst", 9), ("dtype", "int64"), ("pairs", True), ("begins", [0, 5])]
)
def test_other_columns_are_refused(tmp_path, name, value):
    state().save(tmp_path)
    with pytest.raises(IngestError, match=rf"begun over other columns or sizes: .*{name}.* differ"):
        replace(state(), **{name: value}).found_in(tmp_path)


def test_a_save_is_due_after_enough_work_and_at_the_end():
    assert [is_due(SAVE_EVERY - 1, False), is_due(SAVE_EVERY, False), is_due(0, True)] == [False, True, True]


def test_roles_and_width():
    pairs = replace(state(), pairs=True)
    assert (state().roles, state().width) == (("indptr", "nbr"), 2)
    assert (pairs.roles, pairs.width) == (("indptr", "nbr", "eid"), 3)
