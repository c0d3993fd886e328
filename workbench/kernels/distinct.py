"""Distinct ids of a batch with the place of each: what keeps a row from being fetched twice."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel
from workbench.types import AnyArray, Int32Array

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def distinct(ids: AnyArray) -> tuple[AnyArray, Int32Array]:
    """Return ``(rows, index)`` with ``rows[index] == ids``, rows in the order of first appearance.

    Parameters
    ----------
    ids : uint32[n] or int64[n]

    Returns
    -------
    rows : ids[k], the dtype of ``ids``
    index : int32[n]
    """
    bits = max(4, int(len(ids) * 2 - 1).bit_length()) if len(ids) else 4
    rows, index, count = _distinct(np.ascontiguousarray(ids), bits)
    return rows[:count].copy() if count < len(rows) // 2 else rows[:count], index


@kernel
def _distinct(ids, bits):
    """Open addressing over a table of ``2 ** bits`` slots, at most half full.

    Arrays
    ------
    ids      ids[n]
    rows     ids[n]        the first ``count`` are used
    index    int32[n]      rows[index[i]] == ids[i]
    table    int32[2**bits]  position in ``rows``, or -1
    Cost: one probe an id, a table of at most 16 B an id.
    """
    rows = np.empty_like(ids)
    index = np.empty(len(ids), np.int32)
    table = np.full(1 << bits, -1, np.int32)
    mask = (1 << bits) - 1
    shift = np.uint64(64 - bits)
    count = 0
    for i in range(len(ids)):
        wanted = ids[i]
        slot = np.int64((np.uint64(wanted) * _GOLDEN) >> shift)
        while table[slot] >= 0 and rows[table[slot]] != wanted:
            slot = (slot + 1) & mask
        if table[slot] < 0:
            table[slot] = count
            rows[count] = wanted
            count += 1
        index[i] = table[slot]
    return rows, index, count
