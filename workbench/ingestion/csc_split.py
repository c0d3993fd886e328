"""The split of an out-of-core CSC: rows, chunk by chunk, to their buckets in one spill file.

Each bucket owns a part of the file as large as its edges, and fills it in row order.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from workbench.ingestion.csc_columns import Columns, Report
from workbench.ingestion.csc_plan import SPILL, Buckets, CscState, is_due
from workbench.ingestion.failpoints import failpoint
from workbench.ingestion.flat_files import append, open_flat
from workbench.kernels.buckets import split_rows
from workbench.types import AnyArray, Int64Array


def split(columns: Columns, buckets: Buckets, state: CscState, folder: Path, report: Report) -> CscState:
    """Spill what the state does not know as spilled; the state that holds afterwards, saved."""
    of_bin, ends = buckets.of_bin, np.empty(len(buckets), np.int64)
    filled = np.array(state.filled, np.int64)
    records = np.empty((min(columns.chunk, len(columns)), state.width), columns.dtype)
    with open_flat(folder / SPILL) as spill:
        for first, dst, src in columns.chunks(state.split_rows):
            split_rows(dst, src, first, columns.nothing, buckets.shift, of_bin, ends, records)
            _spill(spill, records, ends, buckets.begins[:-1] + filled)
            filled += np.diff(ends, prepend=0)
            failpoint("csc-split")
            done = first + len(dst)
            if is_due(done - state.split_rows, done == len(columns)):
                os.fsync(spill.fileno())
                state = replace(state, split_rows=done, filled=filled.tolist())
                state.save(folder)
            report("split", len(dst))
    return state


def _spill(spill: BinaryIO, records: AnyArray, ends: Int64Array, places: Int64Array) -> None:
    """Write each bucket's records to its place in the file."""
    begins = np.concatenate([[0], ends[:-1]])
    for bucket in np.flatnonzero(ends > begins).tolist():
        spill.seek(int(places[bucket]) * records[0].nbytes)
        append(spill, records[begins[bucket] : ends[bucket]])
