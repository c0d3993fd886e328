"""Records: scores of runs, kept beside them, and runs beside one another.

compare_runs([run, "runs/wider", other])      an Arrow table, a row per run, a column per difference
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from workbench.errors import TrainingError, explain
from workbench.training.checkpoint import read_json, write_json
from workbench.training.run_folder import SavedRun, read_run

if TYPE_CHECKING:
    from workbench.training.run import Run

SCORES = "scores.json"


def record_scores(folder: Path, split: str, scores: dict[str, float]) -> None:
    """Write down the metrics of a split beside the run, for :func:`compare_runs`."""
    path = folder / SCORES
    write_json(path, {**(read_json(path) if path.exists() else {}), split: scores})


def compare_runs(runs: Iterable[Run | str | Path]) -> pa.Table:
    """Runs beside one another, the best first.

    Parameters
    ----------
    runs : runs, or the folders of some; those under way as far as they are

    Returns
    -------
    pyarrow.Table
        ``run`` (folder), ``state``, ``key``, ``epochs``, ``metric``, ``best`` (on the validation seeds);
        the plan's metric on each split that ``run.metrics`` was asked for; then, as text, each choice of
        their plans, and each package version or dataset hash, in which they differ.

    Raises
    ------
    TrainingError
        If there are none, a folder holds none, or they were chosen by different metrics.
    """
    folders = [Path(run) if isinstance(run, str | Path) else run.folder for run in runs]
    if not folders:
        raise TrainingError(explain("runs were to be compared", "there are none", "at least one"))
    saved = [read_run(folder) for folder in folders]
    metrics = {each.plan.metric for each in saved}
    if len(metrics) > 1:
        got = f"they were chosen by {', '.join(sorted(metrics))}"
        raise TrainingError(explain("runs were to be compared", got, "runs of one metric"))
    rows = [_row(folder, each) for folder, each in zip(folders, saved, strict=True)]
    for row, more in zip(rows, _differences(saved), strict=True):
        row |= more
    sign = -1.0 if saved[0].plan.higher_is_better else 1.0
    rows.sort(key=lambda row: (row["best"] is None, sign * (row["best"] or 0.0)))
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: [row.get(name) for row in rows] for name in names})


def _row(folder: Path, saved: SavedRun) -> dict[str, Any]:
    metric = saved.plan.metric  # of a run that val did not judge there is no best
    best = [event for event in saved.history if event.best and event.metric == metric]
    row = {
        "run": str(folder),
        "state": saved.state,
        "key": saved.key,
        "epochs": len(saved.history),
        "metric": saved.plan.metric,
        "best": best[-1].value if best else None,
    }
    path = folder / SCORES
    for split, scores in (read_json(path) if path.exists() else {}).items():
        row[split] = scores.get(saved.plan.metric)
    return row


def _differences(saved: list[SavedRun]) -> list[dict[str, str]]:
    """Per run, as text, everything in which not all are alike."""
    told = [
        {
            **{name: str(value) for name, value in each.plan.choices().items()},
            **{f"version of {name}": value for name, value in each.made_with.items()},
            "dataset": each.dataset_hash,
        }
        for each in saved
    ]
    names = dict.fromkeys(name for each in told for name in each)
    unlike = [name for name in names if len({each.get(name, "") for each in told}) > 1]
    return [{name: each.get(name, "") for name in unlike} for each in told]
