"""Out-of-core CSC: any number of rows in bounded memory, resumable.

    count   one pass over the columns: edges by bin of dst nodes; buckets of about equal size
    split   rows, chunk by chunk, to their buckets in one spill file
    sort    bucket by bucket, appended to indptr, nbr and eid; then the spill file is removed

Memory is a few chunks and buckets, whatever the number of rows and nodes; disk is the result and the
spill file (8 bytes an edge, 12 with src, for uint32 ids).

After a crash or a cancel the same call goes on from the last save. The count is made again and must
agree, so that a build never goes on over other columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.ingestion.csc_columns import Columns, Report
from workbench.ingestion.csc_plan import SPILL, CscState
from workbench.ingestion.csc_sort import sort
from workbench.ingestion.csc_split import split
from workbench.ingestion.flat_files import RowIds


@dataclass(frozen=True)
class CscFiles:
    """What :func:`build_csc` wrote.

    Attributes
    ----------
    paths : dict role -> Path
        ``indptr int64[num_dst + 1]``, ``nbr ids[edges]``, and ``eid ids[edges]`` where there is a src.
    edges : int
    """

    paths: dict[str, Path]
    edges: int


def build_csc(
    dst: RowIds,
    num_dst: int,
    folder: str | Path,
    *,
    src: RowIds | None = None,
    num_src: int = 0,
    chunk: int = 1 << 21,
    bucket: int = 1 << 22,
    report: Report = lambda _stage, _done: None,
) -> CscFiles:
    """Sort rows into the CSC of :func:`~workbench.kernels.csc.csc_from_column`, or ``csc_from_pairs``.

    Parameters
    ----------
    dst : RowIds  dst node of each row, ``no_neighbor`` for none; rows in time order
    num_dst, num_src : int
    folder : path  of this build alone; a build that was interrupted there goes on
    src : RowIds or None  src node of each row; None: the row itself is the neighbour
    chunk, bucket : int  rows read, and edges sorted, at a time
    report : told of progress after each chunk and bucket; it may raise to end the build, which can go on

    Returns
    -------
    CscFiles
        Flat files in ``folder``, on disk; the caller moves them and removes the folder.

    Raises
    ------
    IdError
        If an id is out of range, the columns differ in length or dtype, or their rows exceed the dtype.
    IngestError
        If the folder holds a build of other columns or sizes.
    """
    columns, folder = Columns(dst, src, num_dst, num_src, chunk), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    buckets = columns.count(bucket, report)
    state = CscState.of(columns.dtype.name, len(dst), num_dst, num_src, src is not None, buckets)
    state = state.found_in(folder)
    if state.sorted_buckets < state.buckets:
        state = split(columns, buckets, state, folder, report)
        sort(state, folder, 2 * bucket, report)
    (folder / SPILL).unlink(missing_ok=True)
    return CscFiles({role: folder / role for role in state.roles}, state.begins[-1])
