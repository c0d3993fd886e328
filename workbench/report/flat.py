"""A subgraph as flat columns: one row per node, one row per edge, whatever their types.

Pictures and widgets read this value; they never walk a subgraph's dictionaries themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.schema import EdgeType
from workbench.stores.protocols import GraphStore
from workbench.stores.steps import FORMS, both_ways
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import BEGINNING, visible
from workbench.types import AnyArray, BoolArray, Int32Array, Int64Array, TimeArray

PER_NODE = ("type", "node_id", "hop", "seed", "anchor", "time", "sees")
PER_EDGE = ("edge_type", "edge_id", "edge_hop", "edge_time")
"""Columns of a flat subgraph beside ``src`` and ``dst``, which are rows of it."""


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
    sees : int64[n]  the last instant that each node sees: see ``SampledSubgraph.node_sees``
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
    sees: TimeArray
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
    def found_by(self) -> Int64Array:
        """int64[n]: the edge that discovered each node; -1 for seeds.

        It is the first edge into the node at the node's own hop that comes from further in: edges that a form
        of subgraph added may have that hop, too, and lead from a node of the same ring.
        """
        found = np.full(len(self), -1, np.int64)
        ring = self.hop[self.src]
        tree = np.flatnonzero((self.edge_hop == ring) & (self.hop[self.dst] < ring))
        # Written backwards, so that the first discovery is the one that stays.
        found[self.src[tree[::-1]]] = tree[::-1]
        return found

    @property
    def parent(self) -> Int32Array:
        """int32[n]: the node whose expansion discovered each node; -1 for seeds."""
        found = self.found_by
        parent = np.full(len(self), -1, np.int32)
        parent[found >= 0] = self.dst[found[found >= 0]]
        return parent

    def thinned(self, max_nodes: int, edges_per_node: int = 10) -> FlatSubgraph:
        """At most so many nodes and edges, for pictures: a wide fanout must not stop a browser.

        Inner rings stay whole. Of the first ring that does not fit, late nodes stay first, then an even
        choice, so that no sector is lost; the rings beyond it go. Discovering edges and late edges stay.
        """
        if len(self) <= max_nodes and len(self.src) <= edges_per_node * max_nodes:
            return self
        nodes = self._chosen_nodes(max_nodes)
        edges = self.late_edges & nodes[self.src] & nodes[self.dst]
        found = self.found_by[nodes]
        edges[found[found >= 0]] = True
        others = np.flatnonzero(nodes[self.src] & nodes[self.dst] & ~edges)
        edges[_evenly(others, edges_per_node * max_nodes - int(edges.sum()))] = True
        return self.only(nodes, np.flatnonzero(edges))

    def only(self, nodes: BoolArray, edges: Int64Array | None = None) -> FlatSubgraph:
        """Some of the nodes, in their order.

        Parameters
        ----------
        nodes : bool[n]
        edges : int64[k] or None  rows of edges between these nodes, in the order wanted; None: all of those
        """
        if edges is None:
            edges = np.flatnonzero(nodes[self.src] & nodes[self.dst])
        place = (np.cumsum(nodes) - 1).astype(np.int32)
        kept: dict[str, Any] = {name: getattr(self, name)[nodes] for name in PER_NODE}
        kept |= {name: getattr(self, name)[edges] for name in PER_EDGE}
        return replace(self, src=place[self.src[edges]], dst=place[self.dst[edges]], **kept)

    def joined(self, other: FlatSubgraph, nodes: BoolArray, edges: BoolArray) -> FlatSubgraph:
        """Chosen nodes and edges of another behind these.

        ``src`` and ``dst`` of the other are rows of the result, and types of both are positions in its names.
        """
        kept: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(other, name)[rows]])
            for names, rows in ((PER_NODE, nodes), ((*PER_EDGE, "src", "dst"), edges))
            for name in names
        }
        return replace(self, node_types=other.node_types, edge_types=other.edge_types, **kept)

    def _chosen_nodes(self, max_nodes: int) -> BoolArray:
        inside = np.cumsum(np.bincount(self.hop))
        whole = int(np.searchsorted(inside, max_nodes, side="right"))
        chosen = self.hop < whole
        ring = np.flatnonzero(self.hop == whole)
        room = max_nodes - int(chosen.sum())
        late = ring[self.late[ring]]
        chosen[late[:room]] = True
        chosen[_evenly(ring[~self.late[ring]], room - len(late))] = True
        return np.asarray(chosen)


def _evenly(rows: Int64Array, count: int) -> Int64Array:
    """So many of the rows, evenly spread; all of them if there are fewer."""
    if len(rows) <= count:
        return rows
    return rows[np.linspace(0, len(rows) - 1, max(count, 0)).astype(np.int64)]


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
        sees=_join([subgraph.node_sees(name) for name in node_types], np.int64),
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
    if graph is None or times is None:
        return np.full(len(ids), BEGINNING)
    static = [step for step in subgraph.request.plan if not step.temporal]
    waived = np.isin(subgraph.edge_hops(edge_type), [s.hop for s in static if s.edge_type == edge_type])
    if subgraph.request.plan.subgraph != FORMS[0]:
        backs = both_ways(graph.schema, edge_type)
        turned = subgraph.request.plan.subgraph == FORMS[1] and any(s.edge_type in backs for s in static)
        waived = np.where(subgraph.is_drawn(edge_type), waived, turned)
    return np.where(waived, BEGINNING, times[ids])
