"""Where a batch lies in its arena, worked out once for all batches of one size.

| ids, batch of each node type | row, col, edge id of each edge type |     each on a cache line
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.kernels.tables import E_CAPACITY, E_OUT, E_ROW, N_BATCH, N_CAPACITY, N_NODES
from workbench.stores.capacity import Capacity, aligned
from workbench.types import AnyArray, ByteArray, Int64Array

if TYPE_CHECKING:
    from workbench.schema import EdgeType
    from workbench.stores.fused import Tables


class Layout:
    """Offsets of a batch's arrays for one capacity.

    Attributes
    ----------
    capacity : Capacity
    bytes : int  size of the arena
    nodes : int64[node types, 6], edges : int64[edge types, 10]
        Tables as the kernel takes them, with offsets for addresses.
    """

    def __init__(self, tables: Tables, edge_types: list[EdgeType], capacity: Capacity) -> None:
        self.capacity, self._ids = capacity, tables.graph.id_dtype
        size, self.bytes = self._ids.itemsize, 0
        self.nodes = np.zeros((len(tables.types), 6), np.int64)
        for name, row in zip(tables.types, self.nodes, strict=True):
            room = capacity.nodes[name]
            row[N_NODES], row[N_BATCH], row[N_CAPACITY] = self._take(room, size), self._take(room, 4), room
        self.edges = tables.edges.copy()
        self.used = [(edge_type, tables.edge_types[edge_type]) for edge_type in edge_types]
        for edge_type, number in self.used:
            room = capacity.edges[edge_type]
            parts = self._take(room, 4), self._take(room, 4), self._take(room, size)
            self.edges[number, E_ROW : E_CAPACITY + 1] = *parts, room
        self._used = [number for _, number in self.used]

    def _take(self, room: int, size: int) -> int:
        offset = self.bytes
        self.bytes += aligned(room * size)
        return offset

    def at(self, base: int) -> tuple[Int64Array, Int64Array]:
        """Both tables with the addresses of an arena that begins at ``base``."""
        nodes, edges = self.nodes.copy(), self.edges.copy()
        nodes[:, N_NODES : N_BATCH + 1] += base
        edges[self._used, E_ROW : E_OUT + 1] += base
        return nodes, edges

    def node_views(self, arena: ByteArray, number: int, count: int) -> tuple[AnyArray, AnyArray]:
        """(ids, batch) of a node type, cut to what is filled."""
        ids, batch = self.nodes[number, N_NODES : N_BATCH + 1].tolist()
        return np.ndarray(count, self._ids, arena, ids), np.ndarray(count, np.int32, arena, batch)

    def edge_views(self, arena: ByteArray, number: int, count: int) -> tuple[AnyArray, AnyArray, AnyArray]:
        """(row, col, edge id) of an edge type, cut to what is filled."""
        row, col, edge_id = self.edges[number, E_ROW : E_OUT + 1].tolist()
        rows, cols = np.ndarray(count, np.int32, arena, row), np.ndarray(count, np.int32, arena, col)
        return rows, cols, np.ndarray(count, self._ids, arena, edge_id)
