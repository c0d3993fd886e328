"""Is a sample well formed? Seeds first, each node once (in a tree: each draw once), counts that add up.

Nothing here needs the source tables: it is what the fields of a ``SampledSubgraph`` promise by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from workbench.sampling.audit_chunk import Chunk, Fault, Nodes
from workbench.stores.steps import FORMS
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import AnyArray, BoolArray


def check_counts(subgraphs: Sequence[SampledSubgraph]) -> Iterator[Fault]:
    """Counts per hop and step are those of the arrays, and of what the plan has; seeds come first."""
    plan = subgraphs[0].request.plan
    planned = {(step.edge_type, step.hop) for step in plan}
    for number, subgraph in enumerate(subgraphs):
        where = f"subgraph {number}"
        by_step: dict[tuple[object, int], int] = {}
        if len(subgraph.step_edges) != len(plan):
            yield "steps", 0, "step counts are not those of the plan", 1, where
        for step, count in zip(plan, subgraph.step_edges.tolist(), strict=False):
            by_step[step.edge_type, step.hop] = by_step.get((step.edge_type, step.hop), 0) + count
        for edge_type, row in subgraph.row.items():
            counts = subgraph.edges_per_hop.get(edge_type, np.zeros(0, np.int64))
            if counts.sum() != len(row):
                yield str(edge_type), 0, "hop counts do not add up", 1, where
            for hop, count in enumerate(counts.tolist(), start=1):
                drawn = by_step.get((edge_type, hop), 0)
                if plan.subgraph == FORMS[0] and count and (edge_type, hop) not in planned:
                    yield str(edge_type), hop, "not in the plan", int(count), where
                elif count < drawn or (plan.subgraph == FORMS[0] and count != drawn):
                    yield str(edge_type), hop, "step counts do not add up", 1, where
        for name, ids in subgraph.node_id.items():
            if subgraph.nodes_per_hop[name].sum() != len(ids):
                yield name, 0, "hop counts do not add up", 1, where
            given = [seeds.ids for seeds in subgraph.request.seed_sets if seeds.node_type == name]
            seeds = np.concatenate([np.empty(0, np.int64), *given])
            found = ids[: subgraph.nodes_per_hop[name][0]]
            if not np.array_equal(seeds, found):
                yield name, 0, "seeds are not those of the request", 1, where
        if (plan.max_nodes is None) != (subgraph.dropped is None):
            yield "nodes", 0, "dropped draws of a budget are not counted", 1, where


def check_nodes(chunk: Chunk) -> Iterator[Fault]:
    """Every node is there once and was reached by an edge of its hop; edges stay in their lane."""
    reached = {name: np.zeros(len(nodes), np.int64) for name, nodes in chunk.nodes.items()}
    for edge_type, edges in chunk.edges.items():
        src, dst = chunk.nodes[edge_type.src], chunk.nodes[edge_type.dst]
        strays = src.lane[edges.src] != dst.lane[edges.dst]
        yield from told(str(edge_type), edges.hop, "edge between the subgraphs of two seeds", strays)
        late = src.hop[edges.src] > edges.hop
        yield from told(str(edge_type), edges.hop, "source node was found after its edge", late)
        first = src.hop[edges.src] == edges.hop
        counted = np.ones(len(edges), np.bool_) if chunk.plan.tree else first
        np.add.at(reached[edge_type.src], edges.src[counted], 1)
    for name, nodes in chunk.nodes.items():
        drawn, known = nodes.hop > 0, reached[name]
        yield from told(name, nodes.hop, "node that no edge leads to", drawn & (known == 0))
        if chunk.plan.tree:
            shared = np.where(drawn, known > 1, known > 0)
            yield from told(name, nodes.hop, "node of a tree that several draws share", shared)
        else:
            yield from told(name, nodes.hop, "node is there twice", _twice(chunk, nodes))


def _twice(chunk: Chunk, nodes: Nodes) -> BoolArray:
    """bool[n]: nodes found later though their lane (at the same cutoff, where it differs) had them."""
    keys = (nodes.cutoff, nodes.ids, nodes.lane) if chunk.plan.cutoff == "path" else (nodes.ids, nodes.lane)
    order = np.lexsort((nodes.hop, *keys))
    again = np.zeros(len(nodes), np.bool_)
    same = np.ones(max(len(nodes) - 1, 0), np.bool_)
    for values in keys:
        ranked = values[order]
        same &= ranked[1:] == ranked[:-1]
    again[order[1:]] = same
    return again & (nodes.hop > 0)


def check_budget(chunk: Chunk) -> Iterator[Fault]:
    """No lane holds more nodes than its budget, and none dropped draws before it was used up."""
    if chunk.plan.max_nodes is None:
        return
    held = np.zeros(len(chunk.anchors), np.int64)
    for nodes in chunk.nodes.values():
        held += np.bincount(nodes.lane, minlength=len(held))
    over = held > np.maximum(chunk.plan.max_nodes, chunk.seeds)
    early = (chunk.dropped > 0) & (held < chunk.plan.max_nodes)
    for kind, bad in (("more nodes than max_nodes", over), ("draws dropped below max_nodes", early)):
        if bad.any():
            lane = int(np.flatnonzero(bad)[0])
            example = f"lane {lane}: {held[lane]:,} nodes of {chunk.plan.max_nodes:,}"
            yield "nodes", 0, kind, int(bad.sum()), example


def told(name: str, hops: AnyArray, kind: str, bad: BoolArray) -> Iterator[Fault]:
    """One fault per hop that has some."""
    for hop in np.unique(hops[bad]).tolist():
        places = np.flatnonzero(bad & (hops == hop))
        yield name, int(hop), kind, len(places), f"number {places[0]} of the audited chunk"
