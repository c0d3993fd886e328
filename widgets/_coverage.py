"""How much of the visible neighbourhood a fanout draws: the mean over expanded nodes. No widget."""

from __future__ import annotations

import numpy as np

import workbench as wb

CAP = 512
"""Neighbours of a node along an edge type that are counted at most: a hub must not stop the pilot."""

SEEDS = 256
"""Seeds that are expanded at most: a share needs no more, and wide fanouts make millions of nodes."""


def coverage(
    graph: wb.RamGraph, seeds: wb.SeedTable, fanout: wb.Fanout | wb.Metapaths, key: int = 0
) -> float:
    """Share of its visible neighbours that a node gets, mean over the nodes that a step expands.

    A node and edge type with none to be drawn does not count; of more than :data:`CAP`, so many are all.
    A joint fanout draws for the anchor that has most of the seeds: a joint sample has one.
    """
    seeds = seeds if fanout.disjoint else _of_one_anchor(seeds)
    if len(seeds) > SEEDS:
        seeds = seeds[np.linspace(0, len(seeds) - 1, SEEDS).astype(np.int64)]
    plan = fanout.compile(graph.schema, [seeds.node_type])
    drawn = graph.sample(wb.SampleRequest((seeds.seed_set(),), plan, key))
    cells = dict.fromkeys((step.hop, step.edge_type) for step in plan)
    shares = [share for hop, edge_type in cells for share in _shares(graph, drawn, hop, edge_type)]
    return float(np.mean(shares)) if shares else 1.0


def _of_one_anchor(seeds: wb.SeedTable) -> wb.SeedTable:
    """The seeds of the anchor that most of them have."""
    anchors, counts = np.unique(seeds.visible_until, return_counts=True)
    return seeds[np.flatnonzero(seeds.visible_until == anchors[counts.argmax()])] if len(anchors) else seeds


def _shares(graph: wb.RamGraph, drawn: wb.SampledSubgraph, hop: int, edge_type: wb.EdgeType) -> list[float]:
    """One per node that was expanded along an edge type at a hop."""
    kind = edge_type.dst
    nodes = np.flatnonzero(drawn.node_hops(kind) == hop - 1)
    if not len(nodes):
        return []
    edges = drawn.col[edge_type][(drawn.edge_hops(edge_type) == hop) & drawn.is_drawn(edge_type)]
    got = np.bincount(edges, minlength=len(drawn.node_id[kind]))[nodes]
    sees = drawn.node_sees(kind)[nodes]
    seeds = wb.SeedSet.of(kind, drawn.node_id[kind][nodes], sees)
    one = wb.Fanout([{str(edge_type): CAP}], disjoint=True).compile(graph.schema, [kind])
    found = graph.sample(wb.SampleRequest((seeds,), one, 0))
    there = np.bincount(found.col[edge_type], minlength=len(nodes))[: len(nodes)]
    share: list[float] = np.minimum(got[there > 0] / there[there > 0], 1.0).tolist()
    return share
