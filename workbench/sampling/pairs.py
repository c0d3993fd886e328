"""Which pairs of nodes are linked, and when: an index over the edges of one edge type.

    by time   edge 0 1 2 3 ..    row, col     "the edges visible at an anchor" is a prefix of it
    by pair   row * width + col, then edge    "was (row, col) linked by then" is a binary search

It is read from the graph store once (:func:`edge_pairs`) and holds 24 bytes an edge with
uint32 ids, shared by all that draw negatives of the edge type.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from workbench.errors import IdError, explain
from workbench.schema import EdgeType
from workbench.stores.protocols import GraphStore
from workbench.stores.request import HopRequest
from workbench.stores.steps import ALL, Step
from workbench.temporal import FOREVER, cut
from workbench.types import AnyArray, BoolArray, Int64Array, TimeArray

CHUNK: int = 1 << 16
"""Nodes expanded at once while the edges are read."""


@dataclass(frozen=True)
class PairIndex:
    """Values by pair, to ask whether there is one in a range.

    Attributes
    ----------
    keys : int64[m]  ``row * width + col``, ascending
    values : ints[m]  ascending among equal keys
    width : int  more than any col
    """

    keys: Int64Array
    values: AnyArray
    width: int

    @classmethod
    def of(cls, row: AnyArray, col: AnyArray, values: AnyArray, width: int) -> PairIndex:
        """Sort pairs.

        Raises
        ------
        IdError
            If the number of possible pairs leaves int64.
        """
        if int(row.max(initial=0)) >= (1 << 63) // max(width, 1) - 1:
            got = f"{int(row.max()) + 1:,} x {width:,} nodes"
            raise IdError(explain("an index of linked pairs was asked for", got, "fewer than 2^63 pairs"))
        keys = row.astype(np.int64) * width + col
        order = np.lexsort((values, keys))
        return cls(keys[order], values[order], width)

    def any_between(self, row: AnyArray, col: AnyArray, first: AnyArray, last: AnyArray) -> BoolArray:
        """bool[n]: whether pair i has a value in ``first[i] .. last[i]``, both included."""
        keys = row.astype(np.int64) * self.width + col
        begin, end = (np.searchsorted(self.keys, keys, side) for side in ("left", "right"))
        place = _bisect(self.values, begin, end, first)
        found = place < end
        found[found] = self.values[place[found]] <= np.broadcast_to(last, keys.shape)[found]
        return found

    def cols_between(self, row: int, first: int, last: int) -> Int64Array:
        """int64[k]: distinct cols that are paired with ``row`` by a value in the range."""
        span = slice(*np.searchsorted(self.keys, [row * self.width, (row + 1) * self.width]))
        values = self.values[span]
        return np.unique(self.keys[span][(values >= first) & (values <= last)] % self.width)

    def keys_between(self, first: int, last: int) -> Int64Array:
        """int64[k]: distinct keys of a value in the range."""
        return np.unique(self.keys[(self.values >= first) & (self.values <= last)])

    def values_of(self, row: AnyArray, col: AnyArray) -> tuple[Int64Array, AnyArray]:
        """``(offsets int64[n + 1], values)``: all values of each pair."""
        keys = row.astype(np.int64) * self.width + col
        begin, end = (np.searchsorted(self.keys, keys, side) for side in ("left", "right"))
        offsets = np.concatenate([[0], np.cumsum(end - begin)]).astype(np.int64)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], end - begin)
        return offsets, self.values[np.repeat(begin, end - begin) + within]


def _bisect(values: AnyArray, begin: Int64Array, end: Int64Array, bound: AnyArray) -> Int64Array:
    """int64[n]: the first place in ``[begin[i], end[i])`` whose value is ``bound[i]`` or more."""
    low, high = begin.copy(), end.copy()
    bound = np.broadcast_to(bound, low.shape)
    while (open_ := low < high).any():
        middle = (low + high) >> 1
        less = open_ & (values[np.where(open_, middle, 0)] < bound)
        low = np.where(less, middle + 1, low)
        high = np.where(open_ & ~less, middle, high)
    return low


@dataclass(frozen=True)
class EdgePairs:
    """The edges of one edge type, by time and by pair.

    Attributes
    ----------
    edge_type : EdgeType
    table : str  whose rows are the edges
    clock : int64[rows] or None  times of the table
    edge : ids[m]  row of the table, ascending, which is time order
    row, col : ids[m]  src and dst node of each
    index : PairIndex  of their ``edge``
    """

    edge_type: EdgeType
    table: str
    clock: TimeArray | None
    edge: AnyArray
    row: AnyArray
    col: AnyArray
    index: PairIndex = field(repr=False)

    def below(self, anchors: TimeArray) -> Int64Array:
        """int64[n]: rows of the table from here on are later than the anchor."""
        if self.clock is None:
            return np.full(len(anchors), FOREVER)
        return cut(self.clock, anchors)

    def visible(self, anchors: TimeArray) -> Int64Array:
        """int64[n]: how many edges, in order of time, are visible at each anchor."""
        return np.searchsorted(self.edge, self.below(anchors)).astype(np.int64)


def edge_pairs(graph: GraphStore, edge_type: EdgeType) -> EdgePairs:
    """Read the edges of an edge type from any graph store. O(edges log edges), once."""
    step = Step(1, edge_type, ALL, temporal=False)
    parts: list[tuple[AnyArray, AnyArray, AnyArray]] = []
    for begin in range(0, graph.num_nodes(edge_type.dst), CHUNK):
        nodes = np.arange(begin, min(begin + CHUNK, graph.num_nodes(edge_type.dst)))
        always = np.full(len(nodes), FOREVER)
        hop = graph.sample_hop(HopRequest(step, nodes, always, np.zeros(len(nodes), np.uint64)))
        dtype = hop.neighbors.dtype
        parts.append((hop.edge_ids, hop.neighbors, np.repeat(nodes.astype(dtype), np.diff(hop.offsets))))
    none = np.empty(0, np.int64)
    edge, row, col = (np.concatenate(part) for part in zip(*parts, strict=True)) if parts else (none,) * 3
    order = np.argsort(edge, kind="stable")
    edge, row, col = edge[order], row[order], col[order]
    table = graph.schema.edge_spec(edge_type).table
    index = PairIndex.of(row, col, edge, max(1, graph.num_nodes(edge_type.dst)))
    return EdgePairs(edge_type, table, graph.times(table), edge, row, col, index)
