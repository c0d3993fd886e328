"""Memory of the stores: recycled arenas under one budget, and a report that prints.

Fresh pages cost up to 100 times a reused one, so a batch is written into an arena that an earlier batch
has given back. An arena comes back when the last array that refers to it is gone, so a subgraph may be
kept for as long as anyone likes; it then counts against the budget. Feature rows are read into such arenas
too (``buffers.py``): torch and Arrow keep the array that they were made from.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.stores.cgroup import cgroup_limit, cgroup_room, text_of
from workbench.stores.fork_lock import ForkLock
from workbench.types import ByteArray

KEEP: int = 1 << 28
"""Bytes of free arenas kept for later batches."""

_PAGE = 4096

UNCHECKED: int = 64 << 20
"""Without a budget, only requests for more than this ask the system what is free."""


class OverBudgetError(MemoryError):
    """An arena or table that the budget does not allow; the store turns it into a BudgetError.

    Attributes
    ----------
    asked : int  bytes asked for
    held : int  bytes that live subgraphs and hash tables hold
    limit : int  bytes allowed for all of them
    room : int  bytes that a request could have: what live subgraphs leave of the limit
    """

    def __init__(self, asked: int, held: int, limit: int, room: int) -> None:
        super().__init__(f"{asked:,} bytes beside {held:,} of {limit:,}")
        self.asked, self.held, self.limit, self.room = asked, held, limit, room


class Arenas:
    """Lends byte arrays; recycles them; never holds more than ``limit`` bytes.

    Parameters
    ----------
    limit : int or None  bytes; None = no limit
    keep : int  free bytes kept for later; beyond it, free arenas go back to the system
    """

    def __init__(self, limit: int | None = None, keep: int = KEEP) -> None:
        self.limit, self._keep = limit, keep
        self._free: list[ByteArray] = []
        self._returned: list[ByteArray] = []
        self._leases: dict[int, weakref.ref[ByteArray]] = {}
        self._reserved = 0
        self._total = 0
        self._lock = ForkLock()

    @property
    def total(self) -> int:
        """Bytes of all arenas, lent and free, and of what was reserved."""
        return self._total + self._reserved

    def take(self, size: int) -> ByteArray:
        """uint8[at least ``size``], page-aligned: contents undefined; it comes back by itself.

        Raises
        ------
        OverBudgetError
            If the limit does not allow it; nothing was allocated.
        """
        size = size_class(size)
        with self._lock:
            self._collect()
            fitting = [i for i, arena in enumerate(self._free) if size <= len(arena) <= 4 * size]
            if fitting:
                owner = self._free.pop(min(fitting, key=lambda i: len(self._free[i])))
            else:
                self._make_room(size)
                owner = _allocate(size, self.total)
                self._total += size
            return self._lend(owner)

    def reserve(self, size: int) -> None:
        """Count bytes that a thread keeps for itself (hash tables); negative gives them back.

        Raises
        ------
        OverBudgetError
        """
        with self._lock:
            self._collect()
            self._make_room(size)
            self._reserved += size

    def _lend(self, owner: ByteArray) -> ByteArray:
        # a memoryview between owner and lease: every view of the lease refers to the lease, not to the
        # owner, so the death of the lease is the death of the last view
        lease: ByteArray = np.frombuffer(owner.data, np.uint8)
        returned, leases, number = self._returned, self._leases, id(lease)

        def give_back(_: object) -> None:
            # runs in any thread, in the middle of anything: only atomic operations, no lock
            leases.pop(number, None)
            returned.append(owner)

        self._leases[number] = weakref.ref(lease, give_back)
        return lease

    def _collect(self) -> None:
        while self._returned:
            self._free.append(self._returned.pop())
        free = sum(map(len, self._free))
        while free > self._keep:
            oldest = len(self._free.pop(0))
            self._total, free = self._total - oldest, free - oldest

    def _make_room(self, size: int) -> None:
        """Drop free arenas until ``size`` more bytes are allowed, or refuse."""
        if size < UNCHECKED and self.limit is None:
            return
        limit = self.total + available_memory() if self.limit is None else self.limit
        while self._free and self.total + size > limit:
            self._total -= len(self._free.pop(0))
        if self.total + size > limit:
            raise OverBudgetError(size, self.total, limit, limit - self._total)


def _allocate(size: int, held: int) -> ByteArray:
    try:
        raw = np.empty(size + _PAGE, np.uint8)
    except MemoryError:
        raise OverBudgetError(size, held, held + size - 1, size - 1) from None
    start = -raw.ctypes.data % _PAGE
    return raw[start : start + size]


def available_memory() -> int:
    """Bytes that this process can still take without being killed: of the machine and of its cgroups."""
    rooms = [_meminfo("MemAvailable"), cgroup_room()]
    return min((room for room in rooms if room is not None), default=1 << 62)


def total_memory() -> int:
    """Bytes that this process could have if nothing else ran: of the machine, or what its cgroups allow."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = cgroup_limit()
    return machine if limit is None else min(machine, limit)


def _meminfo(name: str) -> int | None:
    for line in text_of(Path("/proc/meminfo")).splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return None


def size_class(size: int) -> int:
    """Round up to one of eight sizes per power of two, so that batches of similar size share arenas."""
    step = 1 << max(size.bit_length() - 4, 12)
    return -(-max(size, 1) // step) * step


class Room:
    """Scratch that is counted against a budget before it is allocated.

    Parameters
    ----------
    arenas : Arenas
    """

    def __init__(self, arenas: Arenas) -> None:
        self.arenas, self.held = arenas, 0

    def more(self, size: int) -> None:
        """Count ``size`` bytes more, or fewer.

        Raises
        ------
        OverBudgetError
        """
        self.arenas.reserve(size)
        self.held += size


@contextmanager
def scratch(arenas: Arenas) -> Iterator[Room]:
    """Room that is given back at the end."""
    room = Room(arenas)
    try:
        yield room
    finally:
        room.more(-room.held)


@dataclass(frozen=True)
class MemoryReport:
    """Where a graph's bytes are. Prints as a table.

    Attributes
    ----------
    edge_bytes : dict edge type as text -> bytes of its arrays
    layouts : dict edge type as text -> its layout, ``fact``, ``column`` or ``edges``
    offsets : dict edge type as text -> (bytes of its indptr, dst nodes); none in the ``column`` layout
    edges : dict edge type as text -> stored edges
    time_bytes : dict table -> bytes of its times, and of its end times
    nodes : dict node type -> nodes
    huge : bytes of the graph's memory in huge pages; None where the system does not tell
    masses : bytes of weights and prefix masses, read and built when first sampled by
    arenas : bytes of recycled buffers and hash tables
    budget : bytes allowed, or None
    """

    edge_bytes: Mapping[str, int]
    layouts: Mapping[str, str]
    offsets: Mapping[str, tuple[int, int]]
    edges: Mapping[str, int]
    time_bytes: Mapping[str, int]
    nodes: Mapping[str, int]
    huge: int | None
    masses: int
    arenas: int
    budget: int | None

    @property
    def graph(self) -> int:
        """Bytes of the graph."""
        return sum(self.edge_bytes.values()) + sum(self.time_bytes.values())

    @property
    def total(self) -> int:
        """Bytes of graph, masses and arenas."""
        return self.graph + self.masses + self.arenas

    def bytes_per_edge(self, edge_type: str) -> float:
        """Bytes of ids per stored edge; offsets are counted by node."""
        offsets = self.offsets.get(edge_type, (0, 0))[0]
        return _each(self.edge_bytes[edge_type] - offsets, self.edges[edge_type])

    def bytes_per_node(self, edge_type: str) -> float:
        """Bytes of offsets per dst node; 0 in the ``column`` layout."""
        return _each(*self.offsets.get(edge_type, (0, 0)))

    def __str__(self) -> str:
        lines = [("", f"{'layout':<8}{'count':>14}{'MB':>10}{'B/edge':>8}{'B/node':>8}")]
        for name, size in self.edge_bytes.items():
            edge, node = f"{self.bytes_per_edge(name):>8.1f}", f"{self.bytes_per_node(name):>8.1f}"
            lines.append((name, _cells(size, self.layouts[name], f"{self.edges[name]:,}") + edge + node))
        for name, size in self.time_bytes.items():
            count = self.nodes.get(name, size // 8)
            each = f"{'':>8}{_each(size, count):>8.1f}"
            lines.append((f"times of {name}", _cells(size, "", f"{count:,}") + each))
        limit = "no budget" if self.budget is None else f"budget {self.budget / 1e6:,.1f} MB"
        lines.append(("graph", _cells(self.graph)))
        if self.huge is not None:
            lines.append(("  of it in huge pages", _cells(min(self.huge, self.graph))))
        if self.masses:
            lines.append(("weights and prefix masses", _cells(self.masses)))
        lines += [("arenas and hash tables", _cells(self.arenas)), (f"total ({limit})", _cells(self.total))]
        width = max(39, *(len(name) for name, _ in lines))
        return "\n".join(f"{name:<{width}} {cells}" for name, cells in lines)

    __repr__ = __str__


def _each(size: int, count: int) -> float:
    return size / count if count else 0.0


def _cells(size: int, layout: str = "", count: str = "") -> str:
    return f"{layout:<8}{count:>14}{size / 1e6:>10,.1f}"
