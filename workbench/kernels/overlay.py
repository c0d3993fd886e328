"""Overlay: rows that were edited, put over rows that were read."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel


@kernel
def overlay(edited, rows, ids, out):
    """Put the edited row over each row whose id was edited.

    Arrays
    ------
    edited  int64[m]             ids that were edited, ascending, each once
    rows    uint64[m, stride/8]  their rows
    ids     uint32[n] or int64[n]
    out     uint64[n, stride/8]  the rows of ``ids``, changed in place

    Cost: a binary search in ``edited`` per id within its range.
    """
    count = len(edited)
    if not count:
        return
    first, last = edited[0], edited[count - 1]
    for i in range(len(ids)):
        wanted = np.int64(ids[i])
        if wanted < first or wanted > last:
            continue
        low, high = 0, count
        while high - low > 1:
            middle = (low + high) >> 1
            if edited[middle] <= wanted:
                low = middle
            else:
                high = middle
        if edited[low] == wanted:
            for word in range(out.shape[1]):
                out[i, word] = rows[low, word]
