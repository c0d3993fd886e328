"""Baselines: what a graph model has to beat, tuned on the same validation seeds.

past_rate   the entity's own earlier labels
boosting    HistGradientBoosting on the entity's columns plus windowed aggregates
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.plan.model_plan import METRICS, ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.query.splits import windows_end
from workbench.training.boosting import boost
from workbench.training.build import check_key
from workbench.training.loaders import seen
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
    scores : dict split (``val``, ``test``) -> dict metric -> value; NaN where it is undefined
    predictions : dict split -> float64[n]  in the order of the seeds that were scored
    seconds : float
    """

    name: str
    chosen: str
    scores: dict[str, dict[str, float]]
    predictions: dict[str, AnyArray]
    seconds: float

    def __repr__(self) -> str:
        name, value = next(iter(self.scores["test"].items()))
        reached = "undefined" if np.isnan(value) else f"{value:.4f}"
        on = f"on {len(self.predictions['test']):,} seeds"
        return f"Baseline({self.name}: test {name} {reached} {on}; {self.chosen}; {self.seconds:.1f} s)"


def baselines(parts: Parts, task: Any, plan: ModelPlan | None = None, key: int = 0) -> dict[str, Baseline]:
    """Both baselines of a task.

    Where train or val labels are of one class, nothing can be learned or chosen: every score is NaN and
    ``chosen`` says so.

    Parameters
    ----------
    plan : of the model that they are compared with, for equal terms: they are chosen by its metric, do
        not read what it excludes, and know nothing after its ``until``; seeds whose own row came later
        are left out, with a warning, as ``run.metrics`` leaves them out. None: AUROC or MAE, everything.
    key : int  fixes what boosting draws

    Raises
    ------
    TrainingError
        If the key is no whole number, or the plan excludes what is no feature.
    """
    check_key(key)
    name = _default_metric(task) if plan is None else plan.metric
    hidden = () if plan is None else plan.exclude
    seeds = {split: seen(parts.graph, plan, task.seeds(split)) for split in SPLITS}
    return {
        "past_rate": past_rate(task, seeds, name),
        "boosting": boosting(parts, task, seeds, name, key, hidden),
    }


def past_rate(task: Any, seeds: dict[str, SeedTable], name: str) -> Baseline:
    """Each entity's own past labels, of windows that were over by the anchor; chosen by metric ``name``."""
    began, trouble = time.perf_counter(), _one_class(task, seeds)
    if trouble:
        return _undefined("past_rate", trouble, task, name, seeds, began)
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
    seeds: dict[str, SeedTable],
    name: str,
    key: int = 0,
    exclude: tuple[str, ...] = (),
) -> Baseline:
    """HistGradientBoosting on the entity's columns plus windowed aggregates of its fact tables."""
    began, trouble = time.perf_counter(), _one_class(task, seeds)
    if trouble:
        return _undefined("boosting", trouble, task, name, seeds, began)
    horizon = max(int(task.horizon.approximate), 1)
    windows = tuple(horizon * times for times in WINDOWS)
    last = int(seeds["train"].visible_until.max())
    tables = {split: flat_table(parts.dataset, seeds[split], windows, last, exclude) for split in SPLITS}
    labels = {split: _labels(seeds[split]) for split in SPLITS}
    best = boost(tables, labels, name, task.task_type, key)
    return _baseline("boosting", best.chosen, task, name, seeds, best.predictions, began)


def _one_class(task: Any, seeds: dict[str, SeedTable]) -> str:
    """What keeps a baseline from being fitted and chosen; empty if nothing does."""
    for split in ("train", "val"):
        labels = _labels(seeds[split])
        if not len(labels):
            return f"undefined: there are no {split} seeds"
        if task.task_type == "binary" and labels.min() == labels.max():
            return f"undefined: one class (all {len(labels):,} {split} labels are {labels[0]:g})"
    return ""


def _undefined(
    name: str, why: str, task: Any, metric_name: str, seeds: dict[str, SeedTable], began: float
) -> Baseline:
    names = [metric_name, *(each for each, (kind, _) in METRICS.items() if kind == task.task_type)]
    scores = {split: dict.fromkeys(names, float("nan")) for split in ("val", "test")}
    predictions = {split: np.full(len(seeds[split]), np.nan) for split in scores}
    return Baseline(name, why, scores, predictions, time.perf_counter() - began)


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
