"""From rows to CSC: the in-neighbours of every dst, in row order, by a counting sort.

    row of the fact table   0  1  2  3           dst   0     1     2
    dst_of_row              1  0  1  x     ->    nbr   1  |  0 2  |          indptr 0 1 3 3

Rows are visited in order, so neighbours of one dst come out sorted by row id, which is time order.
``x`` is :func:`no_neighbor`: a null or dangling key; its row gives no edge.
"""

from __future__ import annotations

import numpy as np

from workbench.errors import IdError, explain
from workbench.kernels.jit import kernel
from workbench.types import AnyArray, Int64Array


def no_neighbor(dtype: np.typing.DTypeLike) -> int:
    """The id that stands for "no neighbour" in a foreign-key column: -1, or the largest unsigned id."""
    kind = np.dtype(dtype)
    return int(np.iinfo(kind).max) if kind.kind == "u" else -1


def csc_from_column(dst_of_row: AnyArray, num_dst: int) -> tuple[Int64Array, AnyArray]:
    """In-neighbours of each dst, where row r points at ``dst_of_row[r]``. O(rows + num_dst).

    Parameters
    ----------
    dst_of_row : ids[rows]  uint32 or int64; :func:`no_neighbor` where the key is null or dangling
    num_dst : int

    Returns
    -------
    indptr : int64[num_dst + 1]  offsets into ``nbr``
    nbr : ids[edges]  row ids, sorted by (dst, row), in the dtype of ``dst_of_row``

    Raises
    ------
    IdError
        If an id is neither below ``num_dst`` nor "no neighbour".
    """
    column = np.ascontiguousarray(dst_of_row)
    indptr = _offsets(column, num_dst)
    nbr = np.empty(int(indptr[-1]), column.dtype)
    _scatter_rows(column, indptr[:-1].copy(), nbr, num_dst)
    return indptr, nbr


def csc_from_pairs(src: AnyArray, dst: AnyArray, num_dst: int) -> tuple[Int64Array, AnyArray, AnyArray]:
    """In-neighbours of each dst, where row r is the edge ``src[r] -> dst[r]``. O(rows + num_dst).

    Rows with a missing end give no edge. Out-of-range ``src`` ids are the caller's to check.

    Returns
    -------
    indptr : int64[num_dst + 1]
    nbr : ids[edges]  src ids, sorted by (dst, row)
    eid : ids[edges]  the row of each edge

    Raises
    ------
    IdError
        As in :func:`csc_from_column`.
    """
    src = np.ascontiguousarray(src)
    ends = np.ascontiguousarray(dst, src.dtype).copy()
    nothing = src.dtype.type(no_neighbor(src.dtype))
    ends[src == nothing] = nothing
    indptr = _offsets(ends, num_dst)
    nbr, eid = np.empty(int(indptr[-1]), src.dtype), np.empty(int(indptr[-1]), src.dtype)
    _scatter_pairs(src, ends, indptr[:-1].copy(), nbr, eid, num_dst)
    return indptr, nbr, eid


def _offsets(column: AnyArray, num_dst: int) -> Int64Array:
    if column.dtype not in (np.uint32, np.int64):
        raise IdError(
            explain("CSC arrays were asked for", f"ids have dtype {column.dtype}", "uint32 or int64")
        )
    indptr = np.zeros(num_dst + 1, np.int64)
    bad = _count(column, num_dst, column.dtype.type(no_neighbor(column.dtype)), indptr)
    if bad >= 0:
        raise IdError(
            explain(
                "CSC arrays were asked for",
                f"row {bad} points at id {column[bad]}",
                f"ids 0 .. {num_dst - 1}, or {no_neighbor(column.dtype)} for no neighbour",
            )
        )
    np.cumsum(indptr, out=indptr)
    return indptr


@kernel
def _count(column, num_dst, nothing, indptr):
    """Count the rows of each dst.

    Arrays
    ------
    column   ids[rows]
    indptr   int64[num_dst + 1]  zeros; receives counts at ``dst + 1``
    returns  int64  the first row with an id out of range, or -1
    """
    for row in range(len(column)):
        dst = np.int64(column[row])
        if dst < 0 or dst >= num_dst:
            if column[row] != nothing:
                return row
        else:
            indptr[dst + 1] += 1
    return -1


@kernel
def _scatter_rows(column, next_slot, nbr, num_dst):
    """Write each row id to the next free slot of its dst.

    Arrays
    ------
    column     ids[rows]
    next_slot  int64[num_dst]  offsets; advanced in place
    nbr        ids[edges]      out
    """
    for row in range(len(column)):
        dst = np.int64(column[row])
        if 0 <= dst < num_dst:
            nbr[next_slot[dst]] = row
            next_slot[dst] += 1


@kernel
def _scatter_pairs(src, dst_of_row, next_slot, nbr, eid, num_dst):
    """Write each row's src and row id to the next free slot of its dst.

    Arrays
    ------
    src, dst_of_row  ids[rows]
    next_slot        int64[num_dst]  offsets; advanced in place
    nbr, eid         ids[edges]      out
    """
    for row in range(len(src)):
        dst = np.int64(dst_of_row[row])
        if 0 <= dst < num_dst:
            slot = next_slot[dst]
            nbr[slot] = src[row]
            eid[slot] = row
            next_slot[dst] = slot + 1
