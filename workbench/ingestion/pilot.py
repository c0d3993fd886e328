"""A pilot of sampled batches, for who has no plan yet: what they read decides how rows lie.

nodes of the type that most edges lead to, at moments spread over the history
-> their latest 20 edges of each type, and 20 of each of those nodes -> distinct rows of each table
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain

import numpy as np

from workbench.ingestion.locality import Locality, measured
from workbench.ingestion.orders import Orders
from workbench.kernels.rng import derive_key
from workbench.schema import Schema
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import GraphStore
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import Step, StepPlan, Strategy
from workbench.stores.subgraph import SampledSubgraph
from workbench.stores.versions import Histories
from workbench.temporal import NO_TIME, cut
from workbench.types import AnyArray

FANOUT = (20, 20)
"""Latest neighbours of the pilot, hop by hop."""

BATCH, BATCHES = 256, 8
"""Seeds of a batch, and batches."""


def pilot(dataset: Dataset, graph: GraphStore, orders: Orders) -> Locality:
    """Replay the pilot over every order that rows could have.

    Parameters
    ----------
    graph : GraphStore  of the dataset
    orders : Orders  of the same graph
    """
    plan, reads, replayed = _plan(graph.schema, FANOUT), dict[str, list[AnyArray]](), 0
    groups, histories = {layout.group for layout in dataset.manifest.groups}, Histories(dataset)
    for seeds in drawn_seeds(graph, BATCH, BATCHES):
        replayed += 1
        sample = graph.sample(SampleRequest((seeds,), plan, derive_key(0, "pilot", replayed)))
        for table, ids in chain(rows_read(graph.schema, sample), versions_read(histories, sample, groups)):
            if table in groups:
                reads.setdefault(table, []).append(ids)
    return measured(dataset, orders, reads, max(replayed, 1))


def rows_read(schema: Schema, sample: SampledSubgraph) -> Iterator[tuple[str, AnyArray]]:
    """Tables and the rows of them that a subgraph needs, each once: of nodes, and of folded edges."""
    ids: dict[str, list[AnyArray]] = {name: [found] for name, found in sample.node_id.items()}
    for edge_type, found in sample.edge_id.items():
        spec = schema.edge_spec(edge_type)
        if spec.layout == "edges":
            ids.setdefault(spec.table, []).append(found)
    for table, parts in ids.items():
        yield table, np.unique(np.concatenate(parts))


def versions_read(
    histories: Histories, sample: SampledSubgraph, groups: Collection[str]
) -> Iterator[tuple[str, AnyArray]]:
    """Histories and the rows of them that the nodes of a subgraph see, each once."""
    for name, of in histories.marked:
        if name in groups:
            rows = histories[name].rows(sample.node_id[of], sample.node_sees(of))
            yield name, np.unique(rows[rows >= 0])


def drawn_seeds(graph: GraphStore, size: int, batches: int, key: int = 0) -> Iterator[SeedSet]:
    """Batches of nodes of the type that most edges lead to, one anchor each, spread over the history.

    Parameters
    ----------
    size : int  seeds of a batch, at most
    """
    edges = dict.fromkeys(graph.schema.node_types, 0)
    for edge_type in graph.schema.edge_types:
        edges[edge_type.dst] += graph.num_edges(edge_type) if not edge_type.is_reverse else 0
    seed_type = max(edges, key=lambda name: edges[name])
    clocks = [clock for table in graph.schema if (clock := graph.times(table.name)) is not None]
    clock = max(clocks, key=len, default=np.zeros(1, np.int64))
    clock = clock[: np.searchsorted(clock, NO_TIME)]
    rng = np.random.default_rng(derive_key(key, "locality"))
    own = graph.times(seed_type)
    for batch in range(batches if len(clock) else 0):
        anchor = clock[int((batch + 0.5) / batches * len(clock))]
        known = graph.num_nodes(seed_type) if own is None else int(cut(own, np.array([anchor]))[0])
        ids = rng.choice(known, min(size, known), replace=False)
        if len(ids):
            yield SeedSet.of(seed_type, ids, int(anchor))


def _plan(schema: Schema, fanout: Sequence[int]) -> StepPlan:
    """Latest neighbours along every edge type, in joint mode: each row of a batch once."""
    steps = [
        Step(hop, edge_type, drawn, Strategy.RECENT)
        for hop, drawn in enumerate(fanout, 1)
        for edge_type in schema.edge_types
    ]
    return StepPlan(tuple(steps), len(fanout), disjoint=False)
