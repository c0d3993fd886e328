"""Cutoffs along the path, found anew from the source tables' times, hop by hop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from workbench.sampling.audit_chunk import Chunk, Fault
from workbench.sampling.audit_steps import Share, times_apply
from workbench.schema import EdgeType
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import BoolArray, TimeArray

Allowed = Mapping[EdgeType, Mapping[bool, BoolArray]]


def along_paths(
    chunk: Chunk, found: list[Share], times: Mapping[EdgeType, TimeArray]
) -> tuple[Chunk, list[Fault]]:
    """The chunk with each node's cutoff as its path says: ``min(parent's cutoff, time of the edge)``.

    Parameters
    ----------
    times : dict edge type -> int64[m]  of the edges' own rows; FOREVER where there is none

    Returns
    -------
    Chunk
    list of Fault  for nodes that edges of different cutoffs lead to
    """
    allowed = {name: times_apply(chunk, found, name) for name in chunk.edges}
    cutoffs = {name: nodes.cutoff.copy() for name, nodes in chunk.nodes.items()}
    for hop in range(1, chunk.plan.hops + 1):
        for name, edges in chunk.edges.items():
            here = (edges.hop == hop) & (chunk.nodes[name.src].hop[edges.src] == hop)
            value = cutoffs[name.dst][edges.dst]
            value = np.where(allowed[name][True], np.minimum(value, times[name]), value)
            cutoffs[name.src][edges.src[here]] = value[here]
    nodes = {name: replace(part, cutoff=cutoffs[name]) for name, part in chunk.nodes.items()}
    moved = replace(chunk, nodes=nodes)
    return moved, list(_disagreements(moved, allowed, times))


def _disagreements(chunk: Chunk, allowed: Allowed, times: Mapping[EdgeType, TimeArray]) -> Iterator[Fault]:
    """Every edge leads to a node that has the cutoff of the edge."""
    for name, edges in chunk.edges.items():
        parent = chunk.nodes[name.dst].cutoff[edges.dst]
        own = chunk.nodes[name.src].cutoff[edges.src]
        wrong = ~(allowed[name][True] & (own == np.minimum(parent, times[name])))
        wrong &= ~(allowed[name][False] & (own == parent))
        wrong &= allowed[name][True] | allowed[name][False]
        for hop in np.unique(edges.hop[wrong]).tolist():
            places = np.flatnonzero(wrong & (edges.hop == hop))
            example = f"edge row {edges.eid[places[0]]}"
            yield str(name), int(hop), "node is shared by paths of other cutoffs", len(places), example


def check_cutoffs(chunk: Chunk, subgraphs: Sequence[SampledSubgraph]) -> Iterator[Fault]:
    """The cutoffs that a sample carries are those of its paths."""
    for name, nodes in chunk.nodes.items():
        given = [np.resize(_given(s, name), len(s.node_id[name])) for s in subgraphs]
        wrong = np.flatnonzero(np.concatenate(given) != nodes.cutoff)
        for hop in np.unique(nodes.hop[wrong]).tolist():
            places = wrong[nodes.hop[wrong] == hop]
            one = places[0]
            example = f"row {nodes.ids[one]}: {np.concatenate(given)[one]} for {nodes.cutoff[one]} us"
            yield name, int(hop), "cutoff is not that of its path", len(places), example


def _given(subgraph: SampledSubgraph, node_type: str) -> TimeArray:
    """What the sample says; without an answer, nothing that a cutoff could equal."""
    empty = np.full(1, np.iinfo(np.int64).min)
    return empty if subgraph.cutoffs is None else subgraph.cutoffs.get(node_type, empty)
