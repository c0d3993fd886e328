"""The folder of a dataset while it is written: one writer, nothing foreign, nothing left of a failure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from workbench.errors import CorruptStoreError, IngestError, StoreError, explain
from workbench.ingestion.sources import SYSTEM_SPILL
from workbench.ingestion.tables import Tables
from workbench.stores import catalog
from workbench.stores.dataset import DATA_FOLDERS
from workbench.stores.memory import available_memory
from workbench.stores.seal import FOLDER, SEAL, read_seal
from workbench.stores.sql import quote_text

SPILL = "spill-"
"""Folders into which DuckDB sorts what does not fit into memory; followed by the process's id."""

SHARE = 0.4
"""Of the memory that is free: DuckDB holds half as much again that it does not count, such as Parquet."""

A_THREAD = 512 << 20
"""Bytes that a thread of DuckDB needs to sort."""

LEAST = 256 << 20
"""Bytes that DuckDB may hold however little is free: with much less it cannot sort at all."""

UNFINISHED = f"{SPILL}csc"
"""Folder of what an ingest sorts out of core: what a crash leaves there, the next ingest goes on with."""

OURS = {*DATA_FOLDERS, FOLDER, SEAL, SEAL + ".new"}
"""Everything that a dataset's folder may hold."""


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Be the only writer; a folder that this ingest made and could not fill is removed again.

    Raises
    ------
    IngestError
        If the path is a file, or a folder of other things.
    StoreError
        If another ingest is writing there.
    """
    if root.exists() and not root.is_dir():
        raise IngestError(explain(f"a dataset at {root} was asked for", "that is a file", "a folder"))
    existed = root.exists()
    _refuse_foreign(root)
    try:
        with catalog.writing(root):
            yield
    finally:
        if not existed and not (root / SEAL).exists():
            shutil.rmtree(root, ignore_errors=True)


def _refuse_foreign(root: Path) -> None:
    """Refuse to write into a folder that holds something else than a dataset."""
    if not root.is_dir():
        return
    foreign = sorted(
        entry.name for entry in root.iterdir() if entry.name not in OURS and not entry.name.startswith(SPILL)
    )
    if foreign:
        raise IngestError(
            explain(
                f"a dataset at {root} was asked for",
                f"that folder holds other things ({', '.join(foreign[:5])})",
                "a new folder, an empty one, or one that ingest wrote",
            )
        )


def snapshot_before(root: Path) -> int:
    """Number of the snapshot that is committed there already; 0 if none is.

    One that another version wrote counts: replacing it is the way on.

    Raises
    ------
    CorruptStoreError
        If it is damaged; it is not overwritten silently.
    """
    try:
        state = catalog.find(root)
    except CorruptStoreError as error:
        asked, got = f"a dataset at {root} was to be replaced", f"the one that is there is damaged ({error})"
        do = "Remove that folder, or ingest into another one"
        raise CorruptStoreError(explain(asked, got, do=do)) from error
    except StoreError:
        return read_seal(root).snapshot
    return state.manifest.snapshot if state else 0


@contextmanager
def spilling(tables: Tables, root: Path, memory_limit: str | None) -> Iterator[None]:
    """Limit what DuckDB holds in memory, and let it sort the rest in files beside the dataset.

    Parameters
    ----------
    memory_limit : size, or None: :data:`SHARE` of the memory that is free

    Raises
    ------
    IngestError
        If the limit is no size.
    """
    _remove_dead_spills(root)
    connection = tables.sources.connect()
    usual = max(int(available_memory() * SHARE), LEAST)
    limit = f"{usual}B" if memory_limit is None else memory_limit
    if memory_limit is None and usual < (os.cpu_count() or 1) * A_THREAD:
        connection.execute(f"SET threads = {max(1, usual // A_THREAD)}")
    try:
        connection.execute(f"SET memory_limit = {quote_text(limit)}")
    except duckdb.Error as error:
        raise IngestError(
            explain(f"memory_limit={limit!r} was asked for", str(error), "a size such as '4GB'")
        ) from error
    # DuckDB refuses to move once it has spilled: tables that were too large to read in memory stay where
    # they are, in the system's folder for temporary files.
    with suppress(duckdb.NotImplementedException):
        connection.execute(f"SET temp_directory = {quote_text(str(root / f'{SPILL}{os.getpid()}'))}")
    try:
        yield
    finally:
        with suppress(duckdb.NotImplementedException):
            connection.execute(f"SET temp_directory = {quote_text(SYSTEM_SPILL)}")
        connection.execute("RESET memory_limit")
        connection.execute("RESET threads")
        shutil.rmtree(root / UNFINISHED, ignore_errors=True)


def _remove_dead_spills(root: Path) -> None:
    """Remove what killed ingests had spilled; the folder of a living process is its own."""
    for folder in root.glob(f"{SPILL}*"):
        pid = folder.name.removeprefix(SPILL)
        if folder.name != UNFINISHED and not (pid.isdigit() and _alive(int(pid))):
            shutil.rmtree(folder)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
