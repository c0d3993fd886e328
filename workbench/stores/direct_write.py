"""A file written past the page cache, in order, while its writer makes what comes next.

    write -> one of three page-aligned buffers -> when it is full, a thread writes it to the disk

What is written once and read much later, or by direct reads, need not push other pages out of memory. While
one buffer is being written, another is ready and the third is filled: the disk never waits for rows.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

import numpy as np

BUFFER = 8 << 20
"""Bytes of each buffer."""

_BLOCK = 4096


class DirectWriter:
    """The one writer of an empty file.

    Parameters
    ----------
    descriptor : int  open for direct writes; closed with the writer
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffers = deque(np.frombuffer(mmap.mmap(-1, BUFFER), np.uint8) for _ in range(3))
        self._used = 0
        self._thread: ThreadPoolExecutor | None = None
        self._under_way: deque[Future[None]] = deque()

    @classmethod
    def open(cls, path: Path) -> Self | None:
        """The writer of an existing empty file; None where there are no direct writes."""
        if not hasattr(os, "O_DIRECT"):
            return None
        try:
            return cls(os.open(path, os.O_WRONLY | os.O_DIRECT))
        except OSError:  # a file system without them; what else is wrong, the first plain write will say
            return None

    def write(self, piece: memoryview) -> int:
        """Take bytes over; all of them.

        Raises
        ------
        OSError
            Of these or of earlier bytes: the disk refused.
        """
        done = 0
        while done < len(piece):
            part = piece[done : done + BUFFER - self._used]
            # numpy copies without the GIL, which the thread needs to begin its write
            np.copyto(self._buffers[0][self._used : self._used + len(part)], np.frombuffer(part, np.uint8))
            self._used, done = self._used + len(part), done + len(part)
            if self._used == BUFFER:
                self._send()
        return done

    def flush(self) -> None:
        """Write what is left; the file may be fsynced then, and nothing more may be written.

        Raises
        ------
        OSError
        """
        self._wait(0)
        whole = self._used // _BLOCK * _BLOCK
        view = self._buffers[0].data
        self._write_all(view[:whole])
        if whole < self._used:  # less than a block cannot be written directly
            _leave_direct(self._descriptor)
            self._write_all(view[whole : self._used])
        self._used = 0

    def fileno(self) -> int:
        """The file's descriptor."""
        return self._descriptor

    def close(self) -> None:
        """End the thread and close the file; what was not flushed is lost."""
        if self._thread is not None:
            self._thread.shutdown(wait=True)
            self._thread = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _send(self) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "workbench-write")
        self._under_way.append(self._thread.submit(self._write_all, self._buffers[0].data))
        self._buffers.rotate(-1)
        self._used = 0
        self._wait(len(self._buffers) - 1)

    def _wait(self, most: int) -> None:
        """Wait until at most so many buffers are under way."""
        while len(self._under_way) > most:
            self._under_way.popleft().result()

    def _write_all(self, view: memoryview) -> None:
        while len(view):  # a write may be short, on a nearly full disk for example
            try:
                view = view[os.write(self._descriptor, view) :]
            except OSError as error:
                if error.errno != errno.EINVAL or not _leave_direct(self._descriptor):
                    raise


def _leave_direct(descriptor: int) -> bool:
    """Write through the page cache from here on; False if that was so already."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags & ~os.O_DIRECT)
    return bool(flags & os.O_DIRECT)
