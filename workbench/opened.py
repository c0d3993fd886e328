"""An open dataset: its rows, keys and seeds, and the verbs that change it. What an engine is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import cached_property, partial
from typing import Any

import pyarrow as pa

from workbench.errors import SchemaError, did_you_mean, explain
from workbench.ingestion.edit import Editing, edit
from workbench.ingestion.merge import compact
from workbench.ingestion.orders import MEASURED, Order
from workbench.loading.locality import locality, reordered
from workbench.plan.model_plan import ModelPlan
from workbench.plan.sampling_plan import SamplingPlan
from workbench.query.own_seeds import own_seeds
from workbench.query.seed_table import SeedTable
from workbench.schema import Schema
from workbench.stores.compaction import Compaction
from workbench.stores.dataset import Dataset
from workbench.stores.in_thread import in_thread
from workbench.stores.key_map import KeyMap
from workbench.stores.ram_graph import RamGraph
from workbench.stores.reorder import Reordering
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.units import DataSpan
from workbench.stores.weights import read_ends
from workbench.types import Int64Array


class Opened:
    """A dataset and its open stores: ``dataset``, ``graph`` and ``features``."""

    def __init__(self, dataset: Dataset, graph: RamGraph, features: SsdFeatures) -> None:
        self.dataset = dataset
        self.graph = graph
        self.features = features
        features.replay = partial(locality, dataset, graph)
        self._key_maps: dict[str, KeyMap] = {}

    @property
    def schema(self) -> Schema:
        """Tables, columns, keys and edge types."""
        return self.dataset.schema

    def keys(self, table: str) -> KeyMap:
        """The key map of a table: ``lookup(keys)`` to node ids, ``keys_of(ids)`` back."""
        if table not in self._key_maps:
            self._key_maps[table] = KeyMap.open(self.dataset, table)
        return self._key_maps[table]

    def node_ids(self, table: str, keys: Sequence[Any] | pa.Array) -> Int64Array:
        """int64[n]: node ids of primary keys; a SchemaError names up to five that the table does not have."""
        return self.keys(table).ids_of(keys)

    def row(self, table: str, row_id: int) -> dict[str, Any]:
        """One row of the source table by node id or edge id, as plain Python values."""
        return self.dataset.row(table, row_id)

    def edit(self, *, texts: Mapping[str, Any] | None = None) -> AbstractContextManager[Editing]:
        """Change or delete rows in one transaction: ``with engine.edit() as edit: edit.update(...)``.

        This engine reads on what it opened; ``refresh()`` opens what the transaction made.
        """
        return edit(self.dataset.path, texts=texts)

    def compact(self) -> Future[Compaction]:
        """Fold edits into the dataset's files, in a thread, as :func:`workbench.compact`; readers go on."""
        return in_thread(compact, self.dataset.path)

    def reorder(
        self, order: Order | ModelPlan | SamplingPlan = MEASURED, seeds: SeedTable | None = None
    ) -> Future[Reordering]:
        """Lay feature rows out anew on disk, in a thread; ids stay, and this engine reads on what it opened.

        ``order`` is what ``wb.ingest(order=)`` takes, or a plan, whose batches over ``seeds`` choose.
        """
        return in_thread(reordered, self.dataset, self.graph, self.features, order, seeds)

    def seeds(
        self, table: str, keys: Sequence[Any] | pa.Array | None = None, *, at: Any = None, label: Any = None
    ) -> SeedTable:
        """Seeds without a query: to sample, profile or load, or to bring labels of your own.

        Parameters
        ----------
        table : name of a table of nodes
        keys : its primary keys, in the order wanted; None: all its rows that exist at ``at``
        at : instant, or a column of one per key; None: static, every row is visible, later ones too
        label : column of one number per key, or None

        Raises
        ------
        SchemaError
            If the table is none of nodes, or a key is not in it.
        TaskError, AnchorError
            If instants or labels are not one per key, an instant is none or of another unit, or a row does
            not exist at its instant.
        """
        allowed = self.schema.node_types
        if table not in allowed:
            near = did_you_mean(str(table), allowed)
            raise SchemaError(
                explain(f"seeds of {table!r} were asked for", "no such nodes", ", ".join(allowed), near)
            )
        ids = None if keys is None else self.node_ids(table, keys)
        return own_seeds(self.graph, self.keys(table), ids, at, label, read_ends(self.dataset, table))

    @cached_property
    def _span(self) -> DataSpan | None:
        return DataSpan.of(self.graph)
