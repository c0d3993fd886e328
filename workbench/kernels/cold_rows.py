"""Which pieces of a file hold some rows, and rows out of the pieces that were read.

rows 3 4 9 (sorted)   ->   runs [offset, bytes]  [3..5) [9]    starts: where each row begins in the scratch
scratch: | rows 3 4 | row 9 |   the runs one after the other
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel
from workbench.types import AnyArray, ByteArray, Int64Array


def plan_runs(
    rows: AnyArray, stride: int, unit: int, gap: int, longest: int
) -> tuple[Int64Array, Int64Array, int]:
    """Runs of a file that hold the given rows, in file order.

    Parameters
    ----------
    rows : ids[n]  ascending
    stride, unit : int  bytes of a row; runs begin and end at multiples of ``unit``
    gap : int  so many bytes are read rather than a new run begun
    longest : int  bytes after which a run is ended

    Returns
    -------
    runs : int64[k, 2]  offset and bytes
    starts : int64[n]  first byte of each row in the runs laid end to end
    size : int  bytes of all runs
    """
    runs, starts, count, size = _plan_runs(rows, stride, unit, gap, longest)
    return runs[:count], starts, int(size)


@kernel
def _plan_runs(rows, stride, unit, gap, longest):
    count = len(rows)
    runs, starts = np.empty((count, 2), np.int64), np.empty(count, np.int64)
    last, size = -1, np.int64(0)
    begin, end = np.int64(0), np.int64(0)
    for i in range(count):
        first = np.int64(rows[i]) * stride
        low, high = first // unit * unit, -(-(first + stride) // unit) * unit
        if last < 0 or low > end + gap or high > begin + longest:
            size += end - begin
            last, begin, end = last + 1, low, high
        end = max(end, high)
        runs[last, 0], runs[last, 1] = begin, end - begin
        starts[i] = size + first - begin
    return runs, starts, last + 1, size + end - begin


def rows_at(scratch: ByteArray, starts: Int64Array, out: ByteArray) -> None:
    """``out[i]`` = the bytes of ``scratch`` from ``starts[i]`` on; releases the GIL.

    Arrays
    ------
    scratch  uint8[size]        8-aligned
    starts   int64[n]           multiples of 8
    out      uint8[n, stride]   C-contiguous, 8-aligned
    """
    words = out.shape[1] // 8
    _rows_at(scratch.view(np.uint64), starts, words, out.reshape(-1).view(np.uint64))


@kernel
def _rows_at(scratch, starts, stride, out):
    for i in range(len(starts)):
        first = starts[i] // 8
        for word in range(stride):
            out[i * stride + word] = scratch[first + word]
