"""Cold reads: ask the system for all pages of a batch at once, then gather.

A gather from a map that is not in memory waits for one page after the other: some 15 k rows a second on
an SSD that could do 90 k. Told beforehand which pages are wanted, the system reads them together.
"""

from __future__ import annotations

import mmap

import numpy as np

from workbench.types import AnyArray, Int64Array


def page_runs(rows: AnyArray, stride: int, page: int = mmap.PAGESIZE) -> Int64Array:
    """Runs of adjacent pages that hold the given rows, in file order.

    Parameters
    ----------
    rows : ids[n]  places of rows in the file, any order, repetitions allowed
    stride : int  bytes of a row

    Returns
    -------
    int64[runs, 2]
        First byte and length of each run.
    """
    places = np.unique(rows).astype(np.int64) * stride
    first, last = places // page, (places + stride - 1) // page
    if not len(first):
        return np.empty((0, 2), np.int64)
    starts = np.flatnonzero(np.append(True, first[1:] > last[:-1] + 1))
    begin, end = first[starts], np.append(last[starts[1:] - 1], last[-1]) + 1
    return np.stack([begin * page, (end - begin) * page], axis=1)


def ask_for_rows(mapped: mmap.mmap, rows: AnyArray, stride: int) -> None:
    """Have the pages of these rows read, without waiting for them."""
    size = len(mapped)
    for start, length in page_runs(rows, stride).tolist():
        mapped.madvise(mmap.MADV_WILLNEED, start, min(length, size - start))
