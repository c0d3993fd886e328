"""As of: which row of a node's history was the newest at an anchor."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel

NONE, DAMAGED = -1, -2
"""Instead of a row: none was there yet; the arrays cannot be a history."""


@kernel
def rows_as_of(indptr, nbr, times, ids, as_of, out):
    """Find, for each node, its latest row at or before an instant; of rows at the same time the last.

    Arrays
    ------
    indptr  int64[nodes + 1]  histories as a CSC: rows of a node are ``nbr[indptr[i] : indptr[i + 1]]``
    nbr     ids[rows]         in time order within a node
    times   int64[rows]       of each row
    ids     uint32[n] or int64[n]  nodes, checked
    as_of   int64[n]
    out     int64[n]          rows, or NONE, or DAMAGED

    Cost: a binary search in each node's history. Nothing is read outside the arrays, whatever they hold.
    """
    for i in range(len(ids)):
        low, high = indptr[ids[i]], indptr[ids[i] + 1]
        begin = low
        out[i] = DAMAGED if low < 0 or high > len(nbr) or low > high else NONE
        if out[i] == DAMAGED:
            continue
        while low < high:
            middle = (low + high) >> 1
            row = np.int64(nbr[middle])
            if row < 0 or row >= len(times):
                out[i] = DAMAGED
                break
            if times[row] <= as_of[i]:
                low = middle + 1
            else:
                high = middle
        if out[i] == NONE and low > begin:
            row = np.int64(nbr[low - 1])
            out[i] = row if 0 <= row < len(times) else DAMAGED
