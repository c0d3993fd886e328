"""Threads that are made when they are first needed, in each process anew: they do not survive a fork."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from workbench.stores.fork_lock import ForkLock


class ForkPool:
    """One executor a process.

    Parameters
    ----------
    threads : int  at most
    name : str  what the threads are called
    """

    def __init__(self, threads: int, name: str) -> None:
        self._threads, self._name = threads, name
        self._held: tuple[int, ThreadPoolExecutor] | None = None
        self._lock = ForkLock()

    def executor(self) -> ThreadPoolExecutor:
        """The threads of this process."""
        with self._lock:
            if self._held is None or self._held[0] != os.getpid():
                self._held = os.getpid(), ThreadPoolExecutor(self._threads, thread_name_prefix=self._name)
            return self._held[1]

    def close(self) -> None:
        """Wait for what was begun and end the threads; the next call makes new ones."""
        with self._lock:
            if self._held is not None and self._held[0] == os.getpid():
                self._held[1].shutdown(wait=True)
            self._held = None
