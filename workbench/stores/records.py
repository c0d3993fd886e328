"""Records of the catalog: what one LMDB transaction writes, and how it is copied back into RAM.

A record is the xxh3-64 of (snapshot, key, payload), 8 bytes, followed by the payload: a page that was lost
in a power cut may still hold a sound record of an older snapshot. No transaction and no view
of the map outlives a call: everything is copied, then the environment is closed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lmdb
import xxhash

from workbench.errors import StoreError, explain
from workbench.stores.durable import sync_folders
from workbench.stores.manifest import Manifest
from workbench.stores.seal import DATA, FOLDER, damaged, size_and_hash

ColumnRef = tuple[str, str]
"""(table, column)"""

# py-lmdb 3 bundles two engines whose files the other cannot read; older ones have one engine only.
_ENGINE: dict[str, Any] = {"lib_version": 0} if int(lmdb.__version__.split(".")[0]) >= 3 else {}
_MANIFEST = b"manifest"
_MARK_BYTES = 8
_MAP_ROOM = 64 << 20


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


def encode_records(manifest: Manifest, dictionaries: Mapping[ColumnRef, list[str]]) -> dict[bytes, bytes]:
    """Key -> checksum + payload, for every record of a snapshot."""
    payloads = {_MANIFEST: json.dumps(manifest.to_dict()).encode()}
    for column, values in dictionaries.items():
        # table and column names may be longer than an LMDB key: the name travels in the payload
        name = json.dumps(column).encode()
        payloads[b"dictionary/" + xxhash.xxh3_128_digest(name)] = name + b"\n" + json.dumps(values).encode()
    return {key: _mark(manifest.snapshot, key, payload) + payload for key, payload in payloads.items()}


def write_records(root: Path, records: Mapping[bytes, bytes], size_now: int) -> None:
    """Replace every record in one synchronous transaction."""
    payload = sum(len(record) + 4096 for record in records.values())
    environment = _open(root, readonly=False, map_size=size_now + 4 * payload + _MAP_ROOM)
    try:
        with environment.begin(write=True) as transaction:
            transaction.drop(environment.open_db(None, transaction), delete=False)
            for key, record in records.items():
                transaction.put(key, record)
    finally:
        environment.close()
    sync_folders(root, [root / DATA])


def read_records(root: Path) -> CatalogState | None:
    """Copy every record into RAM and close; None if there are none.

    Only for a ``data.mdb`` whose hash was checked, or in a process that may crash.

    Raises
    ------
    CorruptStoreError
        If the environment or a record is damaged.
    """
    records: dict[bytes, bytes] = {}
    try:
        environment = _open(root, readonly=True, map_size=_MAP_ROOM + size_and_hash(root)[0])
        try:
            with environment.begin() as transaction:
                for key, record in transaction.cursor():
                    records[key] = bytes(record)
        finally:
            environment.close()
    except lmdb.Error as error:
        raise damaged(root, f"cannot be read ({error})") from error
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
        raise damaged(root, f"cannot be read ({last})")
    return child.stdout.strip() == "True"


_PROBE = """
import pathlib, sys
from workbench.stores import records
print(records.read_records(pathlib.Path(sys.argv[1])) is not None)
"""


def _open(root: Path, *, readonly: bool, map_size: int) -> Any:
    # sync and metasync: a commit that returned is on disk. LMDB's own lock file serves writers only:
    # readers hold a shared flock on the folder instead, so that read-only media work.
    return lmdb.open(
        str(root / FOLDER), map_size=map_size, readonly=readonly, create=not readonly, sync=True,
        metasync=True, max_dbs=0, readahead=False, lock=not readonly, **_ENGINE,
    )  # fmt: skip


def _mark(snapshot: int, key: bytes, payload: bytes) -> bytes:
    return xxhash.xxh3_64_digest(b"%d\0%b\0%b" % (snapshot, key, payload))


def _state(root: Path, records: Mapping[bytes, bytes]) -> CatalogState:
    try:
        manifest = Manifest.from_dict(json.loads(records[_MANIFEST][_MARK_BYTES:]))
    except KeyError:
        raise damaged(root, "holds no manifest") from None
    except ValueError:
        raise damaged(root, "holds a manifest that is no JSON") from None
    dictionaries: dict[ColumnRef, bytes] = {}
    for key, record in records.items():
        mark, payload = record[:_MARK_BYTES], record[_MARK_BYTES:]
        if mark != _mark(manifest.snapshot, key, payload):
            raise damaged(root, f"has a record {key[:20]!r} whose checksum does not match")
        if key != _MANIFEST:
            name, values = payload.split(b"\n", 1)
            table, column = json.loads(name)
            dictionaries[table, column] = values
    return CatalogState(manifest, dictionaries)
