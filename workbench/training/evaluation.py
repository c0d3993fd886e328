"""Evaluation: a value of tables, of a model beside its baselines on the very same seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

SHOWN = 24
"""Groups of a kind that are printed; ``to_arrow`` has all of them."""


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """How good predictions are; print it, take its tables, or draw it with ``wb.evaluation_svgs``.

    Attributes
    ----------
    task_type, metric : str  the metric is the plan's, by which groups are measured
    higher_is_better : bool
    scores : pyarrow.Table
        ``split``, ``by`` (``all``, ``time`` or a segment), ``group``, ``model`` (``model`` or a baseline),
        ``seeds``, ``metric``, ``value`` (null where undefined), ``low``, ``high`` (95 % by bootstrap over
        entities) and ``note`` (why it is undefined).
    ahead : pyarrow.Table
        ``split``, ``baseline``, ``difference``, ``low``, ``high``: by how much the metric of the model is
        better, on the same resamples; below zero it is worse.
    calibration : pyarrow.Table
        ``split``, ``model``, ``bin``, ``labels``, ``predicted``, ``observed``; see
        :mod:`~workbench.training.calibration`.
    learned : tuple of str  splits that the model was trained on
    """

    task_type: str
    metric: str
    higher_is_better: bool
    scores: pa.Table
    ahead: pa.Table
    calibration: pa.Table
    learned: tuple[str, ...] = ()

    def to_arrow(self) -> pa.Table:
        """The table of scores."""
        return self.scores

    def to_pandas(self) -> Any:
        """The same as a pandas frame."""
        return self.scores.to_pandas()

    def value(
        self, metric: str = "", *, split: str = "", by: str = "all", group: str = "", model: str = "model"
    ) -> float:
        """One score; NaN where it is undefined.

        Parameters
        ----------
        metric, split : str  empty: the plan's, the first
        by, group, model : str  as ``scores`` has them

        Raises
        ------
        KeyError
            If there is none.
        """
        wanted = {"metric": metric or self.metric, "by": by, "group": group, "model": model}
        for row in self.scores.to_pylist():
            if row["split"] == (split or row["split"]) and all(
                row[name] == it for name, it in wanted.items()
            ):
                return _number(row["value"])
        raise KeyError(f"no score of {wanted}")

    def __repr__(self) -> str:
        better = "higher" if self.higher_is_better else "lower"
        lines = [f"Evaluation of {self.metric} ({better} is better); 95 % intervals over entities"]
        rows = self.scores.to_pylist()
        for split in dict.fromkeys(row["split"] for row in rows):
            here = [row for row in rows if row["split"] == split]
            for by in dict.fromkeys(row["by"] for row in here):
                lines += self._table(split, by, [row for row in here if row["by"] == by])
                if by == "all":
                    lines += [_ahead(row) for row in self.ahead.to_pylist() if row["split"] == split]
            lines += self._reliability(split)
        return "\n".join(lines)

    def _table(self, split: str, by: str, rows: list[dict[str, Any]]) -> list[str]:
        """A line per metric, of the whole split, or per group; a column per model."""
        models = list(dict.fromkeys(row["model"] for row in rows))
        key = "metric" if by == "all" else "group"
        names = list(dict.fromkeys(row[key] for row in rows))
        cells = {(row[key], row["model"]): row for row in rows}
        note = " (learned from)" if split in self.learned else ""
        head = f"{split}{note}" if by == "all" else f"{split}, {by}"
        table = [[head, "seeds", *models]]
        for name in names[:SHOWN]:
            first = cells[name, models[0]]
            shown = [_cell(cells.get((name, model))) for model in models]
            table.append([f"  {name}", f"{first['seeds']:,}", *shown, first["note"]])
        more = [f"  and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
        return [*aligned(table), *more]

    def _reliability(self, split: str) -> list[str]:
        rows = [
            row for row in self.calibration.to_pylist() if (row["split"], row["model"]) == (split, "model")
        ]
        if not rows:
            return []
        table = [[f"{split}, calibration", "labels", "predicted", "observed"]]
        table += [
            [f"  {row['bin']}", f"{row['labels']:,}", f"{row['predicted']:.4g}", f"{row['observed']:.4g}"]
            for row in rows
        ]
        return aligned(table)


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table whose columns have one width each; the first is flush left."""
    width = [
        max(len(row[place]) for row in table if place < len(row)) for place in range(max(map(len, table)))
    ]
    return [
        "  ".join(
            [row[0].ljust(width[0]), *(cell.rjust(width[place]) for place, cell in enumerate(row[1:], 1))]
        ).rstrip()
        for row in table
    ]


def _cell(row: dict[str, Any] | None) -> str:
    if row is None or row["value"] is None:
        return "undefined"
    if row["low"] is None:
        return f"{row['value']:.4f}"
    return f"{row['value']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"


def _ahead(row: dict[str, Any]) -> str:
    if row["difference"] is None:
        return f"  against {row['baseline']}: not to be compared"
    sure = "" if row["low"] is None else f" [{row['low']:+.4f}, {row['high']:+.4f}]"
    return f"  against {row['baseline']}: {row['difference']:+.4f}{sure}, above zero is better"


def _number(value: float | None) -> float:
    return np.nan if value is None else value
