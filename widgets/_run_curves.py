"""Runs beside one another as curves and a table of what is not alike. Plain values, no widget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import workbench as wb
from widgets._schema_facts import short

ALIKE = ("run", "state", "key", "epochs", "metric", "best")
"""Columns of ``wb.compare_runs`` that every comparison has; the others are differences and scores."""

MOST_TOLD = 3
"""Differences that stand for a run without a name."""


def curves_of(run: wb.Run) -> dict[str, list[list[float]]]:
    """Per curve its points ``[epoch, value]``; what is not finite is left out."""
    told = {
        f"validation {run.plan.metric}": [(event.epoch, event.value) for event in run.history],
        "training loss": [(event.epoch, event.train_loss) for event in run.history],
    }
    return {
        name: [[float(x), float(y)] for x, y in points if np.isfinite(y)] for name, points in told.items()
    }


def run_entries(runs: Sequence[wb.Run], table: Any) -> list[dict[str, Any]]:
    """Per run its letter, label, colour, best value and curves.

    Parameters
    ----------
    table : pyarrow.Table  of ``wb.compare_runs``, in the order of the runs
    """
    best = [
        value if value is not None and np.isfinite(value) else None for value in table["best"].to_pylist()
    ]
    return [
        {
            "name": letter(i),
            "label": letter(i) + (": no epoch yet" if best[i] is None else ""),
            "colour": wb.type_style(i)[0],
            "best": best[i],
            "curves": curves_of(run),
        }
        for i, run in enumerate(runs)
    ]


def table_rows(runs: Sequence[wb.Run], table: Any) -> list[list[str]]:
    """Rows of name and a cell per run: its name, differences and scores, then state, epochs and key."""
    names = [name for name in table.column_names if name not in ALIKE]
    shown: dict[str, list[Any]] = {"run": run_names(runs)}
    shown |= {name: table[name].to_pylist() for name in (*names, "state", "epochs", "key")}
    return [[short(name), *(cell(value) for value in values)] for name, values in shown.items()]


def run_names(runs: Sequence[wb.Run]) -> list[str]:
    """What each run is called: its folder's name, or else what its plan has of its own, or else ``run A``."""
    choices = [{**run.plan.choices(), "key": run.key} for run in runs]
    unlike = [name for name in choices[0] if len({str(each[name]) for each in choices}) > 1][:MOST_TOLD]
    return [
        run.name or ", ".join(_told(name, own[name]) for name in unlike) or f"run {letter(i)}"
        for i, (run, own) in enumerate(zip(runs, choices, strict=True))
    ]


def _told(name: str, value: object) -> str:
    """One choice; a fanout is written as what it is."""
    return short(value if name == "fanout" else f"{name} {value}", 40)


def letter(place: int) -> str:
    """What a run is called in the picture: A, B, ..."""
    return chr(ord("A") + place)


def cell(value: object) -> str:
    """A cell of the table as it is shown: short."""
    return short("" if value is None else f"{value:.4g}" if isinstance(value, float) else value)
