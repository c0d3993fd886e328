"""What a graph store gives back: nodes, edges and where each of them came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.schema import EdgeType
from workbench.stores.request import SampleRequest
from workbench.temporal import just_before
from workbench.types import AnyArray, BoolArray, Int32Array, Int64Array, TimeArray, UInt64Array


@dataclass(frozen=True)
class SampledSubgraph:
    """A sampled neighbourhood in local ids, nodes in order of discovery, edges in order of hop.

    Printed, it counts nodes (seeds first) and edges hop by hop.

    Plans with ``subgraph='bidirectional'`` or ``'induced'`` have more edges than were drawn. An added edge is
    of the later hop at which its ends were found (at least 1); within a hop it follows the drawn ones.

    Attributes
    ----------
    request : SampleRequest
    snapshot : int  of the store that answered
    node_id : dict node type -> ids[n]
        Global ids; the seeds of a type come first, in order, duplicates kept. Every node type of
        the schema has an entry, possibly empty.
    batch : dict node type -> int32[n]
        Position in the request of the seed that each node belongs to. In joint mode nodes are
        shared: seeds carry their position, every other node -1.
    row, col : dict edge type -> int32[m]
        Local ids of the edge's src (the drawn neighbour) and dst (the expanded node). Every edge
        type that the plan names has an entry, and its way back where edges are added.
    edge_id : dict edge type -> ids[m]  row of the edge type's table
    nodes_per_hop : dict node type -> int64[hops + 1]  entry 0 counts the seeds
    edges_per_hop : dict edge type -> int64[hops]  all edges, drawn and added
    step_edges : int64[steps]  edges drawn by each step of the plan
    edge_paths : dict edge type -> uint64[m], or None
        Metapath plans: bit mask of the metapaths that drew each edge; 0 for added edges.
    cutoffs : dict node type -> int64[n], or None
        Plans with ``cutoff='path'``: the last instant that each node sees.
    dropped : int64[seeds] or None
        Plans with ``max_nodes``: draws that the budget dropped, per seed; int64[1] in joint mode.
    slow_draws : int
        Expansions of a node, by weight or age, for which its visible edges had to be scanned.
    """

    request: SampleRequest
    snapshot: int
    node_id: dict[str, AnyArray]
    batch: dict[str, Int32Array]
    row: dict[EdgeType, Int32Array]
    col: dict[EdgeType, Int32Array]
    edge_id: dict[EdgeType, AnyArray]
    nodes_per_hop: dict[str, Int64Array]
    edges_per_hop: dict[EdgeType, Int64Array]
    step_edges: Int64Array
    edge_paths: dict[EdgeType, UInt64Array] | None = None
    cutoffs: dict[str, TimeArray] | None = None
    dropped: Int64Array | None = None
    slow_draws: int = 0

    def __repr__(self) -> str:
        plan = self.request.plan
        mode = "tree" if plan.tree else "disjoint" if plan.disjoint else "joint"
        cut = "" if self.dropped is None else f"; max_nodes dropped {int(self.dropped.sum()):,} draws"
        title = (
            f"{len(self.request):,} seeds, {mode}: {self.num_nodes:,} nodes, {self.num_edges:,} edges{cut}"
        )
        counts = [*self.nodes_per_hop.items(), *self.edges_per_hop.items()]
        found = [(str(name), hops.tolist()) for name, hops in counts if hops.any()]
        width = max((len(name) for name, _ in found), default=0)
        lines = [f"  {name:<{width}} {_sum(hops)}" for name, hops in found]
        return "\n".join([f"SampledSubgraph of {title}", *lines])

    @property
    def num_nodes(self) -> int:
        """Nodes of all types."""
        return sum(len(ids) for ids in self.node_id.values())

    @property
    def num_edges(self) -> int:
        """Edges of all types."""
        return sum(len(rows) for rows in self.row.values())

    @property
    def nbytes(self) -> int:
        """Bytes of ids, ends, batch numbers, and of metapaths and cutoffs where there are any."""
        names = ("node_id", "batch", "row", "col", "edge_id", "edge_paths", "cutoffs")
        return sum(array.nbytes for name in names for array in (getattr(self, name) or {}).values())

    def node_anchors(self, node_type: str) -> TimeArray:
        """int64[n]: the anchor that each node was sampled under."""
        anchors = self.request.anchors
        if not len(anchors):
            return np.empty(0, np.int64)
        batch = self.batch[node_type]
        return anchors[np.maximum(batch, 0)]

    def node_sees(self, node_type: str) -> TimeArray:
        """int64[n]: the last instant that each node sees: its anchor (strict: 1 us less), or its cutoff."""
        if self.cutoffs is not None:
            return self.cutoffs[node_type]
        anchors = self.node_anchors(node_type)
        return just_before(anchors) if self.request.plan.strict else anchors

    def node_hops(self, node_type: str) -> Int32Array:
        """int32[n]: the hop at which each node was found; 0 for seeds."""
        counts = self.nodes_per_hop[node_type]
        return np.repeat(np.arange(len(counts), dtype=np.int32), counts)

    def edge_hops(self, edge_type: EdgeType) -> Int32Array:
        """int32[m]: the hop at which each edge was drawn, or belongs; 1 for the seeds' own edges."""
        counts = self.edges_per_hop[edge_type]
        return np.repeat(np.arange(1, len(counts) + 1, dtype=np.int32), counts)

    def is_drawn(self, edge_type: EdgeType) -> BoolArray:
        """bool[m]: edges that the plan's steps drew; the others were added by its form of subgraph."""
        counts = self.edges_per_hop[edge_type]
        drawn = np.zeros(len(counts), np.int64)
        for step, count in zip(self.request.plan, self.step_edges.tolist(), strict=False):
            if step.edge_type == edge_type:
                drawn[step.hop - 1] += count
        rank = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.asarray(rank < np.repeat(drawn, counts))

    def same_as(self, other: SampledSubgraph) -> bool:
        """Bit-equal in nodes, edges, ids, batches, paths, cutoffs and counts.

        Requests and ``slow_draws``, which says how and not what, are not compared.
        """
        mine, theirs = self._arrays(), other._arrays()
        return mine.keys() == theirs.keys() and all(np.array_equal(mine[name], theirs[name]) for name in mine)

    def _arrays(self) -> dict[tuple[str, str], AnyArray]:
        groups: dict[str, Mapping[Any, AnyArray]] = {
            "node_id": self.node_id,
            "batch": self.batch,
            "row": self.row,
            "col": self.col,
            "edge_id": self.edge_id,
            "nodes_per_hop": self.nodes_per_hop,
            "edges_per_hop": self.edges_per_hop,
            "edge_paths": self.edge_paths or {},
            "cutoffs": self.cutoffs or {},
            "dropped": {} if self.dropped is None else {"": self.dropped},
        }
        return {(group, str(name)): array for group, part in groups.items() for name, array in part.items()}


def _sum(counts: list[int]) -> str:
    """``31 = 0 + 11 + 20``: a count of all hops, hop by hop."""
    return f"{sum(counts):>9,} = {' + '.join(f'{count:,}' for count in counts)}"
