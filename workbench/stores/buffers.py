"""Buffers for rows that were read: the stores' recycled arenas, as arrays of rows.

An arena is lent again only when no array refers to it, so ``list(loader)`` is safe: what is still held is
not lent again.
"""

from __future__ import annotations

from typing import Any

from workbench.errors import BudgetError, explain
from workbench.stores.memory import Arenas, OverBudgetError
from workbench.types import ByteArray


class ArenaPool:
    """Lends page-aligned numpy buffers from recycled arenas. Safe between threads and after a fork.

    Parameters
    ----------
    keep_bytes : int
        Free memory kept for later; beyond it, free arenas are given back to the system.
    """

    def __init__(self, keep_bytes: int = 1 << 30) -> None:
        self._keep = keep_bytes
        self.arenas = Arenas(keep=keep_bytes)

    def take(self, shape: tuple[int, int]) -> ByteArray:
        """A C-contiguous uint8 array of that shape, page-aligned, contents undefined.

        Raises
        ------
        BudgetError
            If the system has not so much memory free; nothing was allocated.
        """
        rows, stride = shape
        try:
            return self.arenas.take(rows * stride)[: rows * stride].reshape(shape)
        except OverBudgetError as error:
            raise BudgetError(
                explain(
                    f"a buffer for {rows:,} rows of {stride:,} bytes was asked for",
                    f"it takes {error.asked:,} bytes and {error.room:,} are free",
                    f"{error.room * 8 // 9 // max(stride, 1):,} rows",
                    "Use smaller batches or a narrower fanout",
                )
            ) from None

    def held_bytes(self) -> int:
        """Bytes of all arenas, lent and free."""
        return self.arenas.total

    def __reduce__(self) -> tuple[Any, ...]:
        return ArenaPool, (self._keep,)
