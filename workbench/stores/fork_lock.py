"""A lock that a forked process finds free, whichever thread of its parent held it at the fork.

Of a process's threads only the one that forks goes on in the child. A plain lock that another thread
held at that moment stays held in the child for ever, and whoever asks for it there waits for ever.
"""

from __future__ import annotations

import os
import threading


class ForkLock:
    """A lock per process: a context manager, as ``threading.Lock`` is; not re-entrant.

    What it guards must be valid at every line, for a fork may come between any two.
    """

    def __init__(self) -> None:
        self._of_process: dict[int, threading.Lock] = {}

    def __enter__(self) -> None:
        # setdefault is atomic: two threads that come first to a new process get the same lock
        self._of_process.setdefault(os.getpid(), threading.Lock()).acquire()

    def __exit__(self, *_: object) -> None:
        self._of_process[os.getpid()].release()
