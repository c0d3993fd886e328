"""The sort of an out-of-core CSC: bucket by bucket, appended to indptr, nbr and eid.

A bucket is one counting sort in memory. One that is larger than memory was promised to be, because a
hub's bin alone is, is read in parts and sorted within the mapped result files, whose pages the system may
take back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from workbench.ingestion.csc_columns import Report
from workbench.ingestion.csc_plan import SPILL, CscState, is_due
from workbench.ingestion.failpoints import failpoint
from workbench.ingestion.flat_files import append, open_flat
from workbench.kernels.buckets import count_dsts, place_records
from workbench.types import AnyArray


def sort(state: CscState, folder: Path, most: int, report: Report) -> None:
    """Sort the buckets that the state does not know as sorted, ``most`` edges in memory; save the state."""
    with ExitStack() as stack:
        files = {role: stack.enter_context(open_flat(folder / role)) for role in state.roles}
        _cut(files, state)
        for number in range(state.sorted_buckets, state.buckets):
            _sort_one(_Bucket(state, number, folder / SPILL, most), files)
            failpoint("csc-sort")
            done = state.begins[number + 1]
            if is_due(done - state.begins[state.sorted_buckets], number + 1 == state.buckets):
                for file in files.values():
                    os.fsync(file.fileno())
                state = replace(state, sorted_buckets=number + 1)
                state.save(folder)
            report("sort", done - state.begins[number])


def _cut(files: dict[str, BinaryIO], state: CscState) -> None:
    """Forget what was written after the last save; indptr begins with a 0 that is no node's."""
    done = state.sorted_buckets
    nodes, edges = state.bounds[done] + 1 if done else 0, state.begins[done]
    for role, file in files.items():
        file.truncate(nodes * 8 if role == "indptr" else edges * np.dtype(state.dtype).itemsize)
        file.seek(0, os.SEEK_END)
    if not done:
        append(files["indptr"], np.zeros(1, np.int64))


@dataclass(frozen=True)
class _Bucket:
    """One bucket of the spill file, read whole, or in parts of ``most`` records."""

    state: CscState
    number: int
    spill: Path
    most: int

    @property
    def edges(self) -> int:
        return self.state.begins[self.number + 1] - self.state.begins[self.number]

    def parts(self) -> Iterator[AnyArray]:
        """ids[records, 2 or 3], in row order."""
        width, kind = self.state.width, np.dtype(self.state.dtype)
        begin, end = self.state.begins[self.number : self.number + 2]
        for at in range(begin, end, self.most):
            count = min(self.most, end - at) * width
            yield np.fromfile(self.spill, kind, count, offset=at * width * kind.itemsize).reshape(-1, width)


def _sort_one(bucket: _Bucket, files: dict[str, BinaryIO]) -> None:
    state, fits = bucket.state, bucket.edges <= bucket.most
    first, last = state.bounds[bucket.number : bucket.number + 2]
    held = list(bucket.parts()) if fits else None  # read once, not twice
    offsets = np.zeros(last - first + 1, np.int64)
    for records in held or bucket.parts():
        count_dsts(records, first, offsets)
    np.cumsum(offsets, out=offsets)
    append(files["indptr"], offsets[1:] + state.begins[bucket.number])
    sorted_ids = [_room(files[role], bucket.edges, state.dtype, fits) for role in state.roles[1:]]
    nbr, eid = sorted_ids[0], sorted_ids[1] if len(sorted_ids) > 1 else sorted_ids[0][:0]
    for records in held or bucket.parts():
        place_records(records, first, offsets, nbr, eid)
    for role, ids in zip(state.roles[1:], sorted_ids, strict=True):
        _keep(files[role], ids)


def _room(file: BinaryIO, edges: int, dtype: str, fits: bool) -> AnyArray:
    """Where a bucket is sorted: memory, or the mapped end of its file."""
    if fits:
        return np.empty(edges, dtype)
    begin = file.tell()
    file.truncate(begin + edges * np.dtype(dtype).itemsize)
    return np.memmap(file, dtype, "r+", begin, (edges,))


def _keep(file: BinaryIO, ids: AnyArray) -> None:
    """Append what was sorted in memory; what was sorted in the file is there."""
    if isinstance(ids, np.memmap):
        ids.flush()
        file.seek(0, os.SEEK_END)
    else:
        append(file, ids)
