"""verify: read every byte of a dataset and name each file that is not what was committed.

    catalog.seal      its own checksum
    catalog data.mdb  size and hash against the seal; then every record, in a child process, because
                      LMDB ends a process that maps a damaged file
    every other file  presence, size and hash against the manifest

``catalog.lmdb/lock.mdb`` is left out: it holds no data, and LMDB makes a new one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import CorruptStoreError
from workbench.events import Callback, Progress, emit
from workbench.stores import catalog
from workbench.stores.dataset import DATA_FOLDERS, content_problem
from workbench.stores.manifest import Manifest
from workbench.stores.records import probe
from workbench.stores.seal import DATA, SEAL, read_seal


@dataclass(frozen=True)
class Problem:
    """A damaged file (relative path) and what is wrong with it."""

    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


@dataclass(frozen=True)
class VerifyReport:
    """What :func:`verify` found.

    Attributes
    ----------
    path : Path
    problems : tuple of Problem  one per damaged file; empty if every byte is as it was committed
    files : int  files compared, catalog and seal included
    bytes : int  their bytes
    unregistered : tuple of str
        Files in the data folders that the manifest does not name: harmless leftovers of an interrupted
        ingest, deleted by the next one.
    """

    path: Path
    problems: tuple[Problem, ...]
    files: int = 0
    bytes: int = 0
    unregistered: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""
        return not self.problems

    def __str__(self) -> str:
        head = f"{self.path}: {self.files} files, {self.bytes:,} bytes, "
        lines = [head + ("every byte as committed" if self.ok else f"{len(self.problems)} damaged")]
        lines += [f"  DAMAGED {problem}" for problem in self.problems]
        lines += [f"  not registered (harmless): {file}" for file in self.unregistered]
        return "\n".join(lines)

    __repr__ = __str__


def verify(path: str | Path, callbacks: Sequence[Callback] = ()) -> VerifyReport:
    """Compare every byte of a dataset with what was committed.

    Parameters
    ----------
    path : folder of the dataset
    callbacks : listeners of :class:`~workbench.events.Progress` events, in bytes

    Raises
    ------
    StoreError
        If no dataset was ever committed there; damage is reported, not raised.
    """
    root, started = Path(path), time.perf_counter()
    problem, manifest = _check_catalog(root)
    if manifest is None:
        return VerifyReport(root, (problem,) if problem else ())
    problems, done = [], (root / DATA).stat().st_size + (root / SEAL).stat().st_size
    total = done + sum(entry.bytes for entry in manifest.kept_files)
    for entry in manifest.kept_files:
        what = content_problem(root, entry)
        problems += [Problem(entry.path, what)] if what else []
        done += entry.bytes
        seconds = time.perf_counter() - started
        emit(tuple(callbacks), Progress(seconds, "verify", done, total, "bytes"))
    unregistered = tuple(_unregistered(root, manifest))
    return VerifyReport(root, tuple(problems), len(manifest.kept_files) + 2, total, unregistered)


def _check_catalog(root: Path) -> tuple[Problem | None, Manifest | None]:
    """The catalog's problem, or its manifest."""
    try:
        if catalog.started(root):
            catalog.is_sealed(root, read_seal(root))
            if (root / DATA).exists():
                probe(root)  # before anything is opened here
        state = catalog.read(root)
    except CorruptStoreError as error:
        return Problem(_blamed(root), str(error)), None
    return None, state.manifest


def _blamed(root: Path) -> str:
    """Which of the catalog's two files is damaged."""
    try:
        read_seal(root)
    except CorruptStoreError:
        return SEAL
    return DATA


def _unregistered(root: Path, manifest: Manifest) -> Iterator[str]:
    known = {entry.path for entry in manifest.kept_files}
    for folder in DATA_FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            relative = file.relative_to(root).as_posix()
            if not file.is_dir() and relative not in known:
                yield relative
