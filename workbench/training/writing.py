"""Writing: tables streamed into one Parquet or CSV file that appears when it is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.csv import CSVWriter
from pyarrow.parquet import ParquetWriter

from workbench.errors import TrainingError, expect_path, explain
from workbench.stores.durable import sync_file, sync_folders
from workbench.training.checkpoint import draft_of

WRITERS: dict[str, Callable[[Path, pa.Schema], Any]] = {".parquet": ParquetWriter, ".csv": CSVWriter}
"""Suffix of a file -> what writes tables to it, one after the other."""


def checked_target(path: str | Path) -> Path:
    """A place that results can be written to, in a folder that is there.

    Raises
    ------
    TrainingError
        If the suffix is none of :data:`WRITERS`, or the disk refuses.
    """
    target = expect_path(path, TrainingError, "a file for predictions")
    if target.suffix.lower() not in WRITERS:
        got = f"the name ends in {target.suffix!r}" if target.suffix else "the name has no suffix"
        raise TrainingError(explain(f"predictions were to be written to {path}", got, ", ".join(WRITERS)))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refused(target, error) from error
    return target


def write_tables(path: str | Path, tables: Iterator[pa.Table], draft: Path | None = None) -> Path:
    """Stream tables into one file, of the kind that its suffix says, that appears when it is complete.

    Parameters
    ----------
    draft : Path or None  where it is put together; None: beside it

    Raises
    ------
    TrainingError
        If the suffix is none of :data:`WRITERS`, or the disk refuses; nothing is left behind.
    """
    target = checked_target(path)
    draft, writer = draft_of(target) if draft is None else draft, WRITERS[target.suffix.lower()]
    try:
        try:
            _stream(draft, tables, writer)
            sync_file(draft)
            draft.replace(target)
            sync_folders(target.parent, ())
        finally:
            draft.unlink(missing_ok=True)  # it is there only if something went wrong
    except OSError as error:
        raise refused(target, error) from error
    return target


def refused(path: Path, error: OSError) -> TrainingError:
    """What to say where the disk refuses."""
    got = f"the disk refused ({error.strerror or error})"
    return TrainingError(explain(f"predictions were written to {path}", got, do="Choose another place"))


def _stream(path: Path, tables: Iterator[pa.Table], kind: Callable[[Path, pa.Schema], Any]) -> None:
    writer = None
    try:
        for table in tables:
            table = _joined(table) if kind is CSVWriter else table
            writer = writer or kind(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _joined(table: pa.Table) -> pa.Table:
    """Lists as texts, their values parted by ``|``: CSV has no lists."""
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type) or pa.types.is_fixed_size_list(field.type):
            values = table.column(place).cast(pa.list_(field.type.value_type))
            texts = pc.binary_join(values.cast(pa.list_(pa.string())), "|")
            table = table.set_column(place, field.name, texts)
    return table
