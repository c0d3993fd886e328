"""ShardedGraph: a graph cut into shards by expanded node; each shard answers for its own nodes.

It is the smallest distributed store: requests are split by owner, each shard answers ``sample_hop``, the
answers are merged in the order of the request, and :class:`~workbench.stores.hop_driver.HopDriver` does
the rest. A remote shard is another object with the same ``sample_hop``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from workbench.errors import StoreError, explain
from workbench.kernels.csc import no_neighbor
from workbench.schema import EdgeType, Schema
from workbench.stores.door import check_hop
from workbench.stores.graph_arrays import EdgeArrays, GraphArrays
from workbench.stores.hop_driver import HopDriver
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HiddenEdges, HopRequest, HopSample, SampleRequest
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import BoolArray, Int64Array, TimeArray


class ShardedGraph:
    """Shards of one graph in this process: node ``i`` of any type is owned by shard ``i % shards``.

    Parameters
    ----------
    arrays : GraphArrays
    shards : int
    snapshot : int

    Raises
    ------
    StoreError
        If there is not at least one shard.
    """

    hides_edges = True

    def __init__(self, arrays: GraphArrays, shards: int = 2, snapshot: int = 1) -> None:
        if shards < 1:
            raise StoreError(explain("a sharded graph was asked for", f"got {shards} shards", "1 or more"))
        self._num_rows: Mapping[str, int] = arrays.num_rows
        self.shards = [
            RamGraph(shard_of(arrays, number, shards), snapshot=snapshot) for number in range(shards)
        ]

    @property
    def schema(self) -> Schema:
        """Node and edge types."""
        return self.shards[0].schema

    @property
    def snapshot(self) -> int:
        """Number of the committed state that every shard reads."""
        return self.shards[0].snapshot

    @property
    def numbering(self) -> str:
        """Which the node ids are of; empty where it is not known."""
        return self.shards[0].numbering

    @property
    def id_dtype(self) -> np.dtype[Any]:
        """uint32 or int64."""
        return self.shards[0].id_dtype

    def num_nodes(self, node_type: str) -> int:
        """Nodes of a type, over all shards."""
        return self._num_rows[node_type]

    def num_edges(self, edge_type: EdgeType) -> int:
        """Stored edges of an edge type, over all shards."""
        return sum(shard.num_edges(edge_type) for shard in self.shards)

    def times(self, table: str) -> TimeArray | None:
        """int64[rows] ascending, microseconds; None for a table without a time column."""
        return self.shards[0].times(table)

    def ends(self, table: str) -> TimeArray | None:
        """int64[rows], microseconds, ``NO_TIME`` for none; None for a table without end times."""
        return self.shards[0].ends(table)

    def sample(self, request: SampleRequest, snapshot: int | None = None) -> SampledSubgraph:
        """Sample one batch, hop by hop.

        Raises
        ------
        IdError, AnchorError, FanoutError, StoreError
        """
        return HopDriver(self).sample(request, snapshot)

    def sample_hop(self, request: HopRequest, snapshot: int | None = None) -> HopSample:
        """Ask each shard for its own nodes and put the answers into the order of the request.

        Raises
        ------
        IdError, AnchorError, FanoutError, StoreError
        """
        check_hop(self, request, snapshot)
        owner = request.nodes % len(self.shards)
        places = [np.flatnonzero(owner == number) for number in range(len(self.shards))]
        answers = [
            shard.sample_hop(_part(request, place)) for shard, place in zip(self.shards, places, strict=True)
        ]
        return _merge(len(request.nodes), places, answers)


def shard_of(arrays: GraphArrays, number: int, shards: int) -> GraphArrays:
    """The part of a graph that shard ``number`` owns: every row count, its own nodes' neighbours."""
    edges = {name: _own_edges(part, number, shards) for name, part in arrays.edges.items()}
    return replace(arrays, edges=edges)


def _own_edges(arrays: EdgeArrays, number: int, shards: int) -> EdgeArrays:
    if arrays.indptr is None:
        owned = np.arange(len(arrays.nbr)) % shards == number
        nothing = arrays.nbr.dtype.type(no_neighbor(arrays.nbr.dtype))
        return EdgeArrays(None, np.where(owned, arrays.nbr, nothing))
    offsets = arrays.indptr.astype(np.int64)
    degrees = offsets[1:] - offsets[:-1]
    owned = np.arange(len(degrees)) % shards == number
    kept: BoolArray = np.repeat(owned, degrees)
    indptr = np.concatenate([[0], np.cumsum(np.where(owned, degrees, 0))]).astype(np.int64)
    return EdgeArrays(indptr, arrays.nbr[kept], None if arrays.eid is None else arrays.eid[kept])


def _part(request: HopRequest, place: Int64Array) -> HopRequest:
    hidden = request.hidden
    if hidden is not None:
        hidden = HiddenEdges(request.step.edge_type, *hidden).of_each(place)
    nodes, anchors, keys = request.nodes[place], request.anchors[place], request.keys[place]
    return HopRequest(request.step, nodes, anchors, keys, hidden, request.want_times)


def _merge(nodes: int, places: list[Int64Array], answers: list[HopSample]) -> HopSample:
    counts = np.zeros(nodes, np.int64)
    for place, answer in zip(places, answers, strict=True):
        counts[place] = np.diff(answer.offsets)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    target = np.empty(int(offsets[-1]), np.int64)
    begin = 0
    for place, answer in zip(places, answers, strict=True):
        within = np.arange(answer.offsets[-1]) - np.repeat(answer.offsets[:-1], counts[place])
        target[begin : begin + len(within)] = np.repeat(offsets[place], counts[place]) + within
        begin += len(within)
    order = np.argsort(target)
    neighbors, edge_ids = (
        np.concatenate([getattr(answer, name) for answer in answers])[order]
        for name in ("neighbors", "edge_ids")
    )
    clocks = [answer.times for answer in answers if answer.times is not None]
    times = np.concatenate(clocks)[order] if clocks else None
    return HopSample(offsets, neighbors, edge_ids, times, sum(answer.slow for answer in answers))
