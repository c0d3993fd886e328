"""What a fanout costs: a pilot sample, counted, before anything is trained."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.plan.sampling_plan import SamplingPlan
from workbench.sampling.row_costs import RowCosts
from workbench.schema import EdgeType
from workbench.stores.features import GroupLayout
from workbench.stores.protocols import GraphStore, VersionedFeatures
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.subgraph import SampledSubgraph


@dataclass(frozen=True)
class Cost:
    """Size of one batch, extrapolated from a pilot sample.

    Attributes
    ----------
    batch_size : int  seeds of the batch that the figures speak of
    pilot : int  seeds that were really sampled
    nodes, edges : float  expected per batch
    feature_bytes : float  bytes of distinct feature rows per batch, versions of histories included
    milliseconds : float  sampling time of the pilot, scaled to the batch; one thread
    duplicates : float  share of nodes whose row is already needed by another node of the batch
    cells : dict (hop, edge type) -> expected edges per batch
    """

    batch_size: int
    pilot: int
    nodes: float
    edges: float
    feature_bytes: float
    milliseconds: float
    duplicates: float
    cells: Mapping[tuple[int, EdgeType], float]

    def __str__(self) -> str:
        return (
            f"{self.batch_size:,} seeds: {self.nodes:,.0f} nodes, {self.edges:,.0f} edges, "
            f"{self.feature_bytes / 1e6:.1f} MB of features, {self.milliseconds:.1f} ms to sample, "
            f"{self.duplicates:.0%} duplicate rows (pilot of {self.pilot:,} seeds)"
        )

    __repr__ = __str__


def profile(
    graph: GraphStore,
    groups: Mapping[str, GroupLayout],
    fanout: SamplingPlan,
    seeds: SeedSet,
    *,
    batch_size: int,
    key: int = 0,
    versions: VersionedFeatures | None = None,
) -> Cost:
    """Sample the given seeds once and scale the counts to ``batch_size`` seeds.

    The scale is linear, which overstates distinct rows where the pilot is smaller than a batch:
    duplicates grow with the batch. ``versions`` is where the versions that nodes see are looked up; None
    leaves histories out.

    Raises
    ------
    FanoutError, BudgetError, IdError, AnchorError
        As ``GraphStore.sample``.
    """
    plan = fanout.compile(graph.schema, [seeds.node_type])
    # One seed pays for compilation. The pilot must be new: the same seeds again would be in the caches.
    graph.sample(SampleRequest((seeds.first(1),), plan, key))
    start = time.perf_counter()
    subgraph = graph.sample(SampleRequest((seeds,), plan, key))
    seconds = time.perf_counter() - start
    scale = batch_size / len(seeds) if len(seeds) else 0.0
    costs = RowCosts(subgraph, graph.schema, groups, versions)
    return Cost(
        batch_size=batch_size,
        pilot=len(seeds),
        nodes=subgraph.num_nodes * scale,
        edges=subgraph.num_edges * scale,
        feature_bytes=int(costs.by_hop().sum()) * scale,
        milliseconds=seconds * 1e3 * scale,
        duplicates=1 - costs.distinct / max(subgraph.num_nodes, 1),
        cells={cell: count * scale for cell, count in edges_by_cell(subgraph).items()},
    )


def edges_by_cell(subgraph: SampledSubgraph) -> dict[tuple[int, EdgeType], int]:
    """Edges per (hop, edge type) of every step, and of others where the form of subgraph adds some."""
    planned = [(step.hop, step.edge_type) for step in subgraph.request.plan]
    counts = {
        (hop, edge_type): count
        for edge_type, per_hop in subgraph.edges_per_hop.items()
        for hop, count in enumerate(per_hop.tolist(), 1)
    }
    return {cell: counts[cell] for cell in dict.fromkeys([*planned, *(c for c in counts if counts[c])])}
