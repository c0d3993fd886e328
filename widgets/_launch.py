"""Launch: from tables to predictions, a step at a time. A plain object that works without a notebook.

    tables, schema -> edit -> ingest or open -> ask -> train or load -> predict, explain -> write

Each step forgets what came after it, and :attr:`Launch.code` is the same in Python. Where a step takes a
``look``, it is called before anything is changed, and may raise: nobody waits any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import workbench as wb
from widgets._launch_data import go_on
from widgets._launch_inputs import named, there
from widgets._launch_runs import RunStep

PIECE = 4_096
"""Seeds that are predicted between two looks at whether to stop, at least a batch."""

EXPLAINED = 8
"""Seeds that are explained at once."""


class Launch(RunStep):
    """What has been chosen and made so far: :class:`DataStep`, ``TaskStep``, ``RunStep``, and predictions.

    Attributes
    ----------
    predictions : Predictions or None
    """

    predictions: wb.Predictions | None = None

    def predict(
        self,
        split: str = "",
        at: str = "",
        entities: str = "",
        *,
        tell: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> wb.Predictions:
        """Predict, for whom :meth:`whom` says; ``tell(done, total)`` may raise to stop."""
        run = self.ended("a prediction")
        seeds, code = self.whom(split, at, entities)
        step = max(PIECE, run.plan.optimisation.batch_size)

        def values(piece: wb.SeedTable) -> Any:
            found = [run.target.blank(0)]
            for start in range(0, len(piece), step):
                tell(start, len(piece))
                found.append(run.predict(piece[start : start + step]).values)
            return np.concatenate(found)

        ranked = run.target.table
        keys: Any = pa.array if not ranked else there(self.engine, "keys").keys(ranked).keys_of
        self.predictions = wb.Predictions(seeds, values, run.target, keys)
        self.steps.predicted(code)
        return self.predictions

    def explain(
        self,
        split: str = "",
        at: str = "",
        entities: str = "",
        most: int = EXPLAINED,
        look: Callable[[], None] = go_on,
    ) -> wb.Explanation:
        """What moved the predictions for a few seeds, of those that :meth:`whom` says."""
        run = self.ended("an explanation")
        seeds, code = self.whom(split, at, entities, most)
        found: wb.Explanation = run.explain(seeds)
        look()
        self.steps.looked("explain", [f"explanation = run.explain({code})", "ExplainView(explanation)"])
        return found

    def metrics(self, split: str) -> Mapping[str, float]:
        """Every metric of the task type on a split."""
        found: Mapping[str, float] = self.ended("a metric").metrics(split)
        self.steps.measured(split)
        return found

    def write(self, path: str) -> Path:
        """Write the predictions to Parquet or CSV."""
        predictions = there(self.predictions, "a file of predictions", "Predict first")
        place: Path = predictions.write(named(path, wb.TrainingError, "a file for predictions"))
        self.steps.wrote(path)
        return place

    def _forget_run(self) -> None:
        self.predictions = None
