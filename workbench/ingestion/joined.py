"""Joined: rows that join a dataset for as long as a ``with`` block lasts, and are then gone.

    with joined(dataset, {"orders": rows}) as larger:
        ...

They are read, typed, encoded and linked by the very append that would store them (``append.py``), into a
temporary folder. So they mean what they will mean once stored, and are refused for the same reasons.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.errors import IngestError, explain
from workbench.ingestion.append import append_tables
from workbench.ingestion.job import Job, pool
from workbench.ingestion.new_keys import GrownKeys
from workbench.ingestion.tables import read_tables
from workbench.ingestion.text_encoder import text_encoders
from workbench.stores.dataset import Dataset, partition_name
from workbench.stores.key_map import KeyMap
from workbench.stores.overlay import Overlaid

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the folder made in it is its owner's only
"""Files in memory, on Linux."""

ROOM: int = 1 << 30
"""Bytes that are to be free there; the rows of a call take a small part of them."""


@contextmanager
def joined(dataset: Dataset, rows: Any, texts: Mapping[str, Any] | None = None) -> Iterator[Overlaid]:
    """The dataset as it would be after an append of the rows; what is stored does not change.

    Parameters
    ----------
    rows : dict table -> rows, or anything that ``read_tables`` reads
    texts : ``'table.column'`` -> the encoder that the ingest got, where there was one

    Raises
    ------
    IngestError, SchemaError, TableError
        As of an append; also if rows are earlier than the last stored ones of their table, or without a
        time: an append makes such rows wait for a compaction, and a call cannot.
    """
    given = read_tables(rows)
    with tempfile.TemporaryDirectory(prefix="workbench-call-", dir=_place()) as folder, pool() as threads:
        job = Job(Path(folder), partition_name(dataset.snapshot + 1), threads)
        job.texts = text_encoders(dataset.schema, texts or {})
        manifest, words = append_tables(job, given, dataset.schema, dataset)
        _refuse_late(manifest.edits[-1].late)
        yield Overlaid(dataset, manifest, words, Path(folder), job.warnings)


def _place() -> str | None:
    """Where files that live for one call go: into memory, where the system has a folder with room there.

    An append waits for its files to be on disk, which a call need not.
    """
    if os.access(SHARED_MEMORY, os.W_OK) and shutil.disk_usage(SHARED_MEMORY).free >= ROOM:
        return SHARED_MEMORY
    return None


def _refuse_late(late: Mapping[str, int]) -> None:
    if late:
        counts = ", ".join(f"{count:,} of {table!r}" for table, count in late.items())
        got = f"{counts} are earlier than the last stored row of their table, or have no time"
        do = "Leave them out; or append them, compact, and open the dataset again"
        raise IngestError(explain("rows were to join a dataset for one call", got, "later rows", do))


def keys_over(stored: KeyMap, dataset: Dataset) -> KeyMap | GrownKeys:
    """Keys of a table with those of the rows that the dataset's last edit brings.

    Parameters
    ----------
    stored : KeyMap  of the table before it
    """
    edit = dataset.manifest.edits[-1]
    count = edit.rows.get(stored.table, 0)
    if not count:
        return stored
    for entry in edit.files:
        if (entry.role, entry.name) == ("keys", stored.table):
            return GrownKeys(stored, KeyMap.read(dataset.locate(entry), stored.table, count))
    return replace(stored, rows=stored.rows + count)  # keyed by row number
