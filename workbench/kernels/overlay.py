"""Overlay: rows that were edited, put over rows that were read."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel


@kernel
def overlay(marks, edited, rows, ids, out):
    """Put the edited row over each row whose id was edited.

    Arrays
    ------
    marks   uint8[last id / 8]    bit ``id & 7`` of byte ``id >> 3`` is set for an edited id
    edited  int64[m]             ids that were edited, ascending, each once
    rows    uint64[m, stride/8]  their rows
    ids     uint32[n] or int64[n]
    out     uint64[n, stride/8]  the rows of ``ids``, changed in place

    Cost: a bit per id, and a binary search in ``edited`` for each that was edited.
    """
    count = len(edited)
    if not count:
        return
    first, last = edited[0], edited[count - 1]
    for i in range(len(ids)):
        wanted = np.int64(ids[i])
        if wanted < first or wanted > last or not (marks[wanted >> 3] >> (wanted & 7)) & 1:
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
