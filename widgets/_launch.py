"""Launch: from tables to predictions, a step at a time. A plain object that works without a notebook.

    tables, schema -> ingest or open -> ask -> train -> predict -> write

Each step forgets what came after it, and :attr:`Launch.code` is the same in Python. Where a step takes a
``look``, it is called before anything is changed, and may raise: nobody waits any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

import workbench as wb
from widgets._launch_code import Steps
from widgets._launch_inputs import named, typed_keys

T = TypeVar("T")

PIECE = 4_096
"""Seeds that are predicted between two looks at whether to stop, at least a batch."""


def go_on() -> None:
    """The ``look`` of who waits to the end."""


class Launch:
    """What has been chosen and made so far.

    Parameters
    ----------
    source : Engine, path of a dataset, or anything that ``wb.read_tables`` reads
    schema : Schema or None  of the tables; None: what ``wb.infer_schema`` says

    Attributes
    ----------
    tables : Tables or None
    schema : Schema
    engine, task, plan, run, predictions : None until their step
    """

    def __init__(self, source: Any, schema: wb.Schema | None = None) -> None:
        self.tables: wb.Tables | None = None
        self.engine: wb.Engine | None = None
        self.steps = Steps(source, schema is not None)
        if isinstance(source, (str, Path)) and wb.Dataset.exists(source):
            source = wb.open(source)
        if isinstance(source, wb.Engine):
            self._opened(source)
        else:
            self.tables = wb.read_tables(source)
            self.schema = wb.infer_schema(self.tables) if schema is None else schema
            self._opened(None)

    def _opened(self, engine: wb.Engine | None) -> None:
        self.engine = engine
        self.schema = self.schema if engine is None else engine.schema
        self._asked(None, None)

    def _asked(self, task: wb.Task | None, plan: wb.ModelPlan | None) -> None:
        self.task, self.plan, self.suggested = task, plan, plan
        self._trained(None)

    def _trained(self, run: wb.Run | None) -> None:
        self.run: wb.Run | None = run
        self.predictions: wb.Predictions | None = None

    def ingest(
        self, folder: str, *, callbacks: Sequence[wb.Callback] = (), cancel: Any = None
    ) -> wb.IngestReport:
        """Write the tables to a folder without a dataset, and open it.

        Raises
        ------
        IngestError
            If there is a dataset already: it is not overwritten.
        """
        self._free("an ingest")
        place = named(folder, wb.IngestError, "a folder for the dataset")
        if wb.Dataset.exists(place):
            rows = ", ".join(t.name for t in wb.Dataset.open(place).schema)
            raise wb.IngestError(
                f"a dataset was to be written to {place}: there is one already, of {rows}. "
                "Open it, or name another folder."
            )
        done = wb.ingest(self.tables, self.schema, place, callbacks=callbacks, cancel=cancel)
        self._opened(wb.open(place))
        self.steps.made(place, ingested=True)
        return done

    def open(self, folder: str, look: Callable[[], None] = go_on) -> wb.Engine:
        """Open a dataset that was ingested from such tables before.

        Raises
        ------
        StoreError
            If there is none, or it is of another schema.
        """
        self._free("another dataset")
        place = named(folder, wb.StoreError, "the folder of a dataset")
        engine = wb.open(place)
        if shape(engine.schema) != shape(self.schema):
            names = ", ".join(table.name for table in engine.schema)
            raise wb.StoreError(
                f"the dataset at {place} was to be opened for these tables: it has another schema (tables "
                f"{names}). Name another folder, or say Workbench({place!r})."
            )
        look()
        self._opened(engine)
        self.steps.made(place, ingested=False)
        return engine

    def ask(self, query: str, *, look: Callable[[], None] = go_on, **options: Any) -> wb.Task:
        """Ask a predictive query; a plan is suggested for it."""
        self._free("another query")
        engine = _there(self.engine, "a query", "Ingest the tables first")
        task = engine.task(query, **options)
        plan = engine.suggest_plan(task)
        look()
        self._asked(task, plan)
        self.steps.asked(query, options)
        return task

    def choose(self, **changes: Any) -> wb.ModelPlan:
        """Change choices of the plan; those that are as they were change nothing."""
        plan = _there(self.plan, "a plan", "Ask a query first")
        now = plan.choices()
        changes = {name: value for name, value in changes.items() if name not in now or now[name] != value}
        self.plan = plan.replace(**changes) if changes else plan
        return self.plan

    def train(self, callbacks: Sequence[wb.Callback] = (), look: Callable[[], None] = go_on) -> wb.Run:
        """Train under the plan, in the background."""
        plan, task = _there(self.plan, "a training", "Ask a query first"), self.task
        self._free("another training")
        assert self.engine is not None
        assert self.suggested is not None
        run = self.engine.train(task, plan, callbacks=callbacks)
        try:
            look()
        except Exception:
            run.cancel()
            raise
        self._trained(run)
        self.steps.trained(self.suggested.diff(plan))
        return run

    def seeds(self, split: str = "", at: str = "", entities: str = "") -> wb.SeedTable:
        """Whom to predict for: a split, or some or all entities at an instant.

        Parameters
        ----------
        split : ``train``, ``val`` or ``test``; empty: those at an instant
        at : an instant; empty for a static task
        entities : keys with commas between them, in quotes where they hold one; empty: all that exist
        """
        task = _there(self.task, "a seed", "Ask a query first")
        if split:
            return task.seeds(split)
        keys = typed_keys(entities, _there(self.engine, "keys").keys(task.entity_table).type)
        return task.seeds(at=at or None, entities=keys)

    def predict(
        self,
        split: str = "",
        at: str = "",
        entities: str = "",
        *,
        tell: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> wb.Predictions:
        """Predict, for whom :meth:`seeds` says; ``tell(done, total)`` may raise to stop."""
        run = self._ended("a prediction")
        seeds = self.seeds(split, at, entities)
        step = max(PIECE, run.plan.optimisation.batch_size)

        def values(piece: wb.SeedTable) -> Any:
            found = [run.target.blank(0)]
            for start in range(0, len(piece), step):
                tell(start, len(piece))
                found.append(run.predict(piece[start : start + step]).values)
            return np.concatenate(found)

        ranked = run.target.table
        keys: Any = pa.array if not ranked else _there(self.engine, "keys").keys(ranked).keys_of
        self.predictions = wb.Predictions(seeds, values, run.target, keys)
        self.steps.predicted(split, at or None, typed_keys(entities, seeds.key.type))
        return self.predictions

    def metrics(self, split: str) -> Mapping[str, float]:
        """Every metric of the task type on a split."""
        found: Mapping[str, float] = self._ended("a metric").metrics(split)
        self.steps.measured(split)
        return found

    def write(self, path: str) -> Path:
        """Write the predictions to Parquet or CSV."""
        predictions = _there(self.predictions, "a file of predictions", "Predict first")
        place: Path = predictions.write(named(path, wb.TrainingError, "a file for predictions"))
        self.steps.wrote(path)
        return place

    @property
    def code(self) -> str:
        """The steps so far as Python."""
        return self.steps.code()

    def _ended(self, asked: str) -> wb.Run:
        self._free(asked)
        return _there(self.run, asked, "Train first")

    def _free(self, asked: str) -> None:
        if self.run is not None and self.run.state == "running":
            raise wb.TrainingError(f"{asked} was asked for: a training is under way. Cancel it first.")


def shape(schema: wb.Schema) -> list[wb.Table]:
    """Tables, columns, keys and times, without the notes that tell why: other rows are told otherwise."""
    return [replace(t, columns=tuple(replace(c, note="", dtype="") for c in t.columns)) for t in schema]


def _there(value: T | None, asked: str, do: str = "Open the dataset first") -> T:
    """A value of an earlier step.

    Raises
    ------
    WorkbenchError
        If that step was not made yet.
    """
    if value is None:
        raise wb.WorkbenchError(f"{asked} was asked for: that step comes later. {do}.")
    return value
