"""Random seed tables over a graph, for tests."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from workbench.query.seed_table import SeedTable
from workbench.stores.protocols import GraphStore
from workbench.temporal import NO_TIME


def random_seeds(
    graph: GraphStore,
    rng: np.random.Generator,
    count: int,
    node_type: str | None = None,
    instants: int | None = None,
) -> SeedTable:
    """Draw seeds that exist at their anchors where the graph has such, duplicates among them.

    Parameters
    ----------
    node_type : str or None  None takes the type with most nodes
    instants : int or None  distinct anchors at most; None draws one per seed
    """
    schema = graph.schema
    name = max(schema.node_types, key=graph.num_nodes) if node_type is None else node_type
    clocks = [graph.times(table.name) for table in schema]
    dated = [clock[clock != NO_TIME] for clock in clocks if clock is not None]
    moments = np.unique(np.concatenate([*dated, np.zeros(1, np.int64)]))
    if instants is not None:
        moments = rng.choice(moments, min(instants, len(moments)), replace=False)
    total = graph.num_nodes(name)
    ids = rng.integers(0, total, count if total else 0)
    label = rng.integers(0, 2, len(ids)).astype(np.float64)
    return SeedTable(name, ids, pa.array(ids), rng.choice(moments, len(ids)), label, "train")
