"""Is it in the page cache? And if it should be: bring it there, in order and in large pieces."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
from pathlib import Path

import numpy as np

from workbench.errors import CorruptStoreError, explain
from workbench.stores.libc import libc
from workbench.stores.seal import RESTORE
from workbench.types import AnyArray, ByteArray

SAMPLE = 64
"""Rows of a batch that are looked at; each costs about a microsecond."""

PIECE = 64 << 20
"""Bytes that are brought into memory at a time."""

_POPULATE_READ = 22  # MADV_POPULATE_READ of Linux 5.14


def load_pages(rows: AnyArray) -> None:
    """Bring a mapped file into the page cache front to back, in huge pages where the system has them.

    Pages that arrive by random access lie there one by one, and a gather from them is up to three times as
    slow.

    Raises
    ------
    CorruptStoreError
        If the disk cannot read them.
    """
    begin, end = rows.ctypes.data, rows.ctypes.data + rows.nbytes
    _advise(begin, rows.nbytes, getattr(mmap, "MADV_HUGEPAGE", mmap.MADV_WILLNEED))
    for start in range(begin, end, PIECE):
        size = min(PIECE, end - start)
        failed = _advise(start, size, _POPULATE_READ)
        if failed == errno.EINVAL:  # an older system: one byte of each page brings it
            rows.reshape(-1).view(np.uint8)[start - begin :][: size : mmap.PAGESIZE].sum()
        elif failed:
            got = f"the disk failed ({os.strerror(failed)})"
            raise CorruptStoreError(explain("a segment was brought into memory", got, do=RESTORE))


def _advise(address: int, size: int, advice: int) -> int:
    """What the system thinks of the advice: 0, or an error number."""
    failed = libc().madvise(ctypes.c_void_p(address), ctypes.c_size_t(size), advice)
    return ctypes.get_errno() if failed else 0


def is_seen(path: Path) -> bool:
    """Whether the system tells this user what of a file is cached: Linux tells owners and writers only."""
    return hasattr(libc(), "mincore") and (path.stat().st_uid == os.geteuid() or os.access(path, os.W_OK))


def cached_share(rows: ByteArray, places: AnyArray, sample: int = SAMPLE) -> float:
    """Share of a batch's rows whose first page is in the page cache, from an even sample of them.

    Parameters
    ----------
    rows : uint8[n, stride]  a mapped file
    places : ids[k]

    Returns
    -------
    float
        0 to 1; 1 for an empty batch.

    Raises
    ------
    OSError
        If the rows are not a map of memory pages.
    """
    if not len(places):
        return 1.0
    looked = places[:: -(-len(places) // sample)].astype(np.int64)
    found, state = 0, ctypes.c_ubyte()
    for byte in (rows.ctypes.data + looked * rows.shape[1]).tolist():
        page = byte // mmap.PAGESIZE * mmap.PAGESIZE
        if libc().mincore(ctypes.c_void_p(page), ctypes.c_size_t(1), ctypes.byref(state)):
            raise OSError(ctypes.get_errno(), "mincore failed")
        found += state.value & 1
    return found / len(looked)
