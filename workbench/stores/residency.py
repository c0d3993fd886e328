"""Is it in the page cache? A sample of a batch's pages, by ``mincore``."""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path

import numpy as np

from workbench.stores.libc import libc
from workbench.types import AnyArray, ByteArray

SAMPLE = 64
"""Rows of a batch that are looked at; each costs about a microsecond."""


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
