"""The catalog: one LMDB environment that makes a snapshot of a dataset visible, all or nothing.

It holds the manifest and the dictionaries of categorical columns, a few kilobytes to a few megabytes,
and is copied into RAM when a dataset is opened: no transaction and no map stay open.

    commit   seal says "committing" -> one LMDB transaction (sync) -> seal of the new data.mdb
    find     seal -> size and hash of data.mdb -> open, copy every record, close

Only after a crash between transaction and seal is a ``data.mdb`` opened whose hash is not sealed: first
in a child process, which checks every record.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import lmdb

from workbench.errors import CorruptStoreError, StoreError, explain
from workbench.stores.durable import sync_folders, write_failed
from workbench.stores.manifest import Manifest
from workbench.stores.records import (
    CatalogState,
    ColumnRef,
    encode_records,
    probe,
    read_records,
    write_records,
)
from workbench.stores.seal import DATA, FOLDER, SEAL, Seal, damaged, read_seal, size_and_hash, write_seal
from workbench.stores.sql import interruptible

_locks: dict[int, threading.RLock] = {}


def exists(path: str | Path) -> bool:
    """Whether a snapshot is committed at that path.

    Raises
    ------
    CorruptStoreError
        If there is one, but its catalog is damaged.
    """
    return find(path) is not None


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Be the only writer of a dataset, in all processes, for the length of a ``with`` block.

    Raises
    ------
    StoreError
        If another ingest is writing there now, or the folder cannot be made.
    """
    root = Path(path)
    with ExitStack() as held:
        try:
            root.mkdir(parents=True, exist_ok=True)
            held.enter_context(_flock(root, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except BlockingIOError:
            got = "another process or thread is writing there now"
            raise StoreError(
                explain(f"the dataset {root} was to be written", got, do="Wait for it")
            ) from None
        except OSError as error:
            raise write_failed(root, error) from error
        with interruptible():
            yield


def commit(path: str | Path, manifest: Manifest, dictionaries: Mapping[ColumnRef, list[str]]) -> None:
    """Make a snapshot visible: all of it or, whatever happens on the way, none of it.

    Every file that the manifest names must be on disk (``durable.py``) before this is called; their
    names are made to last here, before the catalog speaks of them.

    Raises
    ------
    StoreError
        If the disk refuses; the old snapshot stays.
    """
    root = Path(path)
    records = encode_records(manifest, dictionaries)
    try:
        _remove_unfinished(root)
        (root / FOLDER).mkdir(parents=True, exist_ok=True)
        with _exclusive(), _flock(root / FOLDER, fcntl.LOCK_EX):
            sync_folders(root, (root / entry.path for entry in manifest.files))
            size_now = write_seal(root, manifest.snapshot, committing=True)
            write_records(root, records, size_now)
            write_seal(root, manifest.snapshot, committing=False)
    except OSError as error:
        raise write_failed(root / DATA, error) from error
    except lmdb.Error as error:
        raise write_failed(root / DATA, OSError(str(error))) from error


def read(path: str | Path) -> CatalogState:
    """The committed snapshot at that path, every record checked.

    Raises
    ------
    StoreError
        If there is no dataset, or it is of another format.
    CorruptStoreError
        If the catalog or its seal is torn, altered or foreign.
    """
    state = find(path)
    if state is None:
        raise _no_dataset(Path(path))
    return state


def find(path: str | Path) -> CatalogState | None:
    """:func:`read`, but None where no snapshot was ever committed."""
    try:
        return _find(Path(path))
    except PermissionError as error:
        asked, got = f"the dataset {path} was opened", f"{error.filename} may not be read ({error.strerror})"
        raise StoreError(explain(asked, got, do="Ask its owner for the right to read it")) from error


def _find(root: Path) -> CatalogState | None:
    if not started(root):
        return None
    with _exclusive(), _flock(root / FOLDER, fcntl.LOCK_SH):
        seal = read_seal(root)
        if is_sealed(root, seal):
            state = read_records(root) if seal.bytes else None
        else:
            # the transaction may have ended before the crash, or hardly have begun: ask a child process
            state = read_records(root) if _has_records(root, seal) else None
    expected = {seal.snapshot, seal.snapshot - 1} if seal.committing else {seal.snapshot}
    if (state.manifest.snapshot if state else 0) not in expected:
        raise damaged(root, f"is not of snapshot {seal.snapshot}, which {SEAL} names")
    return state


def started(root: Path) -> bool:
    """Whether a first commit was at least begun.

    Raises
    ------
    CorruptStoreError
        If one of the catalog's two files is missing.
    """
    if not _lies(root):
        return False
    if not (root / SEAL).is_file():
        if (root / DATA).exists():  # the seal is always written first: it did not go missing in a crash
            raise damaged(root, f"is there, but {SEAL} is missing")
        return False
    if not (root / FOLDER).is_dir():
        raise damaged(root, "is missing")
    return True


def is_sealed(root: Path, seal: Seal) -> bool:
    """Whether ``data.mdb`` is as its seal says; False if a commit was interrupted.

    Raises
    ------
    CorruptStoreError
        If it is neither.
    """
    if size_and_hash(root) == (seal.bytes, seal.checksum):
        return True
    if not seal.committing:
        raise damaged(root, "does not match catalog.seal: torn, altered or foreign")
    return False


def _has_records(root: Path, seal: Seal) -> bool:
    """Whether a commit that was interrupted, or the one before it, left any; none if its file is no catalog.

    Raises
    ------
    CorruptStoreError
        If there was a commit before it, and nothing can be read.
    """
    try:
        return probe(root)
    except CorruptStoreError:
        if seal.bytes:
            raise
        return False  # the crash came before the first commit ever had ended


def _remove_unfinished(root: Path) -> None:
    """Remove what a first commit that never ended has left: LMDB cannot begin with it."""
    if started(root) and not read_seal(root).bytes and find(root) is None:
        (root / DATA).unlink(missing_ok=True)


@contextmanager
def _exclusive() -> Iterator[None]:
    """One environment at a time in a process: LMDB must not open a path twice. Keyed by pid: forks."""
    with _locks.setdefault(os.getpid(), threading.RLock()):
        yield


@contextmanager
def _flock(folder: Path, mode: int) -> Iterator[None]:
    """Hold an advisory lock on a folder; the system frees it when the process dies."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, mode)
        yield
    finally:
        os.close(handle)


def _lies(root: Path) -> bool:
    return os.path.exists(root)  # noqa: PTH110 - pathlib raises for a name that is too long


def _no_dataset(root: Path) -> StoreError:
    if not _lies(root):
        got = "there is nothing at that path"
    elif not root.is_dir():
        got = "that is a file, not a dataset's folder"
    else:
        got = "nothing was ever committed in that folder"
    asked, allowed = f"the dataset {root} was opened", "a folder that wb.ingest wrote"
    return StoreError(explain(asked, got, allowed, "Check the path, or ingest first"))
