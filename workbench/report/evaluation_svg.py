"""Pictures of an evaluation: the metric over time, by segment, and predicted beside observed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from workbench.report.charts import bars_svg, line_svg

if TYPE_CHECKING:
    from workbench.training.evaluation import Evaluation

Curves = dict[str, tuple[list[float], list[float]]]


def evaluation_svgs(evaluation: Evaluation) -> dict[str, str]:
    """Draw an evaluation.

    Returns
    -------
    dict title -> SVG text
        Of each split: the model and its baselines as a whole; over time, groups numbered from 1; a bar per
        group of each segment, of the model alone; predicted (across) and observed (up).
    """
    pictures = {}
    rows = [row for row in evaluation.scores.to_pylist() if row["metric"] == evaluation.metric]
    for split, by in dict.fromkeys((row["split"], row["by"]) for row in rows):
        here = [row for row in rows if (row["split"], row["by"]) == (split, by)]
        title = f"{evaluation.metric} on {split}" + ("" if by == "all" else f", {by}")
        pictures[title] = _curves(here, title) if by == "time" else _bars(here, title, by)
    for split in dict.fromkeys(evaluation.calibration["split"].to_pylist()):
        title = f"calibration on {split}"
        pictures[title] = _calibration(evaluation, split, title)
    return pictures


def _bars(rows: list[dict[str, Any]], title: str, by: str) -> str:
    if by == "all":
        return bars_svg({row["model"]: _value(row) for row in rows}, title=title, highlight="model")
    mine = {f"{row['group']} ({row['seeds']:,})": _value(row) for row in rows if row["model"] == "model"}
    return bars_svg(mine, title=title)


def _curves(rows: list[dict[str, Any]], title: str) -> str:
    curves: Curves = defaultdict(lambda: ([], []))
    groups = {name: place for place, name in enumerate(dict.fromkeys(row["group"] for row in rows), 1)}
    for row in rows:
        curves[row["model"]][0].append(float(groups[row["group"]]))
        curves[row["model"]][1].append(_value(row))
    return line_svg(curves, title=title, x_label=f"{min(groups)} .. {max(groups)}")


def _calibration(evaluation: Evaluation, split: str, title: str) -> str:
    curves: Curves = defaultdict(lambda: ([], []))
    for row in evaluation.calibration.to_pylist():
        if row["split"] == split:
            curves[row["model"]][0].append(row["predicted"])
            curves[row["model"]][1].append(row["observed"])
    points = [value for xs, ys in curves.values() for value in (*xs, *ys)]
    ends = [min(points), max(points)]
    return line_svg({**curves, "as it should be": (ends, ends)}, title=title, x_label="predicted")


def _value(row: dict[str, Any]) -> float:
    return float("nan") if row["value"] is None else float(row["value"])
