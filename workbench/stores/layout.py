"""Where a batch lies in its arena, worked out once for all batches of one size.

| ids, batch (cutoff, seen) of each node type | row, col, edge id (paths) of each edge type |   on cache lines
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.kernels.tables import (
    E_CAPACITY,
    E_COL,
    E_MASKS,
    E_OUT,
    E_ROW,
    N_BATCH,
    N_CAPACITY,
    N_CLOCK,
    N_NODES,
    N_SEEN,
    N_WORDS,
)
from workbench.stores.capacity import Capacity, aligned, local_bits
from workbench.types import AnyArray, ByteArray, Int32Array, Int64Array, UInt64Array

if TYPE_CHECKING:
    from workbench.schema import EdgeType
    from workbench.stores.fused import Tables


class Layout:
    """Offsets of a batch's arrays for one capacity.

    Attributes
    ----------
    capacity : Capacity
    low : int  mask of the bits of a hash slot that hold a local id
    bytes : int  size of the arena
    nodes : int64[node types, N_WORDS], edges : int64[edge types, E_WORDS]
        Tables as the kernel takes them, with offsets for addresses.
    """

    def __init__(self, tables: Tables, edge_types: list[EdgeType], capacity: Capacity) -> None:
        self.capacity, self.low = capacity, (1 << local_bits(capacity)) - 1
        path, by_path = capacity.path, capacity.by_path
        self._ids, self.bytes = tables.graph.id_dtype, 0
        size = self._ids.itemsize
        self.nodes = np.zeros((len(tables.types), N_WORDS), np.int64)
        for name, row in zip(tables.types, self.nodes, strict=True):
            room = row[N_CAPACITY] = capacity.nodes[name]
            row[N_NODES], row[N_BATCH] = self._take(room, size), self._take(room, 4)
            row[N_CLOCK] = self._take(room, 8) if path else 0
            row[N_SEEN] = self._take(room, 8) if by_path else 0
        self.edges = tables.edges.copy()
        self.used = [(edge_type, tables.edge_types[edge_type]) for edge_type in edge_types]
        for edge_type, number in self.used:
            row = self.edges[number]
            room = row[E_CAPACITY] = capacity.edges[edge_type]
            row[E_ROW], row[E_COL], row[E_OUT] = (
                self._take(room, 4),
                self._take(room, 4),
                self._take(room, size),
            )
            row[E_MASKS] = self._take(room, 8) if by_path else 0
        node_bases, edge_bases = np.zeros_like(self.nodes), np.zeros_like(self.edges)
        node_bases[:, [N_NODES, N_BATCH, *[N_CLOCK] * path, *[N_SEEN] * by_path]] = 1
        for _, number in self.used:
            edge_bases[number, [E_ROW, E_COL, E_OUT, *[E_MASKS] * by_path]] = 1
        self._words = np.concatenate([self.nodes.ravel(), self.edges.ravel()])
        self._bases = np.concatenate([node_bases.ravel(), edge_bases.ravel()])

    def _take(self, room: int, size: int) -> int:
        offset = self.bytes
        self.bytes += aligned(int(room) * size)
        return offset

    def at(self, base: int) -> tuple[Int64Array, Int64Array]:
        """Both tables with the addresses of an arena that begins at ``base``."""
        words = self._bases * base
        words += self._words
        size = self.nodes.size
        return words[:size].reshape(self.nodes.shape), words[size:].reshape(self.edges.shape)

    def node_views(self, arena: ByteArray, number: int, count: int) -> tuple[AnyArray, Int32Array]:
        """(ids, batch) of a node type, cut to what is filled."""
        ids, batch = self.nodes[number, N_NODES : N_BATCH + 1].tolist()
        return np.ndarray(count, self._ids, arena, ids), np.ndarray(count, np.int32, arena, batch)

    def clocks(self, arena: ByteArray, number: int, count: int) -> Int64Array:
        """Cutoffs of the nodes of a type, where they follow the path."""
        return np.ndarray(count, np.int64, arena, int(self.nodes[number, N_CLOCK]))

    def seen(self, arena: ByteArray, number: int, count: int) -> Int64Array:
        """Steps that drew each node of a type, a bit each, in a metapath plan."""
        return np.ndarray(count, np.int64, arena, int(self.nodes[number, N_SEEN]))

    def edge_views(
        self, arena: ByteArray, number: int, count: int
    ) -> tuple[Int32Array, Int32Array, AnyArray]:
        """(row, col, edge id) of an edge type, cut to what is filled."""
        row, col, edge_id = self.edges[number, E_ROW : E_OUT + 1].tolist()
        rows, cols = np.ndarray(count, np.int32, arena, row), np.ndarray(count, np.int32, arena, col)
        return rows, cols, np.ndarray(count, self._ids, arena, edge_id)

    def masks(self, arena: ByteArray, number: int, count: int) -> UInt64Array:
        """Metapaths that drew each edge of a type, a bit each."""
        return np.ndarray(count, np.uint64, arena, int(self.edges[number, E_MASKS]))
