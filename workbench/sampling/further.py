"""One hop further than a sample went: the neighbours of a single node of it, drawn as its plan draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workbench.schema import EdgeType
from workbench.stores.protocols import GraphStore
from workbench.stores.request import HiddenEdges, SampleRequest, SeedSet
from workbench.stores.steps import Step, StepPlan
from workbench.stores.subgraph import SampledSubgraph

FEW, MOST = 8, 64
"""Neighbours along an edge type that the plan does not follow, and at most along any."""


def sample_further(
    graph: GraphStore,
    request: SampleRequest,
    node_type: str,
    node_id: int,
    sees: int,
    *,
    seed: int = -1,
    hop: int = 0,
) -> SampledSubgraph:
    """Sample the direct neighbours of one node that a request found.

    Each edge type is drawn as the plan's step nearest to the next hop draws it; where the plan has none for
    it, a few visible neighbours are drawn uniformly. What was hidden from the node's seed stays hidden.

    Parameters
    ----------
    graph : GraphStore
    request : SampleRequest  that found the node
    node_type, node_id : str, int  the node
    sees : int  the last instant that the node sees: ``subgraph.node_sees(node_type)``
    seed : int  the seed that the node belongs to; -1 for nodes that seeds share
    hop : int  at which the node was found

    Returns
    -------
    SampledSubgraph
        Of one seed, the node itself, and one hop.

    Raises
    ------
    IdError, BudgetError
        As ``GraphStore.sample``.
    """
    into = [edge_type for edge_type in graph.schema.edge_types if edge_type.dst == node_type]
    steps = tuple(_step(request.plan, edge_type, hop + 1) for edge_type in into)
    plan = StepPlan(steps, hops=1, cutoff=request.plan.cutoff)
    numbering = request.seed_sets[0].numbering
    seeds = SeedSet.of(node_type, np.array([node_id]), sees, numbering=numbering)
    hidden = tuple(_hidden(each, seed) for each in request.hidden)
    return graph.sample(SampleRequest((seeds,), plan, request.key, hidden))


def _step(plan: StepPlan, edge_type: EdgeType, hop: int) -> Step:
    """The plan's step along an edge type that is nearest to a hop, as one of the first hop."""
    known = [step for step in plan if step.edge_type == edge_type]
    if not known:
        return Step(1, edge_type, FEW)
    step = min(known, key=lambda step: abs(step.hop - hop))
    fanout = step.fanout if 0 < step.fanout < MOST else MOST
    return replace(step, hop=1, fanout=fanout, parent=None, paths=0)


def _hidden(hidden: HiddenEdges, seed: int) -> HiddenEdges:
    """The edges hidden from a seed, as those of a request of one; a shared node sees none that any misses."""
    rows = hidden.of(seed) if seed >= 0 else np.unique(hidden.rows)
    return HiddenEdges(hidden.edge_type, np.array([0, len(rows)]), rows)
