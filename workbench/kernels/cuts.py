"""Visible rows per anchor: the cut of ``temporal.py``, found from where it would be if times grew evenly."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel, part
from workbench.kernels.raw import prefetch, word

KNOTS: int = 256
"""Intervals of a table's rows within which its times are taken to grow evenly."""

LANES: int = 32
"""Anchors whose first look at the times is under way at once."""


@part
def guess_row(knots_at, dated, limit):
    """A dated row near the last one at or before a limit: exact where times grow evenly between two knots."""
    base, length = np.int64(0), np.int64(KNOTS + 1)
    while length > 1:
        half = length >> 1
        base += half if word(knots_at, base + half) <= limit else 0
        length -= half
    low, first = word(knots_at, base), base * (dated - 1) // KNOTS
    if base == KNOTS or limit <= low:
        return first
    high, last = word(knots_at, base + 1), (base + 1) * (dated - 1) // KNOTS
    return first + np.int64((np.float64(limit) - low) / (np.float64(high) - low) * (last - first))


@part
def rows_until(times_at, dated, guess, limit):
    """Count the dated rows with ``time <= limit``, galloping away from a guess by cache lines."""
    low, high, step = np.int64(-1), dated, np.int64(8)  # times[low] <= limit < times[high]
    if word(times_at, guess) > limit:
        high = guess
        while high > 0:
            probe = max(high - step, 0)
            if word(times_at, probe) <= limit:
                low = probe
                break
            high, step = probe, step * 8
    else:
        low = guess
        while low < dated - 1:
            probe = min(low + step, dated - 1)
            if word(times_at, probe) > limit:
                high = probe
                break
            low, step = probe, step * 8
    while low + 1 < high:
        middle = (low + high) >> 1
        later = word(times_at, middle) > limit
        high = middle if later else high
        low = low if later else middle
    return high


@kernel
def count_visible_rows(times_at, knots_at, dated, anchors, out):
    """Count the dated rows with ``time <= anchor``.

    Arrays, the first two as addresses
    ------
    times_at  int64[rows]       ascending, rows without time last; ``dated`` of them have one
    knots_at  int64[KNOTS + 1]  times of the rows ``k * (dated - 1) // KNOTS``
    anchors   int64[n]
    out       int64[n]          equals ``temporal.cut(times, anchors)``

    A binary search over 30 M times is about 10 cache misses. Here it is one or two, and those of many
    anchors overlap; where times are far from even, a miss for each factor of 8 that the guess is off.
    """
    # loops, not slices: numba compiles a slice's checks for half a second
    for start in range(0, len(anchors), LANES):
        stop = min(start + LANES, len(anchors))
        for i in range(start, stop):
            out[i] = guess_row(knots_at, dated, anchors[i]) if dated > 0 else 0
            prefetch(times_at + out[i] * 8)
        for i in range(start, stop):
            out[i] = rows_until(times_at, dated, out[i], anchors[i]) if dated > 0 else 0


@kernel
def largest_degree(indptr):
    """Find the largest number of neighbours of one node.

    Arrays
    ------
    indptr  uint32 or int64[num_dst + 1]
    """
    largest = np.int64(0)
    for i in range(len(indptr) - 1):
        largest = max(largest, np.int64(indptr[i + 1]) - np.int64(indptr[i]))
    return largest
