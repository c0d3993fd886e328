"""RamGraph: the graph store that holds everything in RAM and samples a batch in one kernel call."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.schema import EdgeType, Schema
from workbench.stores.door import check_hop
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.hop_answer import answer_hop
from workbench.stores.hop_driver import HopDriver
from workbench.stores.request import HopRequest, HopSample, SampleRequest
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import TimeArray


class RamGraph:
    """A graph in RAM.

    Parameters
    ----------
    arrays : GraphArrays
    memory_budget : int or None  bytes for graph and samples; None = no limit
    snapshot : int
    """

    def __init__(self, arrays: GraphArrays, memory_budget: int | None = None, snapshot: int = 1) -> None:
        self.arrays = arrays
        self.memory_budget = memory_budget
        self._snapshot = snapshot

    @classmethod
    def open(cls, dataset: Any, memory_budget: int | None = None) -> RamGraph:
        """Load the graph of a dataset."""
        return cls(GraphArrays.open(dataset), memory_budget, dataset.manifest.snapshot)

    @property
    def schema(self) -> Schema:
        """Node and edge types."""
        return self.arrays.schema

    @property
    def snapshot(self) -> int:
        """Number of the committed state that this store reads."""
        return self._snapshot

    @property
    def id_dtype(self) -> np.dtype[Any]:
        """uint32 or int64."""
        return self.arrays.id_dtype

    def num_nodes(self, node_type: str) -> int:
        """Nodes of a type."""
        return self.arrays.num_rows[node_type]

    def num_edges(self, edge_type: EdgeType) -> int:
        """Stored edges of an edge type."""
        return self.arrays.num_edges(edge_type)

    def times(self, table: str) -> TimeArray | None:
        """int64[rows] ascending, microseconds; None for a table without a time column."""
        return self.arrays.times[table]

    def sample(self, request: SampleRequest, snapshot: int | None = None) -> SampledSubgraph:
        """Sample one batch."""
        return HopDriver(self).sample(request, snapshot)

    def sample_hop(self, request: HopRequest, snapshot: int | None = None) -> HopSample:
        """Expand many nodes along one step."""
        check_hop(self, request, snapshot)
        return answer_hop(self.arrays, request)
