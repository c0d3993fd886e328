"""Columns are checked before anything is written, and counted into buckets."""

import numpy as np
import pytest

from workbench.errors import IdError
from workbench.ingestion.csc_columns import MOST_BINS, Columns

QUIET = lambda stage, done: None  # noqa: E731


def ids(*values, dtype=np.uint32):
    return np.array(values, np.int64).astype(dtype)


def test_chunks_begin_where_they_are_told():
    columns = Columns(ids(0, 1, 2, 3, 4), ids(5, 6, 7, 8, 9), 5, 10, 2)
    found = [(first, dst.tolist(), src.tolist()) for first, dst, src in columns.chunks(1)]
    assert found == [(1, [1, 2], [6, 7]), (3, [3, 4], [8, 9])]
    assert [len(src) for _, _, src in Columns(ids(0, 1), None, 5, 0, 2).chunks()] == [0]


@pytest.mark.parametrize("num_dst", [0, 1, 2, MOST_BINS, MOST_BINS + 1, 10**9, 2**31])
def test_there_are_enough_bins_for_every_node_and_no_more(num_dst):
    shift = Columns(ids(), None, num_dst, 0, 2).shift
    assert max(num_dst - 1, 0) >> shift < MOST_BINS
    assert shift == 0 or max(num_dst - 1, 0) >> (shift - 1) >= MOST_BINS


def test_a_count_reports_its_rows_and_skips_those_without_an_end():
    told = []
    columns = Columns(ids(0, -1, 2, 2), ids(1, 1, -1, 1), 3, 2, 3)
    buckets = columns.count(1, lambda *given: told.append(given))
    assert told == [("count", 3), ("count", 1)]
    assert buckets.begins.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("dst", "src", "match"),
    [
        (ids(0, 7), None, r"row 1 points at 7\. Allowed: dst ids below 3; 4294967295 for none"),
        (ids(0, -2, dtype=np.int64), None, "row 1 points at -2"),
        (ids(0, 1), ids(0, 2), r"row 1 points at 1 from 2\. Allowed: dst ids below 3, src ids below 2"),
    ],
)
def test_ids_out_of_range_are_named(dst, src, match):
    with pytest.raises(IdError, match=match):
        Columns(dst, src, 3, 2, 1).count(9, QUIET)


class Endless:
    """As many ids as one likes, none of them there."""

    dtype = np.dtype(np.uint32)

    def __len__(self):
        return 2**32


@pytest.mark.parametrize(
    ("dst", "src", "match"),
    [
        (ids(0, dtype=np.int32), None, "ids have dtype int32"),
        (ids(0), ids(0, 1), "1 dst ids of uint32, 2 src ids of uint32"),
        (ids(0), ids(0, dtype=np.int64), "1 dst ids of uint32, 1 src ids of int64"),
        (Endless(), None, r"4,294,967,296 rows of uint32 ids.*Use int64"),
    ],
)
def test_columns_that_do_not_fit_are_refused(dst, src, match):
    with pytest.raises(IdError, match=match):
        Columns(dst, src, 3, 2, 1)
