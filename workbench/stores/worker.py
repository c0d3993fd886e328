"""What a thread keeps between batches: hash tables, which each batch wipes, and scratch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.kernels.floyd import ROWS
from workbench.kernels.lanes import SLOTS
from workbench.kernels.tables import (
    B_ROWS,
    C_AT_MET,
    C_AT_MID,
    C_AT_NEW,
    C_AT_OLD,
    C_BLOCK,
    C_FRONTIER,
    C_FRONTIER_ROOM,
    C_MANY,
    C_RANKS,
    C_RUNNING,
    C_STAMP,
    C_TAKEN,
    C_TAKEN_MASK,
    C_TARGETS,
    C_VISIBLE,
    C_WORDS,
    CHUNKS,
    K_ROWS,
    LANES,
    ROOM_ROW,
)
from workbench.stores.capacity import hash_slots
from workbench.stores.fused import address
from workbench.stores.memory import Arenas
from workbench.types import AnyArray, Int64Array

if TYPE_CHECKING:
    from workbench.stores.fused import Program
    from workbench.stores.layout import Layout

STAMPS: int = 1 << 29
"""Stamps of the set of taken ranks that may pass before it is wiped: far from overflow."""


class Worker:
    """Hash tables and scratch of one thread; used by one call at a time.

    Attributes
    ----------
    call : int64[C_WORDS]  the C_* words; those of scratch are filled in
    call_at, words : its address, and itself as a memoryview, which is quicker to write
    """

    def __init__(self, arenas: Arenas) -> None:
        self.arenas = arenas
        self.call = np.zeros(C_WORDS, np.int64)
        self._block = np.zeros((B_ROWS, LANES), np.int64)
        self._ring = np.zeros((CHUNKS, K_ROWS, ROOM_ROW // 8), np.int64)
        self._ranks = np.zeros((ROWS, LANES), np.int32)
        self._scratch: dict[int, AnyArray] = {}
        self._slots: dict[Any, AnyArray] = {}
        self._fits: Layout | None = None
        self._program: Program | None = None
        self.call_at, self.words = address(self.call), self.call.data.cast("B").cast("q")
        self._lines: tuple[Int64Array, Int64Array] = (np.zeros((0, 2), np.int64), np.zeros((0, 2), np.int64))
        self.call[C_BLOCK], self.call[C_RANKS] = address(self._block), address(self._ranks)
        for word, chunk in zip((C_AT_NEW, C_AT_MID, C_AT_MET, C_AT_OLD), self._ring, strict=True):
            self.call[word] = address(chunk)

    def dismiss(self) -> None:
        """Give up what was reserved; the worker is not used again."""
        held = [*self._slots.values(), *self._scratch.values()]
        self.arenas.reserve(-sum(part.nbytes for part in held))
        self._slots.clear()
        self._scratch.clear()
        self._fits = None

    def fit_scratch(self, program: Program, lists: int = 0) -> None:
        """Make scratch large enough, ``lists`` being the nodes that steps of metapaths draw.

        Raises
        ------
        OverBudgetError
        """
        wanted = program.scratch
        self._fit(C_MANY, wanted.many, np.int64)
        self._fit(C_TARGETS, wanted.targets, np.float64)
        self._fit(C_RUNNING, wanted.running, np.float64)
        self._fit(C_VISIBLE, wanted.visible, np.int64)
        taken = self._fit(C_TAKEN, wanted.taken, np.int64)
        self.call[C_TAKEN_MASK] = len(taken) - 1
        self.call[C_FRONTIER_ROOM] = len(self._fit(C_FRONTIER, lists, np.int32))

    def fit_program(self, program: Program) -> None:
        """Note the words that hold for every batch of a plan."""
        if program is not self._program:
            self.call[list(program.words)] = list(program.words.values())
            self._program = program

    def wipe_stamps(self) -> int:
        """The stamp to go on with: the set of taken ranks is wiped long before stamps overflow."""
        stamp = self.words[C_STAMP]
        if stamp <= STAMPS:
            return stamp
        self._scratch[C_TAKEN][:] = 0
        return 0

    def _fit(self, word: int, size: int, dtype: np.typing.DTypeLike) -> AnyArray:
        held = self._scratch.get(word)
        if held is None or len(held) < size:
            wanted = np.dtype(dtype).itemsize * size
            self.arenas.reserve(wanted - (0 if held is None else held.nbytes))
            # a fresh set of taken ranks is empty: stamps begin at 1
            held = self._scratch[word] = np.zeros(size, dtype)
            self.call[word] = address(held)
        return held

    def hash_lines(self, layout: Layout) -> tuple[Int64Array, Int64Array]:
        """int64[node types, 2], int64[edge types of the plan, 2]: address and number less one of hash lines.

        The kernel wipes them. Edges have lines where the plan merges them.

        Raises
        ------
        OverBudgetError
        """
        if layout is not self._fits:
            room = layout.capacity
            edges = [(e, room.edges[e]) for e, _ in layout.used] if room.by_path else []
            self._lines = self._all(room.nodes.items()), self._all(edges)
            self._fits = layout
        return self._lines

    def _all(self, rooms: Iterable[tuple[Any, int]]) -> Int64Array:
        return np.array([self._lines_of(name, room) for name, room in rooms], np.int64).reshape(-1, 2)

    def _lines_of(self, name: Any, room: int) -> tuple[int, int]:
        if not room:
            return 0, 0
        wanted, held = hash_slots(room), self._slots.get(name)
        if held is None or len(held) < wanted:
            self.arenas.reserve(4 * wanted - (0 if held is None else held.nbytes))
            # lines begin on a cache line; the rest of the allocation is cut off
            raw = np.zeros(wanted + SLOTS, np.uint32)
            skipped = -address(raw) % 64 // 4
            held = self._slots[name] = raw[skipped : skipped + wanted]
        return address(held), wanted // SLOTS - 1
