"""Visible rows per anchor: the cut of ``temporal.py``, sixteen anchors at a time."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel
from workbench.kernels.raw import prefetch

LANES: int = 16


@kernel
def count_visible_rows(times, times_at, dated, anchors, out):
    """Count the dated rows with ``time <= anchor``, by lockstep binary search.

    Arrays
    ------
    times     int64[rows]  ascending, rows without time last
    times_at  int64        address of ``times``
    dated     int64        rows that have a time
    anchors   int64[n]
    out       int64[n]     equals ``temporal.cut(times, anchors)``

    A binary search over 30 M times is about 10 cache misses; here those of 16 anchors overlap.
    """
    # loops, not slices: numba compiles a slice's checks for half a second
    for i in range(len(anchors)):
        out[i] = 0
    if dated == 0:
        return
    for start in range(0, len(anchors), LANES):
        stop = min(start + LANES, len(anchors))
        length = dated
        while length > 1:
            half = length >> 1
            for i in range(start, stop):
                out[i] += half if times[out[i] + half - 1] <= anchors[i] else 0
                prefetch(times_at + (out[i] + ((length - half) >> 1) - 1) * 8)
            length -= half
        for i in range(start, stop):
            out[i] += np.int64(times[out[i]] <= anchors[i])


@kernel
def largest_degree(indptr):
    """Find the largest number of neighbours of one node.

    Arrays
    ------
    indptr  int64[num_dst + 1]
    """
    largest = 0
    for i in range(len(indptr) - 1):
        largest = max(largest, indptr[i + 1] - indptr[i])
    return largest
