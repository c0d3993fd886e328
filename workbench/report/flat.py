"""A subgraph as flat columns: one row per node, one row per edge, whatever their types.

Pictures and widgets read this value; they never walk a subgraph's dictionaries themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.schema import EdgeType
from workbench.stores.protocols import GraphStore
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import BEGINNING, visible
from workbench.types import AnyArray, BoolArray, Int32Array, Int64Array, TimeArray


@dataclass(frozen=True)
class FlatSubgraph:
    """Nodes of all types after one another, edges of all types after one another.

    Attributes
    ----------
    node_types : tuple of str  the types that have nodes here, in the order of the subgraph
    edge_types : tuple of EdgeType  the edge types that have edges here
    type : int32[n]  position in ``node_types``
    node_id : int64[n]  global id within the type
    hop : int32[n]  ring of the node; 0 for seeds
    seed : int32[n]  position of the seed that the node belongs to; -1 for shared nodes
    anchor, time : int64[n]  microseconds; ``temporal.BEGINNING`` where the type is static or the
        time is not known, ``temporal.NO_TIME`` where a timed table's row has none
    edge_type : int32[m]  position in ``edge_types``
    src, dst : int32[m]  rows of this value: the drawn neighbour and the node that was expanded
    edge_id : int64[m]  row of the edge type's table
    edge_hop : int32[m]
    edge_time : int64[m]  microseconds, as ``time``; ``BEGINNING`` where the step waives it
    """

    node_types: tuple[str, ...]
    edge_types: tuple[EdgeType, ...]
    type: Int32Array
    node_id: Int64Array
    hop: Int32Array
    seed: Int32Array
    anchor: TimeArray
    time: TimeArray
    edge_type: Int32Array
    src: Int32Array
    dst: Int32Array
    edge_id: Int64Array
    edge_hop: Int32Array
    edge_time: TimeArray

    def __len__(self) -> int:
        return len(self.node_id)

    @property
    def late(self) -> BoolArray:
        """bool[n]: nodes that their anchor must not see; none in a correct sample."""
        return ~visible(self.time, self.anchor)

    @property
    def late_edges(self) -> BoolArray:
        """bool[m]: edges later than the anchor of the node that drew them."""
        return ~visible(self.edge_time, self.anchor[self.dst])

    @property
    def parent(self) -> Int32Array:
        """int32[n]: the node whose expansion discovered each node; -1 for seeds.

        The first edge into a node at the node's own hop discovered it, so parents lie one ring
        further in and the parents form a forest rooted at the seeds.
        """
        parent = np.full(len(self), -1, np.int32)
        tree = np.flatnonzero((self.edge_hop == self.hop[self.src]) & (self.hop[self.src] > 0))
        # Written backwards, so that the first discovery is the one that stays.
        parent[self.src[tree[::-1]]] = self.dst[tree[::-1]]
        return parent


def flatten(subgraph: SampledSubgraph, graph: GraphStore | None = None) -> FlatSubgraph:
    """Lay a subgraph out as flat columns.

    Parameters
    ----------
    subgraph : SampledSubgraph
    graph : GraphStore or None
        Where the times come from; without it nothing is marked as late.
    """
    node_types = tuple(name for name, ids in subgraph.node_id.items() if len(ids))
    edge_types = tuple(edge_type for edge_type, rows in subgraph.row.items() if len(rows))
    sizes = [len(subgraph.node_id[name]) for name in node_types]
    start = dict(zip(node_types, np.cumsum([0, *sizes]).tolist(), strict=False))
    return FlatSubgraph(
        node_types,
        edge_types,
        type=np.repeat(np.arange(len(node_types), dtype=np.int32), sizes),
        node_id=_join([subgraph.node_id[name] for name in node_types], np.int64),
        hop=_join([subgraph.node_hops(name) for name in node_types], np.int32),
        seed=_join([subgraph.batch[name] for name in node_types], np.int32),
        anchor=_join([subgraph.node_anchors(name) for name in node_types], np.int64),
        time=_join([_node_times(subgraph, graph, name) for name in node_types], np.int64),
        edge_type=_join([np.full(len(subgraph.row[e]), i) for i, e in enumerate(edge_types)], np.int32),
        src=_join([subgraph.row[e] + start[e.src] for e in edge_types], np.int32),
        dst=_join([subgraph.col[e] + start[e.dst] for e in edge_types], np.int32),
        edge_id=_join([subgraph.edge_id[e] for e in edge_types], np.int64),
        edge_hop=_join([subgraph.edge_hops(e) for e in edge_types], np.int32),
        edge_time=_join([_edge_times(subgraph, graph, e) for e in edge_types], np.int64),
    )


def _join(parts: list[AnyArray], dtype: type[np.integer]) -> AnyArray:  # type: ignore[type-arg]
    return np.concatenate(parts).astype(dtype) if parts else np.empty(0, dtype)


def _node_times(subgraph: SampledSubgraph, graph: GraphStore | None, node_type: str) -> TimeArray:
    ids = subgraph.node_id[node_type]
    times = None if graph is None else graph.times(node_type)
    return np.full(len(ids), BEGINNING) if times is None else times[ids]


def _edge_times(subgraph: SampledSubgraph, graph: GraphStore | None, edge_type: EdgeType) -> TimeArray:
    ids = subgraph.edge_id[edge_type]
    times = None if graph is None else graph.times(graph.schema.edge_spec(edge_type).table)
    if times is None:
        return np.full(len(ids), BEGINNING)
    waived = [s.hop for s in subgraph.request.plan if s.edge_type == edge_type and not s.temporal]
    return np.where(np.isin(subgraph.edge_hops(edge_type), waived), BEGINNING, times[ids])
