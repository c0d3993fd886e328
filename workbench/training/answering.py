"""Answering: what a trained run is asked, by a table of seeds or by a call about a few entities."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import pyarrow as pa

from workbench.errors import StoreError, TrainingError, expect, explain
from workbench.ingestion.joined import joined, keys_over
from workbench.ingestion.new_keys import GrownKeys
from workbench.query.seed_table import SeedTable
from workbench.stores.key_map import KeyMap
from workbench.stores.overlay import graph_over
from workbench.stores.ssd_features import SsdFeatures
from workbench.temporal import Instant
from workbench.training.inference import Inference
from workbench.training.online import Terms, call_seeds
from workbench.training.parts import Parts
from workbench.training.predict import Embeddings, Predictions
from workbench.types import Int64Array

Entities = Iterable[Any] | int
"""Keys of entities; one key is a list of one."""


class Answering:
    """Makes predictions of what was asked.

    Parameters
    ----------
    inference : Inference
    task : Task or None  of the run
    identity : callable  names what the run computes: see :class:`~workbench.training.predict.Results`
    terms : Terms or None  of the task, where the run was loaded without it
    """

    def __init__(
        self, inference: Inference, task: Any, identity: Callable[[], str], terms: Terms | None = None
    ) -> None:
        self.inference, self.task, self._identity = inference, task, identity
        self._terms: Any = terms if task is None else task
        self._key_maps: dict[str, KeyMap] = {}

    def predict(
        self,
        seeds: SeedTable | None,
        at: Instant | None,
        entities: Entities | None,
        rows: Any = None,
        texts: Mapping[str, Any] | None = None,
    ) -> Predictions:
        """Predictions: see ``Run.predict``."""
        inference = self.inference
        if rows is not None:
            named = _expect_call(seeds, entities)
            with self._joined(rows, texts) as (larger, keys):
                asked = call_seeds(larger.parts.graph, keys, self._terms, at, named)
                larger.check(asked)
                values = larger.values(asked)
            return Predictions(asked, values, inference.target, self._keys)
        asked = known(self._asked(seeds, at, entities), inference.seed_type)
        inference.check(asked)
        return Predictions(asked, inference.values, inference.target, self._keys, self._identity)

    def embed(self, seeds: SeedTable | None, at: Instant | None, entities: Entities | None) -> Embeddings:
        """Embeddings: see ``Run.embed``."""
        asked = known(self._asked(seeds, at, entities), self.inference.seed_type)
        self.inference.check(asked)
        return Embeddings(asked, self.inference.vectors, self._identity)

    @contextmanager
    def _joined(
        self, rows: Any, texts: Mapping[str, Any] | None
    ) -> Iterator[tuple[Inference, KeyMap | GrownKeys]]:
        """The model over stores with the rows of a call, and the keys of the entities with theirs."""
        parts, asked = self.inference.parts, "features with rows of a single call"
        expect(parts.features, SsdFeatures, StoreError, asked, "Take those of an engine: wb.open(path)")
        features = cast(SsdFeatures, parts.features)
        with joined(parts.dataset, rows, texts) as dataset:
            for note in dataset.notes:
                warnings.warn(note, stacklevel=5)  # where Run.predict was called
            over = Parts(dataset, graph_over(parts.graph, dataset), features.over(dataset))
            yield self.inference.over(over), keys_over(self._key_map(self.inference.seed_type), dataset)

    def _asked(self, seeds: SeedTable | None, at: Instant | None, entities: Any) -> SeedTable:
        if seeds is not None:
            if at is not None or entities is not None:
                got, allowed = "seeds and at= or entities= were given", "seeds alone, or at= and entities="
                raise TrainingError(explain("predictions were asked for", got, allowed))
            return seeds
        if entities is None:
            return cast(SeedTable, task_of(self.task, "a table of seeds to predict for").seeds(at=at))
        graph = self.inference.parts.graph
        return call_seeds(graph, self._key_map(self.inference.seed_type), self._terms, at, entities)

    def _keys(self, rows: Int64Array) -> pa.Array:
        return self._key_map(self.inference.target.table).keys_of(rows)

    def _key_map(self, table: str) -> KeyMap:
        if table not in self._key_maps:
            self._key_maps[table] = KeyMap.open(self.inference.parts.dataset, table)
        return self._key_maps[table]


def _expect_call(seeds: SeedTable | None, entities: Entities | None) -> Entities:
    if seeds is None and entities is not None:
        return entities
    got = "rows= came without entities=" if seeds is None else "a table of seeds came with rows="
    do = "Write run.predict(at=now, entities=[...], rows={...})"
    raise TrainingError(explain("predictions with rows of this call were asked for", got, do=do))


def task_of(task: Any, asked: str) -> Any:
    """A run's task.

    Raises
    ------
    TrainingError
        If the run was loaded without its task.
    """
    if task is None:
        got, do = "the run was loaded without its task", "Pass it: load_run(folder, engine, task=task)"
        raise TrainingError(explain(f"{asked} was asked for", got, do=do))
    return task


def known(seeds: Any, seed_type: str) -> SeedTable:
    """The seeds, if they are of the table that a run was trained for.

    Raises
    ------
    TrainingError
        If they are none, or of another table.
    """
    expect(seeds, SeedTable, TrainingError, "what a run says of seeds", "Take task.seeds('test')")
    if seeds.node_type != seed_type:
        raise TrainingError(
            explain(
                f"predictions for {seeds!r} were asked for",
                f"the run was trained for rows of {seed_type!r}",
                f"seeds of {seed_type!r}, as task.seeds(...) of its task gives them",
            )
        )
    return cast(SeedTable, seeds)
