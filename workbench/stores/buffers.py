"""Buffers for rows that were read: arenas that are lent again only when no array refers to them.

Fresh pages of memory cost up to 100 times a reused one, so arenas are kept. Whether an arena is free is
read from its reference count: numpy makes every view, and a view of a view, refer to the array that owns
the memory, and torch and Arrow keep the view that they were made from. So ``list(loader)`` is safe: what
is still held is not lent again.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from workbench.errors import BudgetError, explain
from workbench.stores.fork_lock import ForkLock
from workbench.stores.memory import UNCHECKED, available_memory
from workbench.types import ByteArray

_PAGE = 4096
_SMALLEST = 1 << 16


class ArenaPool:
    """Lends page-aligned numpy buffers from recycled arenas. Safe between threads and after a fork.

    Parameters
    ----------
    keep_bytes : int
        Free memory kept for later; beyond it, free arenas are given back to the system.
    """

    def __init__(self, keep_bytes: int = 1 << 30) -> None:
        self._keep = keep_bytes
        self._arenas: list[ByteArray] = []
        self._lock = ForkLock()

    def take(self, shape: tuple[int, int]) -> ByteArray:
        """A C-contiguous uint8 array of that shape, page-aligned, contents undefined.

        Raises
        ------
        BudgetError
            If the system has not so much memory free; nothing was allocated.
        """
        need = shape[0] * shape[1]
        with self._lock:
            arena = self._free_arena(need, shape)
            view = arena[:need]  # a second reference: from here on the arena counts as lent
        return view.reshape(shape)

    def held_bytes(self) -> int:
        """Bytes of all arenas, lent and free."""
        with self._lock:
            return sum(len(arena) for arena in self._arenas)

    def _free_arena(self, need: int, shape: tuple[int, int]) -> ByteArray:
        fitting = free = -1
        free_bytes = 0
        for i in range(len(self._arenas)):
            size = len(self._arenas[i])
            if _is_lent(self._arenas, i):
                continue
            free, free_bytes = i, free_bytes + size
            if need <= size <= 4 * max(need, _SMALLEST) and (
                fitting < 0 or size < len(self._arenas[fitting])
            ):
                fitting = i
        if fitting >= 0:
            return self._arenas[fitting]
        if free_bytes > self._keep:
            del self._arenas[free]
        self._arenas.append(_new_arena(need, shape))
        return self._arenas[-1]

    def __reduce__(self) -> tuple[Any, ...]:
        return ArenaPool, (self._keep,)


def _is_lent(arenas: list[ByteArray], i: int) -> bool:
    return sys.getrefcount(arenas[i]) > 2  # the list's reference and the argument's


def _new_arena(need: int, shape: tuple[int, int]) -> ByteArray:
    """A page-aligned array that owns its memory, a quarter larger than asked so that sizes can vary."""
    size = max(need + need // 4, _SMALLEST)
    # The system promises memory that it does not have and kills the process at the first touch: ask before.
    free = available_memory() if size > UNCHECKED else size
    if size > free:
        raise BudgetError(
            explain(
                f"a buffer for {shape[0]:,} rows of {shape[1]:,} bytes was asked for",
                f"it takes {size:,} bytes and {free:,} are free",
                f"{free * 4 // 5 // max(shape[1], 1):,} rows",
                "Use smaller batches or a narrower fanout",
            )
        )
    raw = np.empty(size + _PAGE, np.uint8)
    start = -raw.ctypes.data % _PAGE
    return np.frombuffer(raw[start : start + size].data, np.uint8)
