"""Kernels of the out-of-core sort, each against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.buckets import count_bins, count_dsts, place_records, split_rows
from workbench.kernels.csc import csc_from_pairs, no_neighbor

DTYPES = [np.uint32, np.int64]
ROWS = st.lists(st.tuples(st.integers(-1, 11), st.integers(-1, 3)), max_size=60)


def columns(rows, dtype):
    ends = np.array(rows, np.int64).reshape(-1, 2)
    return ends[:, 0].astype(dtype), ends[:, 1].astype(dtype), (ends >= 0)


@given(ROWS, st.sampled_from(DTYPES), st.booleans(), st.integers(0, 3))
def test_bins_count_the_rows_that_are_edges(rows, dtype, pairs, shift):
    dst, src, linked = columns(rows, dtype)
    bins = np.ones((11 >> shift) + 1, np.int64)
    given_src = src if pairs else src[:0]
    assert count_bins(dst, given_src, 12, 4, no_neighbor(dtype), shift, bins) == -1
    edges = linked.all(axis=1) if pairs else linked[:, 0]
    wanted = np.bincount(dst[edges].astype(np.int64) >> shift, minlength=len(bins))
    assert (bins - 1 == wanted).all()


@pytest.mark.parametrize(("dst", "src"), [([0, 12, 0], [0, 0, 0]), ([0, 0, 0], [0, 4, 0]), ([0, -2], [0, 0])])
def test_the_first_row_out_of_range_is_told(dst, src):
    ends = np.array(dst), np.array(src)
    assert count_bins(*ends, 12, 4, -1, 0, np.zeros(12, np.int64)) == 1


@given(ROWS, st.sampled_from(DTYPES), st.booleans(), st.integers(0, 9))
def test_a_split_is_a_stable_sort_by_bucket(rows, dtype, pairs, first):
    dst, src, linked = columns(rows, dtype)
    of_bin = np.array([0, 1, 1, 2, 2, 2], np.int32)  # of pairs of nodes
    ends, records = np.empty(3, np.int64), np.empty((len(rows), 3 if pairs else 2), dtype)
    split_rows(dst, src if pairs else src[:0], first, no_neighbor(dtype), 1, of_bin, ends, records)
    edges = np.flatnonzero(linked.all(axis=1) if pairs else linked[:, 0])
    bucket = of_bin[dst[edges].astype(np.int64) >> 1]
    order = edges[np.argsort(bucket, kind="stable")]
    assert (ends == np.cumsum(np.bincount(bucket, minlength=3))).all()
    parts = [dst[order], src[order], order + first] if pairs else [dst[order], order + first]
    assert (records[: len(edges)] == np.stack(parts, axis=1).astype(dtype)).all()


@given(ROWS, st.sampled_from(DTYPES), st.integers(1, 9))
def test_records_in_parts_sort_like_pairs_at_once(rows, dtype, part):
    dst, src, linked = columns(rows, dtype)
    indptr, nbr, eid = csc_from_pairs(src, dst, 12)
    edges = np.flatnonzero(linked.all(axis=1))
    records = np.stack([dst[edges] + dtype(7), src[edges], edges.astype(dtype)], axis=1)
    parts = [records[at : at + part] for at in range(0, len(records), part)]
    offsets = np.zeros(13, np.int64)
    for some in parts:
        count_dsts(some, 7, offsets)
    offsets = np.cumsum(offsets)
    assert (offsets == indptr).all()
    found, rows_found = np.empty(len(edges), dtype), np.empty(len(edges), dtype)
    for some in parts:
        place_records(some, 7, offsets, found, rows_found)
    assert (found == nbr).all()
    assert (rows_found == eid).all()
