"""Answering: what a trained run is asked, by a table of seeds or by a call about a few entities."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pyarrow as pa

from workbench.errors import TrainingError, expect, explain
from workbench.query.seed_table import SeedTable
from workbench.stores.key_map import KeyMap
from workbench.temporal import Instant
from workbench.training.inference import Inference
from workbench.training.online import call_seeds
from workbench.training.predict import Predictions
from workbench.types import Int64Array


class Answering:
    """Makes predictions of what was asked.

    Parameters
    ----------
    inference : Inference
    task : Task or None  of the run
    """

    def __init__(self, inference: Inference, task: Any) -> None:
        self.inference, self.task = inference, task
        self._key_maps: dict[str, KeyMap] = {}

    def predict(
        self, seeds: SeedTable | None, at: Instant | None, entities: Iterable[Any] | int | None
    ) -> Predictions:
        """Predictions: see ``Run.predict``."""
        asked = known(self._asked(seeds, at, entities), self.inference.seed_type)
        self.inference.check(asked)
        return Predictions(asked, self.inference.values, self.inference.target, self._keys)

    def _asked(self, seeds: SeedTable | None, at: Instant | None, entities: Any) -> SeedTable:
        if seeds is not None:
            if at is not None or entities is not None:
                got, allowed = "seeds and at= or entities= were given", "seeds alone, or at= and entities="
                raise TrainingError(explain("predictions were asked for", got, allowed))
            return seeds
        if entities is None:
            return seeds_of(self.task, "seeds to predict for", at=at)
        graph = self.inference.parts.graph
        return call_seeds(graph, self._key_map(self.inference.seed_type), self.task, at, entities)

    def _keys(self, rows: Int64Array) -> pa.Array:
        return self._key_map(self.inference.target.table).keys_of(rows)

    def _key_map(self, table: str) -> KeyMap:
        if table not in self._key_maps:
            self._key_maps[table] = KeyMap.open(self.inference.parts.dataset, table)
        return self._key_maps[table]


def seeds_of(task: Any, asked: str, *args: Any, **options: Any) -> SeedTable:
    """Seeds of a run's task.

    Raises
    ------
    TrainingError
        If the run was loaded without its task.
    """
    if task is None:
        got, do = "the run was loaded without its task", "Pass one: load_run(folder, task=task)"
        raise TrainingError(explain(f"{asked} was asked for", got, do=do))
    return cast(SeedTable, task.seeds(*args, **options))


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
