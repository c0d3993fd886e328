"""Checks of stored arrays, run once when a graph is loaded: a bad id would be a read past an end."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel


@kernel
def first_bad_id(ids, limit, nothing):
    """Find the first id that is neither below ``limit`` nor ``nothing``; -1 if there is none.

    Arrays
    ------
    ids      ids[n]
    limit    int64
    nothing  int64  an id to let pass; any id out of range but -2 if there is none to let pass
    """
    for i in range(len(ids)):
        value = np.int64(ids[i])
        if (value < 0 or value >= limit) and value != nothing:
            return i
    return -1


@kernel
def first_descent(values):
    """Find the first position whose value is below the one before it; -1 if there is none.

    Arrays
    ------
    values  integers[n]
    """
    for i in range(1, len(values)):
        if values[i] < values[i - 1]:
            return i
    return -1
