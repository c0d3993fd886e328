"""Parts: the open stores that a run needs, passed down by whoever opened them."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.schema import Schema
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import FeatureStore, GraphStore


@dataclass(frozen=True)
class Parts:
    """What is open.

    Attributes
    ----------
    dataset : Dataset  tables on disk, read through DuckDB by statistics and baselines
    graph : GraphStore
    features : FeatureStore
    """

    dataset: Dataset
    graph: GraphStore
    features: FeatureStore

    @property
    def schema(self) -> Schema:
        """Schema of the dataset."""
        return self.dataset.schema
