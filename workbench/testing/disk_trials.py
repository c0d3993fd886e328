"""Operations on a small dataset, run in a process of their own in which system calls may go wrong.

    seen, = run_trials([Trial("edit", path)])                    # what an edit calls, in order
    run_trials([Trial("edit", path, 7, "ENOSPC"), ...])          # each in a fork of its own

``python -m workbench.testing.disk_trials`` is that process. A *mutant* breaks one promise of the code on
purpose: tests that do not notice are no tests.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa

from workbench.ingestion import build
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.kernels.csc import csc_from_column
from workbench.kernels.overlay import overlay
from workbench.kernels.pack import pack_rows
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores import catalog, records, seal
from workbench.stores.compaction import compact
from workbench.stores.durable import DurableFile, checksum
from workbench.stores.manifest import FileEntry
from workbench.testing.disk_calls import Seen, can_trace, disk_calls

SCHEMA = Schema(
    (
        Table("users", (Column("user_id", Stype.ID), Column("city", Stype.CATEGORICAL)), "user_id"),
        Table(
            "orders",
            (
                Column("user_id", Stype.ID),
                Column("at", Stype.TIMESTAMP),
                Column("amount", Stype.NUMERICAL),
            ),
            time="at",
            foreign_keys=(ForeignKey("user_id", "users"),),
        ),
    )
)
KERNELS = (csc_from_column, overlay, pack_rows)
"""Loaded before the forks, which need not load them then."""


def tables(rows: int) -> dict[str, pa.Table]:
    """Users, and so many orders; amounts count rows."""
    users = np.arange(20) * 3 + 5
    begin = np.datetime64("2026-01-01", "us")
    return {
        "users": pa.table({"user_id": users, "city": ["Bern", "Zug"] * 10}),
        "orders": pa.table(
            {
                "user_id": users[np.arange(rows) * 7 % 20],
                "at": begin + np.arange(rows).astype("m8[h]"),
                "amount": np.arange(rows) / 4,
            }
        ),
    }


def _ingest(path: Path, rows: int) -> None:
    ingest(tables(rows), SCHEMA, path, order={"orders": "user_id"})


def _edit(path: Path) -> None:
    with edit(path) as editing:
        editing.update("orders", {"amount": [900.0, 901.0]}, ids=[7, 8])
        editing.update("users", {"city": ["Genf"]}, ids=[2])
        editing.delete("users", ids=[5])


OPERATIONS: Mapping[str, Callable[[Path], object]] = {
    "first ingest": lambda path: _ingest(path, 40),
    "ingest": lambda path: _ingest(path, 50),
    "edit": _edit,
    "compact": compact,
}
"""What is tried, by name."""


def prepare(operation: str, path: Path) -> None:
    """Make the dataset that an operation begins with."""
    if operation != "first ingest":
        _ingest(path, 40)
    if operation == "compact":
        _edit(path)


@dataclass(frozen=True)
class Trial:
    """One run of an operation.

    Attributes
    ----------
    operation : name in :data:`OPERATIONS`
    path : str  of a dataset that :func:`prepare` made
    at, fault : as in :func:`~workbench.testing.disk_calls.disk_calls`
    mutant : name in :data:`MUTANTS`, or empty
    """

    operation: str
    path: str
    at: int | None = None
    fault: str = "kill"
    mutant: str = ""

    def run(self) -> None:
        """Do it, in this process."""
        with MUTANTS[self.mutant]() if self.mutant else _nothing():
            OPERATIONS[self.operation](Path(self.path))


def run_trials(trials: Sequence[Trial]) -> list[Seen]:
    """Run each trial in a fork of one new process; what was seen of each.

    Raises
    ------
    CalledProcessError
        If the process itself failed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "seen"
        command = [sys.executable, "-m", "workbench.testing.disk_trials", str(out)]
        given = json.dumps([asdict(trial) for trial in trials])
        subprocess.run(command, input=given, text=True, check=True, timeout=7000, stdout=subprocess.DEVNULL)
        seen: list[Seen] = pickle.loads(out.read_bytes())  # noqa: S301 our own child wrote it
    return seen


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _patched(owner: Any, name: str, new: Any) -> Iterator[None]:
    with patch.object(owner, name, new):
        yield


def _unsynced(file: DurableFile) -> None:
    file._file.flush()
    file._file.close()


def _adopted_unsynced(root: Path, path: str, role: str, name: str) -> FileEntry:
    return FileEntry(role, name, path, *checksum(Path(root) / path))


@contextmanager
def _folders_unsynced() -> Iterator[None]:
    def nothing(*_: object) -> None:
        return

    with patch.object(catalog, "sync_folders", nothing), patch.object(seal, "sync_folders", nothing):
        yield


def _seal_unsynced(root: Path, snapshot: int, *, committing: bool) -> int:
    with patch("os.fsync", lambda _: None):
        return seal.write_seal(root, snapshot, committing=committing)


def _seal_in_place(root: Path, snapshot: int, *, committing: bool) -> int:
    with patch.object(Path, "replace", lambda self, to: to.write_bytes(self.read_bytes())):
        return seal.write_seal(root, snapshot, committing=committing)


def _never_committing(root: Path, snapshot: int, *, committing: bool) -> int:
    return seal.size_and_hash(root)[0] if committing else seal.write_seal(root, snapshot, committing=False)


def _sealed_first(root: Path, written: Mapping[bytes, bytes], size: int) -> None:
    snapshot = seal.read_seal(root).snapshot
    seal.write_seal(root, snapshot, committing=False)
    records.write_records(root, written, size)


def _catalog_unsynced(root: Path, *, readonly: bool, map_size: int) -> Any:
    import lmdb

    folder, engine = str(root / seal.FOLDER), records._ENGINE
    return lmdb.open(
        folder, map_size=map_size, readonly=readonly, sync=False, max_dbs=0, lock=not readonly, **engine
    )


def _acknowledged_early(*_: object) -> None:
    return


def _forgets_first(root: Path, *given: Any) -> None:
    for entry in _files_before(root):
        (root / entry.path).unlink()
    _COMMIT(root, *given)


_COMMIT = catalog.commit


def _files_before(root: Path) -> Sequence[FileEntry]:
    state = catalog.find(root)
    return state.manifest.files if state else ()


def _folders_last(root: Path, *given: Any) -> None:
    with patch.object(catalog, "sync_folders", lambda *_: None):
        _COMMIT(root, *given)


MUTANTS: Mapping[str, Callable[[], Any]] = {
    "files are not synced": lambda: _patched(DurableFile, "_sync", _unsynced),
    "adopted files are not synced": lambda: _patched(build, "adopt_file", _adopted_unsynced),
    "folders are not synced": _folders_unsynced,
    "folders of files are not synced": lambda: _patched(catalog, "commit", _folders_last),
    "the seal is not synced": lambda: _patched(catalog, "write_seal", _seal_unsynced),
    "the seal is overwritten": lambda: _patched(catalog, "write_seal", _seal_in_place),
    "no seal says that a commit is under way": lambda: _patched(catalog, "write_seal", _never_committing),
    "the seal comes before the transaction": lambda: _patched(catalog, "write_records", _sealed_first),
    "the transaction is not synced": lambda: _patched(records, "_open", _catalog_unsynced),
    "it is acknowledged and not committed": lambda: _patched(catalog, "commit", _acknowledged_early),
    "old files go before the commit": lambda: _patched(catalog, "commit", _forgets_first),
}
"""Ways to break the code, by what they break; each a context manager."""


def main() -> None:
    """Read trials from stdin, run them, write what was seen to the file that is named."""
    if not can_trace():
        raise OSError("this system lets no child be traced")
    csc_from_column(np.zeros(1, np.uint32), 1)
    trials = [Trial(**given) for given in json.load(sys.stdin)]
    seen = [disk_calls(trial.run, Path(trial.path), trial.at, trial.fault) for trial in trials]
    Path(sys.argv[1]).write_bytes(pickle.dumps(seen))


if __name__ == "__main__":
    main()
