"""Late rows: earlier than rows that were stored before them, or without a time in a table of times.

Ids are in time order, so a late row has no place behind the stored ones. It waits, whole and encoded, in
files of its own that nothing reads but a compaction, which gives it its place (``ingestion/merge.py``). Until
then no sample, view, key or link knows of it, so what was drawn at any anchor stays what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from workbench.stores.edits import Delta, read_columns
from workbench.stores.features import GroupLayout

if TYPE_CHECKING:
    from workbench.stores.dataset import Dataset

LATE, LATE_DELTA = "late", "late-delta"
"""Roles of the files of late rows."""


def late_column(dataset: Dataset, table: str, column: str) -> pa.Array:
    """A column of a table's late rows, in the order in which they came.

    Raises
    ------
    StoreError
        If a file is gone because the dataset was replaced.
    """
    parts = [read_columns(dataset, file, [column]).column(0) for file in dataset.files(LATE, table)]
    return pa.concat_arrays([chunk for part in parts for chunk in part.chunks]) if parts else pa.array([])


def late_features(dataset: Dataset, layout: GroupLayout) -> Delta:
    """Feature rows of a group's late rows, by the order in which they came.

    Raises
    ------
    StoreError
        If a file is gone because the dataset was replaced.
    CorruptStoreError
        If one is torn.
    """
    count = dataset.manifest.late_rows(layout.group)
    none = Delta(np.empty(0, np.int64), np.empty((0, layout.stride), np.uint8))
    files = dataset.files(LATE_DELTA, layout.group)
    return Delta.merged([none, *(Delta.read(dataset, file, layout, count) for file in files)])
