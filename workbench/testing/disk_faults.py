"""Faults of a disk, at any call that changes it: a kill (torn writes and all), a full disk, an I/O error.

    with DiskFaults() as disk:                  # counts: disk.calls = ["write 1.delta", "fsync", ...]
        change(path)
    for place in range(len(disk.calls)):
        with DiskFaults(place, "ENOSPC"):       # goes wrong at that call
            change(path)

Patched are writes of durable files, fsync, rename, unlink and the catalog's transaction (before and after).
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from workbench.stores import catalog
from workbench.stores.durable import DurableFile

KINDS = ("kill", "ENOSPC", "EIO")
"""What may go wrong; half of a write is done before it does."""


class _Short:
    """A file that takes a third of what it is given."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, piece: memoryview) -> int:
        return int(self._file.write(piece[: max(1, len(piece) // 3)]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def short_writes() -> Iterator[None]:
    """Every write of a durable file takes less than it is given, as a system may."""
    real = DurableFile._create
    DurableFile._create = lambda self: _Short(real(self))  # type: ignore[method-assign, assignment, return-value]
    try:
        yield
    finally:
        DurableFile._create = real  # type: ignore[method-assign]


class DiskFaults:
    """Counts calls that change the disk; at one of them, if asked, something goes wrong.

    Parameters
    ----------
    at : int or None  number of the call, from 0; None: nothing goes wrong
    kind : str  of :data:`KINDS`

    Attributes
    ----------
    calls : list of str  what was called so far
    """

    def __init__(self, at: int | None = None, kind: str = "kill") -> None:
        self.calls: list[str] = []
        self._at, self._kind = at, kind
        self._patched: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> DiskFaults:
        self._patch(os, "fsync", "fsync")
        self._patch(Path, "replace", "rename")
        self._patch(Path, "unlink", "unlink")
        self._patch(catalog, "write_records", "commit", after=True)
        write = DurableFile._write_all

        def torn(file: DurableFile, piece: memoryview) -> None:
            half = len(piece) // 2
            write(file, piece[:half])
            self._call(f"write {file._target.name}")
            write(file, piece[half:])

        self._replace(DurableFile, "_write_all", torn)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for owner, name, real in reversed(self._patched):
            setattr(owner, name, real)

    def _patch(self, owner: Any, name: str, what: str, *, after: bool = False) -> None:
        real: Callable[..., Any] = getattr(owner, name)

        def faulty(*given: Any, **options: Any) -> Any:
            self._call(what)
            result = real(*given, **options)
            if after:
                self._call(f"after {what}")
            return result

        self._replace(owner, name, faulty)

    def _replace(self, owner: Any, name: str, new: Callable[..., Any]) -> None:
        self._patched.append((owner, name, getattr(owner, name)))
        setattr(owner, name, new)

    def _call(self, what: str) -> None:
        self.calls.append(what)
        if len(self.calls) - 1 != self._at:
            return
        if self._kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        number = getattr(errno, self._kind)
        raise OSError(number, os.strerror(number))
