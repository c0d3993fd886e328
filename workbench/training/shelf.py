"""StoredShelf: the rows that are ranked, read from the stores, as of any instant.

What is seen of a row at an instant comes through the sampler, so the rule of time that binds the seeds binds
the rows as well: its version of then, and how long before then the latest rows referred to it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from workbench.loading.batch import Batch
from workbench.loading.join import histories_of, node_times, plan_join
from workbench.models.row_tower import SeenRows
from workbench.models.time_features import AGE_WIDTH, age
from workbench.plan.fanout import Fanout
from workbench.pyg.convert import to_hetero
from workbench.pyg.sections import carve
from workbench.sampling.sampler import NeighborSampler
from workbench.schema import EdgeType
from workbench.stores.protocols import FeatureStore, GraphStore, Read, VersionedFeatures
from workbench.stores.request import SeedSet
from workbench.stores.subgraph import SampledSubgraph

LATEST = 64
"""Rows that are looked at, the latest that refer to a row by the anchor: their ages say how often that is."""


class StoredShelf:
    """The rows of one table; see :class:`~workbench.models.row_tower.Shelf`.

    Parameters
    ----------
    graph, features : the open stores
    table : str
    """

    def __init__(self, graph: GraphStore, features: FeatureStore, table: str) -> None:
        self.graph, self.features, self.table = graph, features, table
        self.edge_types = [
            spec.edge_type
            for spec in graph.schema.edge_specs
            if spec.edge_type.dst == table and graph.times(spec.table) is not None and spec.layout != "column"
        ]
        names = {str(edge_type): LATEST for edge_type in self.edge_types}
        # Without such edges something must be followed, for no walk has no steps; it is not looked at.
        self._sampler = NeighborSampler(graph, Fanout([names or 1], strategy="recent"), purpose="predict")

    @property
    def width(self) -> int:
        """Numbers per row of ``SeenRows.recency``; always a 0 where nothing with a time refers to it."""
        return max(len(self.edge_types) * (AGE_WIDTH + 1), 1)

    def rows(self, start: int, stop: int) -> dict[str, Tensor]:
        """Sections of the stored columns, and ``present``, row by row; empty for a table without columns."""
        if self.table not in self.features.groups:
            return {}
        block = self.features.multi_get([Read(self.table, np.arange(start, stop))])[0]
        return carve(block.layout, torch.from_numpy(np.array(block.data)))

    def at(self, anchor: int, start: int, stop: int) -> SeenRows:
        """Rows as of an instant."""
        ids = np.arange(start, stop)
        seeds = SeedSet.of(self.table, ids, np.full(len(ids), anchor), numbering=_numbering(self.graph))
        subgraph = self._sampler.sample(seeds)
        times = self.graph.times(self.table)
        clock = None if times is None else torch.from_numpy(np.array(times[start:stop]))
        return SeenRows(clock, self._recency(subgraph, anchor, len(ids)), self._versions(subgraph, len(ids)))

    def _recency(self, subgraph: SampledSubgraph, anchor: int, count: int) -> Tensor:
        """Per edge type: mean age of the latest rows, as hats over its logarithm, and how many they are."""
        parts = [self._ages(subgraph, edge_type, anchor, count) for edge_type in self.edge_types]
        return torch.cat(parts, 1) if parts else torch.zeros(count, 1)

    def _ages(self, subgraph: SampledSubgraph, edge_type: EdgeType, anchor: int, count: int) -> Tensor:
        times = self.graph.times(self.graph.schema.edge_spec(edge_type).table)
        assert times is not None, "only edges with a time were chosen"
        target = torch.from_numpy(subgraph.col[edge_type].astype(np.int64))
        when = torch.from_numpy(times[subgraph.edge_id[edge_type]])
        ages = age(torch.full_like(when, anchor), when)
        total = torch.zeros(count, ages.shape[1]).index_add(0, target, ages)
        number = torch.zeros(count).index_add(0, target, torch.ones(len(target)))[:, None]
        return torch.cat([total / number.clamp(min=1.0), number / LATEST], 1)

    def _versions(self, subgraph: SampledSubgraph, count: int) -> dict[str, dict[str, Tensor]]:
        """The version of each history that each row has at the instant."""
        groups = histories_of(self.graph.schema, [self.table], self.features.groups)
        if not groups or not isinstance(self.features, VersionedFeatures):
            return {}
        join = plan_join(self.graph.schema, groups, subgraph, False, self.features)
        blocks = self.features.multi_get(join.reads)
        batch = Batch(
            0, subgraph, {}, {}, node_times(self.graph, subgraph), {}, np.arange(count),
            histories=join.versions(blocks, self.graph),
        )  # fmt: skip
        found = to_hetero(batch, expand=False)[self.table]["as_of"]
        return {name: _first(version, count) for name, version in found.items()}


def _first(version: dict[str, Tensor], count: int) -> dict[str, Tensor]:
    """What the seeds see: they are the first nodes of their type, and rows of their own may follow."""
    return {name: part[:count] if name in ("row", "time") else part for name, part in version.items()}


def _numbering(graph: GraphStore) -> str:
    return str(getattr(graph, "numbering", ""))
