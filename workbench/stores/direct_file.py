"""A file that is read directly from the disk, past the page cache, many places at once.

    io_uring   256 reads in flight from the calling thread: the quickest way, which containers often refuse
    pread      64 threads without the GIL, one read in flight each

Where a file system allows no direct reads at all, :meth:`DirectFile.open` gives None.
"""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from pathlib import Path

from workbench.errors import CorruptStoreError, StoreError, explain
from workbench.kernels.direct_read import ENDED, read_each
from workbench.stores.fork_pool import ForkPool
from workbench.stores.libc import address
from workbench.stores.seal import RESTORE
from workbench.stores.uring import DEPTH, Ring, is_allowed
from workbench.types import Int64Array

WAYS = ("io_uring", "pread")
"""Ways to read directly, the quickest first."""

THREADS = 64
_FEW = 8
"""Reads of a thread below which fewer threads share the work."""

_UNITS = (512, 4096)

_rings = threading.local()


class DirectFile:
    """An open file whose reads go to the disk. Safe between threads and after a fork.

    Attributes
    ----------
    way : str  one of :data:`WAYS`
    unit : int  offsets, lengths and addresses of reads must be multiples of this many bytes
    """

    def __init__(self, path: Path, descriptor: int, unit: int, way: str, threads: ForkPool) -> None:
        self._path, self._descriptor, self._threads = path, descriptor, threads
        self.unit, self.way = unit, way
        self._close = weakref.finalize(self, os.close, descriptor)

    @classmethod
    def open(cls, path: Path, threads: ForkPool, way: str | None = None) -> DirectFile | None:
        """Open a file for direct reads; None if the system has none for it.

        Parameters
        ----------
        threads : ForkPool  reads where there is no io_uring; see :func:`pread_threads`
        way : str or None  one of :data:`WAYS`; None: the quickest that is allowed

        Raises
        ------
        OSError
            If the file cannot be opened at all.
        StoreError
            If the way asked for is not allowed here.
        """
        if way == "io_uring" and not is_allowed():
            got = "this system or container refuses it"
            raise StoreError(explain("reads by io_uring were asked for", got, do="Ask for 'pread'"))
        if not hasattr(os, "O_DIRECT"):
            return None
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECT)
        except FileNotFoundError:
            raise
        except OSError:  # a file system without direct reads
            return None
        unit = _unit(descriptor)
        if not unit:
            os.close(descriptor)
            return None
        return cls(path, descriptor, unit, way or ("io_uring" if is_allowed() else "pread"), threads)

    def read(self, reads: Int64Array) -> None:
        """Do all reads.

        Parameters
        ----------
        reads : int64[n, 3]  offset, bytes and address of each, multiples of ``unit``; overwritten

        Raises
        ------
        CorruptStoreError
            If the file ends early, or the disk cannot read it.
        """
        ring = _ring() if self.way == "io_uring" else None
        failed = self._each(reads) if ring is None else ring.read(self._descriptor, reads)
        if failed:
            got = (
                "it ended early: it is torn"
                if failed == ENDED
                else f"the disk failed ({os.strerror(failed)})"
            )
            raise CorruptStoreError(explain(f"{self._path} was read", got, do=RESTORE))

    def _each(self, reads: Int64Array) -> int:
        threads = max(1, min(THREADS, len(reads) // _FEW))
        calls = address("pread"), address("__errno_location"), self._descriptor
        parts = [
            self._threads.executor().submit(read_each, *calls, reads, first, threads)
            for first in range(threads)
        ]
        return next((failed for failed in [part.result() for part in parts] if failed), 0)


def describe(way: str) -> str:
    """A way to read, in words."""
    return f"io_uring, {DEPTH} reads in flight" if way == "io_uring" else f"pread, {THREADS} threads"


def pread_threads() -> ForkPool:
    """Threads for the files of one store."""
    return ForkPool(THREADS, "workbench-pread")


def _ring() -> Ring | None:
    """The ring of this thread, and of this process: a forked child must not use its parent's.

    None where the system allows no more rings: each takes a descriptor, and on older systems locked memory.
    """
    held: tuple[int, Ring | None] | None = getattr(_rings, "held", None)
    if held is None or held[0] != os.getpid():
        try:
            held = os.getpid(), Ring()
        except OSError:
            held = os.getpid(), None
        _rings.held = held
    return held[1]


def _unit(descriptor: int) -> int:
    """The smallest piece that may be read directly; 0 if none may."""
    buffer = mmap.mmap(-1, _UNITS[-1])
    for unit in _UNITS:
        try:
            os.preadv(descriptor, [memoryview(buffer)[:unit]], 0)
        except OSError:
            continue
        return unit
    return 0
