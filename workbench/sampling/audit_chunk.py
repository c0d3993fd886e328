"""Samples of one plan side by side as flat arrays: what every question of the audit is asked of.

A *lane* is what shares nodes: one seed's subgraph, or a whole joint batch. Lanes, and the nodes of
each type, are numbered over all subgraphs of the chunk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from workbench.schema import EdgeType, Schema
from workbench.stores.steps import StepPlan
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import FOREVER
from workbench.types import AnyArray, BoolArray, Int32Array, Int64Array, TimeArray, UInt64Array

Fault: TypeAlias = "tuple[str, int, str, int, str]"
"""(edge type or table, hop, kind, count, example)"""


@dataclass(frozen=True)
class Nodes:
    """Nodes of one type; entry i of every array is node i.

    Attributes
    ----------
    graph : int32[n]  number of the subgraph
    lane : int64[n]
    ids : int64[n]  global ids
    hop : int32[n]  at which the node was found; 0 for seeds
    cutoff : int64[n]  the last instant that the node may see
    """

    graph: Int32Array
    lane: Int64Array
    ids: Int64Array
    hop: Int32Array
    cutoff: TimeArray

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Edges:
    """Edges of one type.

    Attributes
    ----------
    graph : int32[m]  number of the subgraph
    hop : int32[m]  at which the edge was first drawn
    src, dst : int64[m]  entries of the :class:`Nodes` of either end
    eid : int64[m]  row of the edge type's table
    paths : uint64[m]  metapaths that drew it; 0 in fanout plans
    """

    graph: Int32Array
    hop: Int32Array
    src: Int64Array
    dst: Int64Array
    eid: Int64Array
    paths: UInt64Array

    def __len__(self) -> int:
        return len(self.eid)

    def kept(self, mask: BoolArray) -> Edges:
        """Only some of them."""
        return Edges(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Chunk:
    """Subgraphs of one plan.

    Attributes
    ----------
    plan : StepPlan
    schema : Schema
    nodes : dict node type -> Nodes
    edges : dict edge type -> Edges  that the steps drew
    added : dict edge type -> Edges  that the form of subgraph adds
    anchors : int64[lanes]
    seeds : int64[lanes]  seeds of each lane
    dropped : int64[lanes]  draws that the budget cut
    hidden : dict edge type -> (int64[k] lanes, int64[k] edge ids)
    """

    plan: StepPlan
    schema: Schema
    nodes: Mapping[str, Nodes]
    edges: Mapping[EdgeType, Edges]
    added: Mapping[EdgeType, Edges]
    anchors: TimeArray
    seeds: Int64Array
    dropped: Int64Array
    hidden: Mapping[EdgeType, tuple[Int64Array, Int64Array]]

    def veiled(self, edge_type: EdgeType) -> BoolArray:
        """bool[m]: edges that are hidden from the seed of their lane."""
        edges = self.edges[edge_type]
        if edge_type not in self.hidden or not len(edges):
            return np.zeros(len(edges), np.bool_)
        lanes, rows = self.hidden[edge_type]
        most = int(max(rows.max(initial=0), edges.eid.max())) + 1
        own = self.nodes[edge_type.dst].lane[edges.dst] * most + edges.eid
        return np.isin(own, lanes * most + rows)


def gather(subgraphs: Sequence[SampledSubgraph], schema: Schema) -> tuple[Chunk, list[Fault]]:
    """Lay subgraphs of one plan side by side; edges with local ids that do not exist are left out.

    Returns
    -------
    Chunk
    list of Fault  for the edges left out, and for arrays of unequal length
    """
    plan = subgraphs[0].request.plan
    counts = [len(s.request) if plan.disjoint else min(len(s.request), 1) for s in subgraphs]
    base = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    anchors = [s.request.anchors[:count] for s, count in zip(subgraphs, counts, strict=True)]
    seeds = [
        np.ones(n) if plan.disjoint else [len(s.request)] * n for n, s in zip(counts, subgraphs, strict=True)
    ]
    dropped = [_sized(s.dropped, n) for n, s in zip(counts, subgraphs, strict=True)]
    stamps = np.concatenate(anchors)
    sees = np.where(stamps == FOREVER, FOREVER, stamps - 1) if plan.strict else stamps
    nodes = {name: _nodes(subgraphs, name, base, sees, plan.disjoint) for name in schema.node_types}
    faults: list[Fault] = []
    edges, added = {}, {}
    named = {step.edge_type for step in plan}
    for edge_type in plan.edge_types(schema):
        found, drawn = _edges(subgraphs, edge_type, nodes, faults)
        added[edge_type] = found.kept(~drawn)
        if edge_type in named:
            edges[edge_type] = found.kept(drawn)
    chunk = Chunk(
        plan,
        schema,
        nodes,
        edges,
        added,
        stamps,
        np.concatenate(seeds).astype(np.int64),
        np.concatenate(dropped),
        _hidden(subgraphs, schema, base, plan.disjoint),
    )
    return chunk, faults


def _sized(given: AnyArray | None, count: int) -> Int64Array:
    return np.zeros(count, np.int64) if given is None else np.resize(given, count).astype(np.int64)


def _nodes(
    subgraphs: Sequence[SampledSubgraph], name: str, base: Int64Array, anchors: TimeArray, disjoint: bool
) -> Nodes:
    sizes = [len(s.node_id[name]) for s in subgraphs]
    graph = np.repeat(np.arange(len(subgraphs), dtype=np.int32), sizes)
    batch = np.concatenate([s.batch[name] for s in subgraphs]).astype(np.int64)
    lane = base[graph] + (np.clip(batch, 0, np.diff(base)[graph] - 1) if disjoint else 0)
    hop = [np.resize(s.node_hops(name), n) for s, n in zip(subgraphs, sizes, strict=True)]
    ids = np.concatenate([s.node_id[name] for s in subgraphs]).astype(np.int64)
    return Nodes(graph, lane, ids, np.concatenate(hop).astype(np.int32), anchors[lane])


def _edges(
    subgraphs: Sequence[SampledSubgraph], edge_type: EdgeType, nodes: Mapping[str, Nodes], faults: list[Fault]
) -> tuple[Edges, BoolArray]:
    """Edges of a type, and which of them were drawn."""
    parts, marks = [], []
    first = {name: np.searchsorted(nodes[name].graph, np.arange(len(subgraphs) + 1)) for name in nodes}
    src, _, dst = edge_type
    for number, subgraph in enumerate(subgraphs):
        row, col, eid = (
            np.asarray(getattr(subgraph, name)[edge_type], np.int64) for name in ("row", "col", "edge_id")
        )
        paths = (
            np.zeros(len(row), np.uint64) if subgraph.edge_paths is None else subgraph.edge_paths[edge_type]
        )
        hop = np.resize(subgraph.edge_hops(edge_type), len(row)).astype(np.int32)
        if not len(row) == len(col) == len(eid) == len(paths):
            got = f"subgraph {number}: row {len(row)}, col {len(col)}, edge_id {len(eid)}, paths {len(paths)}"
            faults.append((str(edge_type), 0, "arrays of unequal length", 1, got))
            continue
        begins, ends = ({name: first[name][number + k] for name in (src, dst)} for k in (0, 1))
        part = Edges(
            np.full(len(row), number, np.int32), hop, row + begins[src], col + begins[dst], eid, paths
        )
        bad = (row < 0) | (col < 0) | (part.src >= ends[src]) | (part.dst >= ends[dst])
        if bad.any():
            faults.append((str(edge_type), 0, "local id out of range", int(bad.sum()), f"subgraph {number}"))
        parts.append(part.kept(~bad))
        marks.append(np.resize(subgraph.is_drawn(edge_type), len(row))[~bad])
    if not parts:
        none = np.empty(0, np.int64)
        empty = (none.astype(np.int32), none.astype(np.int32), none, none, none, none.astype(np.uint64))
        return Edges(*empty), none.astype(np.bool_)
    columns = (np.concatenate([getattr(p, name) for p in parts]) for name in Edges.__dataclass_fields__)
    return Edges(*columns), np.concatenate(marks)


def _hidden(
    subgraphs: Sequence[SampledSubgraph], schema: Schema, base: Int64Array, disjoint: bool
) -> dict[EdgeType, tuple[Int64Array, Int64Array]]:
    found: dict[EdgeType, list[tuple[Int64Array, Int64Array]]] = {}
    for number, subgraph in enumerate(subgraphs):
        for hidden in subgraph.request.hidden:
            owner = np.repeat(np.arange(len(hidden.offsets) - 1), np.diff(hidden.offsets))
            lanes = base[number] + (owner if disjoint else np.zeros_like(owner))
            for edge_type in hidden.edge_types(schema):
                found.setdefault(edge_type, []).append((lanes, hidden.rows))
    return {
        name: (np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]))
        for name, parts in found.items()
    }
