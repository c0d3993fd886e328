"""Parts: the open stores that a run needs, passed down by whoever opened them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from workbench.errors import TrainingError, explain
from workbench.schema import Schema
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import FeatureStore, GraphStore
from workbench.stores.ram_graph import RamGraph
from workbench.stores.replaced import open_current
from workbench.stores.ssd_features import SsdFeatures


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

    @classmethod
    def open(cls, path: str | Path) -> Parts:
        """The parts of a dataset on disk.

        Raises
        ------
        StoreError
            If there is none, or it is damaged.
        """
        return open_current(path, lambda data: cls(data, RamGraph.open(data), SsdFeatures.open(data)))

    @classmethod
    def of(cls, given: Any) -> Parts:
        """The parts of whatever has some, such as an engine.

        Raises
        ------
        TrainingError
            If it has none.
        """
        missing = [field.name for field in fields(cls) if not hasattr(given, field.name)]
        if missing:
            got = f"a {type(given).__name__}, which has no {missing[0]!r}"
            do = "Pass the engine: wb.open(path)"
            raise TrainingError(
                explain("open stores were asked for", f"got {got}", "an engine, or Parts", do)
            )
        return cls(given.dataset, given.graph, given.features)

    @property
    def schema(self) -> Schema:
        """Schema of the dataset."""
        return self.dataset.schema
