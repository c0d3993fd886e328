"""An io_uring of Linux: hundreds of reads in flight from one thread, one system call for many of them.

Kernels and containers may refuse it; ask :func:`is_allowed`. The loop is ``kernels/direct_read.py``.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import weakref
from functools import cache

import numpy as np

from workbench.kernels.direct_read import (
    R_CQ_HEAD,
    R_CQ_MASK,
    R_CQ_TAIL,
    R_CQES,
    R_DEPTH,
    R_FD,
    R_FILE,
    R_SQ_MASK,
    R_SQ_TAIL,
    R_WORDS,
    read_queued,
)
from workbench.stores.libc import address, libc
from workbench.types import Int64Array

DEPTH = 256
"""Reads in flight."""

_SETUP = 425
_SQES = 0x10000000
_FROM_ONE_THREAD, _WHEN_WAITED_FOR = 1 << 12, 1 << 13
_ONE_MAP = 1
_PARAMETERS = 30  # 4-byte words of struct io_uring_params; offsets of rings from word 10 and 20 on


class Ring:
    """An io_uring of the thread that makes it; no other may use it.

    Parameters
    ----------
    depth : int  reads in flight, a power of two

    Raises
    ------
    OSError
        If the system refuses.
    """

    def __init__(self, depth: int = DEPTH) -> None:
        self._file, parameters = _set_up(depth)
        self.close = weakref.finalize(self, os.close, self._file)
        """Give the ring back; it goes with the object too."""
        if not parameters[5] & _ONE_MAP:
            self.close()
            raise OSError(f"this kernel's io_uring is too old: features {parameters[5]:#x}")
        submit, complete = parameters[10:20].tolist(), parameters[20:30].tolist()
        entries, events = int(parameters[0]), int(parameters[1])
        size = max(submit[6] + 4 * entries, complete[5] + 16 * events)
        rings = mmap.mmap(self._file, size)
        self._sq, self._cq = (
            np.frombuffer(rings, np.uint32, size // 4),
            np.frombuffer(rings, np.int32, size // 4),
        )
        entry_map = mmap.mmap(self._file, 64 * entries, offset=_SQES)
        self._sqes = np.frombuffer(entry_map, np.int64).reshape(entries, 8)
        self._sq[submit[6] // 4 :][:entries] = np.arange(entries)
        self._ring = np.zeros(R_WORDS, np.int64)
        self._ring[[R_FD, R_DEPTH]] = self._file, depth
        self._ring[[R_SQ_TAIL, R_SQ_MASK]] = submit[1] // 4, self._sq[submit[2] // 4]
        self._ring[[R_CQ_HEAD, R_CQ_TAIL, R_CQES]] = complete[0] // 4, complete[1] // 4, complete[5] // 4
        self._ring[R_CQ_MASK] = self._cq[complete[2] // 4]

    def read(self, file: int, reads: Int64Array) -> int:
        """Do all reads of an open file.

        Parameters
        ----------
        reads : int64[n, 3]  offset, bytes and address of each; overwritten

        Returns
        -------
        int
            0, or what :func:`~workbench.kernels.direct_read.read_queued` says went wrong.
        """
        self._ring[R_FILE] = file
        calls = address("syscall"), address("__errno_location")
        return int(read_queued(*calls, self._ring, self._sq, self._sqes, self._cq, reads))


@cache
def is_allowed() -> bool:
    """Whether this process may make an io_uring."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        Ring(8).close()
    except OSError:
        return False
    return True


def _set_up(depth: int) -> tuple[int, np.typing.NDArray[np.uint32]]:
    """The ring's descriptor and what the kernel says of it; the quicker kind where the kernel has it."""
    for flags in (_FROM_ONE_THREAD | _WHEN_WAITED_FOR, 0):
        parameters = np.zeros(_PARAMETERS, np.uint32)
        parameters[2] = flags
        file = libc().syscall(_SETUP, depth, ctypes.c_void_p(parameters.ctypes.data))
        if file >= 0:
            return file, parameters
    raise OSError(ctypes.get_errno(), "io_uring was refused")
