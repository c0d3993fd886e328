"""Which step drew which edge, and which nodes did it expand? Read off the sample alone.

In a fanout plan the answer is the hop. In a metapath plan an edge carries the metapaths that drew it;
several steps may have. Then the answer has two sides: an edge that a step *may* have drawn, and one
that it *must* have drawn, since no other step accounts for it. What is asked of every edge is asked of
the first; what is held against a step, of the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from workbench.sampling.audit_chunk import Chunk, Fault
from workbench.schema import EdgeType
from workbench.stores.steps import Step, Strategy
from workbench.types import AnyArray, BoolArray


@dataclass(frozen=True)
class Share:
    """What belongs to one step.

    Attributes
    ----------
    step : Step
    edges, sure_edges : bool[m]  of the step's edge type: that it may, and must, have drawn
    nodes, sure_nodes : bool[n]  of the step's dst type: that it may, and must, have expanded
    """

    step: Step
    edges: BoolArray
    sure_edges: BoolArray
    nodes: BoolArray
    sure_nodes: BoolArray


def shares(chunk: Chunk) -> list[Share]:
    """One :class:`Share` per step of the plan, in order."""
    return _by_path(chunk) if chunk.plan.by_path else _by_hop(chunk)


def _by_hop(chunk: Chunk) -> list[Share]:
    found = []
    for step in chunk.plan:
        edges = chunk.edges[step.edge_type].hop == step.hop
        nodes = chunk.nodes[step.edge_type.dst].hop == step.hop - 1
        found.append(Share(step, edges, edges, nodes, nodes))
    return found


def _by_path(chunk: Chunk) -> list[Share]:
    may: list[tuple[BoolArray, BoolArray]] = []
    for step in chunk.plan:
        edges = chunk.edges[step.edge_type]
        nodes = _reached(chunk, step, [drawn for _, drawn in may])
        own = np.uint64(step.paths)
        drawn = (edges.paths & own == own) & (edges.hop <= step.hop) & nodes[edges.dst]
        may.append((nodes, drawn))
    must: list[BoolArray] = []
    found = []
    for number, (step, (nodes, drawn)) in enumerate(zip(chunk.plan, may, strict=True)):
        sure = drawn & _unexplained(chunk, number, [each for _, each in may])
        must.append(sure)
        found.append(Share(step, drawn, sure, nodes, _reached(chunk, step, must)))
    return found


def _reached(chunk: Chunk, step: Step, drawn: list[BoolArray]) -> BoolArray:
    """bool[n]: seeds at hop 1; then the ends of what the parent step drew."""
    nodes = chunk.nodes[step.edge_type.dst]
    if step.parent is None:
        return np.asarray(nodes.hop == 0)
    reached = np.zeros(len(nodes), np.bool_)
    before = chunk.edges[chunk.plan.steps[step.parent].edge_type]
    reached[before.src[drawn[step.parent]]] = True
    return reached


def _unexplained(chunk: Chunk, number: int, drawn: list[BoolArray]) -> BoolArray:
    """bool[m]: edges whose mask, or first hop, no other step accounts for."""
    step = chunk.plan.steps[number]
    edges = chunk.edges[step.edge_type]
    masks = np.zeros(len(edges), np.uint64)
    begun = np.zeros(len(edges), np.bool_)
    for other, each in enumerate(chunk.plan):
        if other != number and each.edge_type == step.edge_type:
            masks[drawn[other]] |= np.uint64(each.paths)
            begun |= drawn[other] & (edges.hop == each.hop)
    sure: BoolArray = (masks != edges.paths) | ((edges.hop == step.hop) & ~begun)
    return sure


def check_membership(chunk: Chunk, found: list[Share]) -> Iterator[Fault]:
    """Every edge starts at a node that its step expands, and its metapaths are those that led there."""
    for edge_type, edges in chunk.edges.items():
        masks, begun = np.zeros(len(edges), np.uint64), np.zeros(len(edges), np.bool_)
        for share in found:
            if share.step.edge_type == edge_type:
                masks[share.edges] |= np.uint64(share.step.paths)
                begun |= share.edges & share.nodes[edges.dst] & (edges.hop == share.step.hop)
        planned = np.isin(edges.hop, [step.hop for step in chunk.plan if step.edge_type == edge_type])
        kind = "expanded node was not found at the hop before"
        kind = "expanded node was not drawn by the step before" if chunk.plan.by_path else kind
        bad = {kind: planned & ~begun, "mask is not that of the metapaths": begun & (masks != edges.paths)}
        for kind, wrong in bad.items():
            yield from _told(edge_type, kind, wrong, edges.hop)


def _told(edge_type: EdgeType, kind: str, wrong: BoolArray, hops: AnyArray) -> Iterator[Fault]:
    for hop in np.unique(hops[wrong]).tolist():
        places = np.flatnonzero(wrong & (hops == hop))
        yield str(edge_type), int(hop), kind, len(places), f"edge {places[0]} of the audited chunk"


def rules(chunk: Chunk, found: list[Share], edge_type: EdgeType) -> Iterator[tuple[Step, BoolArray]]:
    """The rule that each edge must keep: its step's, or the loosest of the steps that may have drawn it.

    Yields
    ------
    Step, bool[m]  edges without any step come last, under a step that asks nothing of times
    """
    own = [share for share in found if share.step.edge_type == edge_type]
    if not chunk.plan.by_path:
        yield from ((share.step, share.edges) for share in own)
        return
    sets = np.zeros(len(chunk.edges[edge_type]), np.uint64)
    for place, share in enumerate(own):
        sets[share.edges] |= np.uint64(1) << np.uint64(place)
    for value in np.unique(sets).tolist():
        steps = [share.step for place, share in enumerate(own) if value >> place & 1]
        yield (
            loosest(steps or [replace(own[0].step, temporal=False, strategy=Strategy.UNIFORM)]),
            sets == value,
        )


def loosest(steps: list[Step]) -> Step:
    """The step that asks least of an edge: what one of them allows, it allows."""
    windows = [step.window for step in steps if step.temporal]
    window = None if None in windows or not windows else max(w for w in windows if w is not None)
    weights = {step.weight if step.strategy == Strategy.WEIGHTED else None for step in steps}
    strategy = steps[0].strategy if len(weights) == 1 else Strategy.UNIFORM
    temporal = all(step.temporal for step in steps)
    return replace(steps[0], temporal=temporal, window=window, strategy=strategy)


def times_apply(chunk: Chunk, found: list[Share], edge_type: EdgeType) -> Mapping[bool, BoolArray]:
    """For True: edges that some temporal step may have drawn; for False: that some static one may.

    Of the steps of the edge's own hop: a later one that draws it again finds the node as it is.
    """
    edges = chunk.edges[edge_type]
    marks = {True: np.zeros(len(edges), np.bool_), False: np.zeros(len(edges), np.bool_)}
    for share in found:
        if share.step.edge_type == edge_type:
            marks[share.step.temporal] |= share.edges & (edges.hop == share.step.hop)
    return marks
