"""Merge: in-neighbours of appended rows behind those that each dst has; one pass over both."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel


@kernel
def merge_csc(old_indptr, old, new_indptr, new, indptr, out):
    """Lay the new segment of each dst behind its old one.

    Arrays
    ------
    old_indptr  int64[old dst + 1]   may have fewer dst than the result: those behind have no old segment
    old         ids[old edges]
    new_indptr  int64[dst + 1]
    new         ids[new edges]
    indptr      int64[dst + 1]       out
    out         ids[old + new edges] out, in the dtype of both

    Cost: one sequential copy of both.
    """
    place = np.int64(0)
    indptr[0] = place
    known = len(old_indptr) - 1
    for dst in range(len(new_indptr) - 1):
        if dst < known:
            for i in range(old_indptr[dst], old_indptr[dst + 1]):
                out[place] = old[i]
                place += 1
        for i in range(new_indptr[dst], new_indptr[dst + 1]):
            out[place] = new[i]
            place += 1
        indptr[dst + 1] = place
