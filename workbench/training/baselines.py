"""Baselines: what a graph model has to beat, tuned on the same validation seeds.

past_rate   the entity's own earlier labels
boosting    HistGradientBoosting on the entity's columns plus windowed aggregates
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.query.seed_table import SeedTable
from workbench.temporal import windows_end
from workbench.training.boosting import boost
from workbench.training.metrics import better, metric, score
from workbench.training.parts import Parts
from workbench.training.past_rate import Known, past_rates, settings
from workbench.training.window_features import flat_table
from workbench.types import AnyArray

SPLITS = ("train", "val", "test")

WINDOWS = (1, 4, 16, 64)
"""Look-back windows, in lengths of the task's horizon; all of the past comes on top."""


@dataclass(frozen=True)
class Baseline:
    """One baseline.

    Attributes
    ----------
    name : str
    chosen : str  what validation chose
    scores : dict split (``val``, ``test``) -> dict metric -> value
    predictions : dict split -> float64[n]  in the order of the seeds
    seconds : float
    """

    name: str
    chosen: str
    scores: dict[str, dict[str, float]]
    predictions: dict[str, AnyArray]
    seconds: float

    def __repr__(self) -> str:
        name, value = next(iter(self.scores["test"].items()))
        return f"Baseline({self.name}: test {name} {value:.4f}; {self.chosen}; {self.seconds:.1f} s)"


def baselines(
    parts: Parts,
    task: Any,
    metric_name: str | None = None,
    key: int = 0,
    *,
    exclude: Iterable[str] = (),
) -> dict[str, Baseline]:
    """Both baselines of a task.

    Parameters
    ----------
    metric_name : what settings are chosen by; None: AUROC or MAE
    exclude : names ``'table.column'`` that must not be read: ``plan.exclude``, for a fair comparison
    """
    return {
        "past_rate": past_rate(task, metric_name),
        "boosting": boosting(parts, task, metric_name, key, exclude=exclude),
    }


def past_rate(task: Any, metric_name: str | None = None) -> Baseline:
    """Each entity's own past labels, of windows that were over by the anchor."""
    began, name = time.perf_counter(), metric_name or _default_metric(task)
    seeds = {split: task.seeds(split) for split in SPLITS}
    known = _known(task, list(seeds.values()))
    window = max(int(task.horizon.approximate), 1)
    tried, prior = settings(), float(np.mean(_labels(seeds["train"])))
    found = {
        split: past_rates(known, seeds[split].node_id, seeds[split].visible_until, window, tried, prior)
        for split in ("val", "test")
    }
    best, value = 0, float("nan")
    for i, values in enumerate(found["val"]):
        reached = metric(name, _labels(seeds["val"]), values)
        if better(name, reached, value):
            best, value = i, reached
    predictions = {split: values[best] for split, values in found.items()}
    return _baseline("past_rate", str(tried[best]), task, name, seeds, predictions, began)


def boosting(
    parts: Parts,
    task: Any,
    metric_name: str | None = None,
    key: int = 0,
    *,
    exclude: Iterable[str] = (),
) -> Baseline:
    """HistGradientBoosting on the entity's columns plus windowed aggregates of its fact tables."""
    began, name = time.perf_counter(), metric_name or _default_metric(task)
    seeds = {split: task.seeds(split) for split in SPLITS}
    horizon = max(int(task.horizon.approximate), 1)
    windows = tuple(horizon * times for times in WINDOWS)
    last = int(seeds["train"].visible_until.max())
    hidden = tuple(exclude)
    tables = {split: flat_table(parts.dataset, seeds[split], windows, last, hidden) for split in SPLITS}
    labels = {split: _labels(seeds[split]) for split in SPLITS}
    best = boost(tables, labels, name, task.task_type, key)
    return _baseline("boosting", best.chosen, task, name, seeds, best.predictions, began)


def _known(task: Any, tables: list[SeedTable]) -> Known:
    """Every label of the task and when its window was over."""
    entity = np.concatenate([table.node_id for table in tables])
    anchor = np.concatenate([table.anchor_time for table in tables])
    label = np.concatenate([_labels(table) for table in tables])
    return Known(entity, windows_end(task.resolved.horizon, anchor), label)


def _labels(seeds: SeedTable) -> AnyArray:
    return np.asarray(seeds.label, np.float64)


def _default_metric(task: Any) -> str:
    return "auroc" if task.task_type == "binary" else "mae"


def _baseline(
    name: str,
    chosen: str,
    task: Any,
    metric_name: str,
    seeds: dict[str, SeedTable],
    predictions: dict[str, AnyArray],
    began: float,
) -> Baseline:
    scores = {}
    for split, values in predictions.items():
        every = score(task.task_type, _labels(seeds[split]), values)
        scores[split] = {metric_name: every[metric_name], **every}
    return Baseline(name, chosen, scores, predictions, time.perf_counter() - began)
