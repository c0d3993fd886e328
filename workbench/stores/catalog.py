"""The catalog: one LMDB environment that makes a snapshot of a dataset visible, all or nothing.

It holds the manifest and the dictionaries of categorical columns, a few kilobytes to a few megabytes,
and is copied into RAM when a dataset is opened: no transaction and no map stay open.

    commit   seal says "committing" -> one LMDB transaction (sync) -> seal of the new data.mdb
    read     seal -> size and hash of data.mdb -> open, copy every record, close

A record is the xxh3-64 of (key, payload), 8 bytes, followed by the payload. The seal is the hash of the
whole data.mdb, so that a damaged catalog is never given to LMDB, which would crash on it. Only after a
crash between transaction and seal ("committing") is an unhashed data.mdb opened: first in a child
process, which checks every record.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lmdb
import xxhash

from workbench.errors import CorruptStoreError, StoreError, explain
from workbench.stores.durable import checksum, sync_folders, write_failed
from workbench.stores.manifest import Manifest

FOLDER = "catalog.lmdb"
DATA = "catalog.lmdb/data.mdb"
SEAL = "catalog.seal"

ColumnRef = tuple[str, str]
"""(table, column)"""

# py-lmdb 3 bundles two engines whose files the other cannot read; older ones have one engine only.
_ENGINE: dict[str, Any] = {"lib_version": 0} if int(lmdb.__version__.split(".")[0]) >= 3 else {}
_MANIFEST = b"manifest"
_MAP_ROOM = 64 << 20
_locks: dict[int, threading.RLock] = {}


@dataclass(frozen=True)
class Seal:
    """What ``data.mdb`` looked like after its last commit; ``committing`` while one is under way."""

    snapshot: int
    bytes: int
    checksum: str
    committing: bool = False


@dataclass(frozen=True)
class CatalogState:
    """A committed snapshot, in RAM.

    Attributes
    ----------
    manifest : Manifest
    dictionaries : dict (table, column) -> JSON bytes of the list of values; see :meth:`dictionary`
    """

    manifest: Manifest
    dictionaries: Mapping[ColumnRef, bytes]

    def dictionary(self, table: str, column: str) -> list[str]:
        """Values of a categorical column in code order: code 0 is "missing", code i is ``values[i - 1]``.

        Raises
        ------
        StoreError
            If the column has no dictionary.
        """
        found = self.dictionaries.get((table, column))
        if found is None:
            known = ", ".join(f"{t}.{c}" for t, c in self.dictionaries)
            raise StoreError(
                explain(
                    f"the dictionary of {table}.{column} was asked for",
                    "the dataset has none",
                    known or "no categorical columns are stored",
                )
            )
        return list(json.loads(found))


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
        yield


def commit(path: str | Path, manifest: Manifest, dictionaries: Mapping[ColumnRef, list[str]]) -> None:
    """Make a snapshot visible: all of it or, whatever happens on the way, none of it.

    Every file that the manifest names must be on disk (``durable.py``) before this is called.

    Raises
    ------
    StoreError
        If the disk refuses; the old snapshot stays.
    """
    root = Path(path)
    records = _records(manifest, dictionaries)
    try:
        (root / FOLDER).mkdir(parents=True, exist_ok=True)
        with _exclusive(), _flock(root / FOLDER, fcntl.LOCK_EX):
            before = _size_and_hash(root)
            _write_seal(root, Seal(manifest.snapshot, *before, committing=True))
            _transact(root, records, before[0])
            _write_seal(root, Seal(manifest.snapshot, *_size_and_hash(root)))
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
    root = Path(path)
    if not (root / SEAL).is_file():
        return None
    if not (root / FOLDER).is_dir():
        raise CorruptStoreError(_damaged(root, "is missing"))
    with _exclusive(), _flock(root / FOLDER, fcntl.LOCK_SH):
        seal = read_seal(root)
        if _size_and_hash(root) == (seal.bytes, seal.checksum):
            return read_records(root) if seal.bytes else None
        if not seal.committing:
            raise CorruptStoreError(_damaged(root, "does not match catalog.seal: torn, altered or foreign"))
        # the transaction may have ended before the crash, or hardly have begun: ask a child process
        return read_records(root) if probe(root) else None


def read_seal(root: Path) -> Seal:
    """The seal of a dataset.

    Raises
    ------
    StoreError
        If the path holds no dataset.
    CorruptStoreError
        If the seal is damaged.
    """
    try:
        text = (root / SEAL).read_text(encoding="ascii")
        body, mark = text.rsplit("\n", 1)
        if mark != xxhash.xxh3_64_hexdigest(body.encode()):
            raise ValueError("its own checksum does not match")
        return Seal(**json.loads(body))
    except (ValueError, TypeError) as error:
        raise CorruptStoreError(
            explain("a dataset was opened", f"{SEAL} in {root} is damaged ({error})", do=_RESTORE)
        ) from error


def read_records(root: Path) -> CatalogState | None:
    """Copy every record into RAM and close; None if there are none.

    Only for a ``data.mdb`` whose hash was checked, or in a process that may crash.
    """
    records: dict[bytes, bytes] = {}
    environment = _open(root, readonly=True, map_size=_MAP_ROOM + _size_and_hash(root)[0])
    try:
        with environment.begin() as transaction:
            for key, record in transaction.cursor():
                records[key] = _checked(root, key, record)
    except lmdb.Error as error:
        raise CorruptStoreError(_damaged(root, f"cannot be read ({error})")) from error
    finally:
        environment.close()
    return _state(root, records) if records else None


def probe(root: Path) -> bool:
    """Read every record in a child process, which may crash on a damaged file in our stead.

    Returns
    -------
    bool
        Whether there are records.

    Raises
    ------
    CorruptStoreError
        If the child failed or crashed.
    """
    command = [sys.executable, "-c", _PROBE, str(root)]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    if child.returncode != 0:
        last = child.stderr.strip().rsplit("\n", 1)[-1] or f"its reader ended with {child.returncode}"
        raise CorruptStoreError(
            _damaged(root, f"was left by an interrupted commit and cannot be read ({last})")
        )
    return child.stdout.strip() == "True"


_PROBE = """
import pathlib, sys
from workbench.stores import catalog
print(catalog.read_records(pathlib.Path(sys.argv[1])) is not None)
"""


def _transact(root: Path, records: Mapping[bytes, bytes], before: int) -> None:
    payload = sum(len(record) + 4096 for record in records.values())
    environment = _open(root, readonly=False, map_size=before + 4 * payload + _MAP_ROOM)
    try:
        with environment.begin(write=True) as transaction:
            transaction.drop(environment.open_db(None, transaction), delete=False)
            for key, record in records.items():
                transaction.put(key, record)
    finally:
        environment.close()
    sync_folders(root, root / FOLDER)


def _open(root: Path, *, readonly: bool, map_size: int) -> Any:
    # sync and metasync: a commit that returned is on disk. LMDB's own lock file serves writers only:
    # readers hold a shared flock on the folder instead, so that read-only media work.
    try:
        return lmdb.open(
            str(root / FOLDER), map_size=map_size, readonly=readonly, create=not readonly, sync=True,
            metasync=True, max_dbs=0, readahead=False, lock=not readonly, **_ENGINE,
        )  # fmt: skip
    except lmdb.Error as error:
        raise CorruptStoreError(_damaged(root, f"cannot be opened ({error})")) from error


def _records(manifest: Manifest, dictionaries: Mapping[ColumnRef, list[str]]) -> dict[bytes, bytes]:
    payloads = {_MANIFEST: json.dumps(manifest.to_dict()).encode()}
    for column, values in dictionaries.items():
        # table and column names may be longer than an LMDB key: the name travels in the payload
        name = json.dumps(column).encode()
        payloads[b"dictionary/" + xxhash.xxh3_128_digest(name)] = name + b"\n" + json.dumps(values).encode()
    return {key: _mark(key, payload) + payload for key, payload in payloads.items()}


def _mark(key: bytes, payload: bytes) -> bytes:
    return xxhash.xxh3_64_digest(key + b"\0" + payload)


def _checked(root: Path, key: bytes, record: bytes) -> bytes:
    mark, payload = record[:8], record[8:]
    if mark != _mark(key, payload):
        raise CorruptStoreError(_damaged(root, f"has a record {key[:20]!r} whose checksum does not match"))
    return payload


def _state(root: Path, records: Mapping[bytes, bytes]) -> CatalogState:
    if _MANIFEST not in records:
        raise CorruptStoreError(_damaged(root, "holds no manifest"))
    dictionaries: dict[ColumnRef, bytes] = {}
    for key, payload in records.items():
        if key != _MANIFEST:
            name, values = payload.split(b"\n", 1)
            table, column = json.loads(name)
            dictionaries[table, column] = values
    return CatalogState(Manifest.from_dict(json.loads(records[_MANIFEST])), dictionaries)


def _size_and_hash(root: Path) -> tuple[int, str]:
    try:
        return checksum(root / DATA)
    except FileNotFoundError:
        return 0, ""


def _write_seal(root: Path, seal: Seal) -> None:
    body = json.dumps(vars(seal))
    draft = root / (SEAL + ".new")
    with draft.open("w", encoding="ascii") as file:
        file.write(body + "\n" + xxhash.xxh3_64_hexdigest(body.encode()))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(root / SEAL)
    sync_folders(root, root)


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


_RESTORE = "Restore the dataset from a copy or ingest its tables again"


def _damaged(root: Path, what: str) -> str:
    return explain("a dataset was opened", f"{DATA} in {root} {what}", do=_RESTORE)


def _no_dataset(root: Path) -> StoreError:
    if not root.exists():
        got = "there is nothing at that path"
    elif not root.is_dir():
        got = "that is a file, not a dataset's folder"
    else:
        got = f"that folder holds no {SEAL}"
    return StoreError(
        explain(
            f"the dataset {root} was opened",
            got,
            "a folder that wb.ingest wrote",
            "Check the path, or ingest first",
        )
    )
