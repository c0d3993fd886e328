"""Files that are on disk when the call returns: written once, hashed while written, fsynced.

Every immutable file of a dataset is made here. The order that makes a commit safe is: write and fsync
the files (here), fsync their folders, commit the catalog that names them (both in ``catalog.commit``).
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeAlias, TypeVar

import numpy as np
import xxhash

from workbench.errors import StoreError, explain
from workbench.stores.direct_write import DirectWriter
from workbench.stores.manifest import FileEntry
from workbench.types import AnyArray

CHUNK = 8 << 20
"""Bytes read or written at a time: large enough for the disk, small enough for the cache."""

T = TypeVar("T")
Payload: TypeAlias = "bytes | memoryview | AnyArray"


class Unfinished(ABC):
    """A file being written: a ``with`` block finishes it, or abandons it if anything fails."""

    @abstractmethod
    def finish(self) -> FileEntry:
        """Flush, fsync, close; the entry for the manifest."""

    @abstractmethod
    def abandon(self) -> None:
        """Close and remove an unfinished file; a finished one stays."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abandon()
            return
        try:
            self.finish()
        except BaseException:
            self.abandon()
            raise


class DurableFile(Unfinished):
    """One immutable file of a dataset, being written.

    Parameters
    ----------
    root : Path  the dataset's folder
    path : str  relative to the root, forward slashes; its folders are made; it must not exist yet
    role, name : str  what the file holds, as in :class:`~workbench.stores.manifest.FileEntry`
    direct : bool
        Write past the page cache (``direct_write.py``); where that is not possible, let it forget the file
        once it is on disk. Pages that were written lie there one by one; read back in order they come in
        larger pieces, and random reads are up to 1.5 times as fast.

    Raises
    ------
    StoreError
        If the file exists, or the disk refuses (full, read-only); a partial file is removed on
        the way out of a ``with`` block that failed.
    """

    def __init__(self, root: str | Path, path: str, role: str, name: str, *, direct: bool = False) -> None:
        self._root, self._entry = Path(root), (role, name, path)
        self._target = self._root / path
        self._direct = direct
        self._hash = xxhash.xxh3_64()
        self._bytes = 0
        self._done: FileEntry | None = None
        self._file: BinaryIO | DirectWriter = self._try(self._create)

    @property
    def bytes(self) -> int:
        """Bytes written so far."""
        return self._bytes

    def write(self, payload: Payload) -> None:
        """Append bytes or a contiguous array."""
        view = raw_bytes(payload)
        for start in range(0, len(view), CHUNK):
            piece = view[start : start + CHUNK]
            self._hash.update(piece)
            self._try(partial(self._write_all, piece))
        self._bytes += len(view)

    def finish(self) -> FileEntry:
        """Flush, fsync, close; the entry for the manifest."""
        if self._done is None:
            self._try(self._sync)
            role, name, path = self._entry
            self._done = FileEntry(role, name, path, self._bytes, self._hash.hexdigest())
        return self._done

    def abandon(self) -> None:
        """Close and remove an unfinished file; a finished one stays."""
        if self._done is None:
            self._file.close()
            self._target.unlink(missing_ok=True)

    def _create(self) -> BinaryIO | DirectWriter:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        file = self._target.open("xb", buffering=0)
        writer = DirectWriter.open(self._target) if self._direct else None
        if writer is None:
            return file
        file.close()
        return writer

    def _write_all(self, piece: memoryview) -> None:
        while len(piece):  # an unbuffered write may be short, on a nearly full disk for example
            piece = piece[self._file.write(piece) :]

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        if self._direct and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self._file.close()

    def _try(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except OSError as error:
            raise write_failed(self._target, error) from error


def write_file(root: str | Path, path: str, role: str, name: str, *payloads: Payload) -> FileEntry:
    """Write one immutable file of the given bytes or contiguous arrays, one after the other.

    Returns
    -------
    FileEntry
        With size and xxh3 checksum; the file is on disk, its name is once the catalog commits it.

    Raises
    ------
    StoreError
        If the file exists or the disk refuses; nothing is left behind.
    """
    with DurableFile(root, path, role, name) as file:
        for payload in payloads:
            file.write(payload)
    return file.finish()


def adopt_file(root: str | Path, path: str, role: str, name: str) -> FileEntry:
    """Register a file that another library wrote (Parquet, Arrow IPC): hash, fsync, entry.

    Raises
    ------
    StoreError
        If the file is not there or the disk refuses.
    """
    target = Path(root) / path
    try:
        size, digest = checksum(target)
        with target.open("rb") as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise write_failed(target, error) from error
    return FileEntry(role, name, path, size, digest)


def checksum(path: Path) -> tuple[int, str]:
    """Size and xxh3-64 of a file, read in order in pieces; never mapped, so never a signal."""
    digest, size = xxhash.xxh3_64(), 0
    with path.open("rb", buffering=0) as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()


def sync_file(path: Path) -> None:
    """Fsync a file that another library wrote: a power cut must not leave its name without its bytes."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folders(root: Path, files: Iterable[Path]) -> None:
    """Fsync the folders of some files and their parents up to ``root``, each once: names survive a crash."""
    holding = {file.parent for file in files}
    parents = {parent for folder in holding for parent in (folder, *folder.parents)}
    folders = {parent for parent in parents if parent.is_relative_to(root) and parent.is_dir()}
    for folder in sorted(folders | {root}, reverse=True):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def raw_bytes(payload: Payload) -> memoryview:
    """The bytes of an array (made contiguous if it is not) or of a bytes-like value."""
    if isinstance(payload, np.ndarray):
        payload = np.ascontiguousarray(payload).reshape(-1).view(np.uint8).data
    return memoryview(payload).cast("B")


def write_failed(path: Path, error: OSError) -> StoreError:
    """The error of a refused write, in the house form."""
    return StoreError(
        explain(
            f"{path.name} was to be written to {path.parent}",
            f"the disk refused ({error.strerror or error})",
            do="The stored dataset was not changed; free some space or choose another place, then try again",
        )
    )
