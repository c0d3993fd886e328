"""Baselines: what a graph model has to beat, tuned on the same validation seeds.

past_rate   the entity's own earlier labels
boosting    HistGradientBoosting on the entity's columns plus windowed aggregates

and where rows of another table are ranked:

popular     what the labels of all entities named most
own_past    what the entity's own labels named, then what is popular
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.loading.padded import is_lists, padded
from workbench.models.ranking import Candidates
from workbench.plan.model_plan import ModelPlan
from workbench.plan.objective import USUAL, metrics_of
from workbench.query.seed_table import SeedTable
from workbench.query.splits import known_from
from workbench.temporal import FOREVER
from workbench.training.boosting import boost
from workbench.training.build import check_key, hidden_columns
from workbench.training.loaders import seen
from workbench.training.metrics import better, metric, score
from workbench.training.parts import Parts
from workbench.training.past_rankings import RANKERS, Named
from workbench.training.past_rate import Known, past_rates, settings
from workbench.training.ranks import TOP
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
    predictions : dict split -> float64[n], of several classes or steps float64[n, k]
        In the order of the seeds that were scored.
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
    """Both baselines of a task; of a ranking ``popular`` and ``own_past``.

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
    hidden = (*(() if plan is None else plan.exclude), *hidden_columns(task))
    seeds = {split: seen(parts.graph, plan, task.seeds(split)) for split in SPLITS}
    if task.task_type == "ranking":
        return {kind: _ranked(parts, task, seeds, name, kind) for kind in ("popular", "own_past")}
    return {
        "past_rate": past_rate(task, seeds, name),
        "boosting": boosting(parts, task, seeds, name, key, hidden),
    }


def past_rate(task: Any, seeds: dict[str, SeedTable], name: str) -> Baseline:
    """Each entity's own past labels, of windows that were over by the anchor; chosen by metric ``name``."""
    began, trouble = time.perf_counter(), _no_past(task) or _one_class(task, seeds)
    if trouble:
        return _undefined("past_rate", trouble, task, name, seeds, began)
    tried, found = settings(), _past_rates(task, seeds)
    best, value = 0, float("nan")
    for i, values in enumerate(found["val"]):
        reached = metric(name, task.task_type, _labels(seeds["val"]), values)
        if better(name, reached, value):
            best, value = i, reached
    predictions = {split: values[best] for split, values in found.items()}
    return _baseline("past_rate", str(tried[best]), task, name, seeds, predictions, began)


def _ranked(parts: Parts, task: Any, seeds: dict[str, SeedTable], name: str, kind: str) -> Baseline:
    """What earlier labels named, of windows that were over by the anchor."""
    began, trouble = time.perf_counter(), _no_past(task)
    if trouble:
        return _undefined(kind, trouble, task, name, seeds, began)
    tables = list(seeds.values())
    ends = [known_from(task.resolved.horizon, table.anchor_time) for table in tables]
    known = Named.of([table.node_id for table in tables], ends, [table.label for table in tables])
    begin, end = parts.graph.times(task.target.table), parts.graph.ends(task.target.table)
    there = Candidates(task.target.table, parts.graph.num_nodes(task.target.table), begin, end)
    predictions = {
        split: RANKERS[kind](known, there, seeds[split], task.target.top_k or TOP)
        for split in ("val", "test")
    }
    return _baseline(kind, "nothing to choose", task, name, seeds, predictions, began)


def _past_rates(task: Any, seeds: dict[str, SeedTable]) -> dict[str, list[AnyArray]]:
    """What each setting says of val and test, of several classes or steps side by side."""
    known = _known(task, seeds)
    window = max(int(task.horizon.approximate), 1)
    labels = _one_hot(known.label, task.task_type, seeds)
    trained = _one_hot(_labels(seeds["train"]), task.task_type, seeds)
    found = {}
    for split in ("val", "test"):
        asked = (seeds[split].node_id, seeds[split].visible_until, window, settings())
        columns = [
            past_rates(Known(known.entity, known.end, labels[:, i]), *asked, float(trained[:, i].mean()))
            for i in range(labels.shape[1])
        ]
        stacked = [np.stack(each, axis=1) for each in zip(*columns, strict=True)]
        found[split] = (
            stacked if known.label.ndim > 1 or labels.shape[1] > 1 else [each[:, 0] for each in stacked]
        )
    return found


def _one_hot(label: AnyArray, task_type: str, seeds: dict[str, SeedTable]) -> AnyArray:
    """float64[n, k]: labels as rates can be taken of them."""
    if task_type != "multiclass":
        return label.reshape(len(label), -1)
    classes = 1 + max(int(_labels(table).max(initial=0)) for table in seeds.values())
    return np.eye(classes)[label.astype(np.int64)]


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


def _no_past(task: Any) -> str:
    """Why nobody knows when a label is known; empty if it is."""
    said = getattr(task, "says_horizon", True)  # tasks of other makers may not say
    return "" if said else "undefined: horizon= does not say how far labels look ahead"


def _one_class(task: Any, seeds: dict[str, SeedTable]) -> str:
    """What keeps a baseline from being fitted and chosen; empty if nothing does."""
    for split in ("train", "val"):
        labels = _labels(seeds[split])
        if not len(labels):
            return f"undefined: there are no {split} seeds"
        if task.task_type in ("binary", "multiclass") and labels.min() == labels.max():
            return f"undefined: one class (all {len(labels):,} {split} labels are {labels[0]:g})"
    return ""


def _undefined(
    name: str, why: str, task: Any, metric_name: str, seeds: dict[str, SeedTable], began: float
) -> Baseline:
    names = [metric_name, *metrics_of(task.task_type)]
    scores = {split: dict.fromkeys(names, float("nan")) for split in ("val", "test")}
    predictions = {split: np.full(len(seeds[split]), np.nan) for split in scores}
    return Baseline(name, why, scores, predictions, time.perf_counter() - began)


def _known(task: Any, seeds: dict[str, SeedTable]) -> Known:
    """Every label of the task and when its window was over; of a static task those of train alone."""
    static = seeds["train"].anchor_time.min() == FOREVER
    tables = [seeds["train"]] if static else list(seeds.values())
    entity = np.concatenate([table.node_id for table in tables])
    anchor = np.concatenate([table.anchor_time for table in tables])
    label = np.concatenate([_labels(table) for table in tables])
    return Known(entity, anchor if static else known_from(task.resolved.horizon, anchor), label)


def _labels(seeds: SeedTable) -> AnyArray:
    return np.asarray(seeds.label, np.float64)


def _default_metric(task: Any) -> str:
    return USUAL[str(task.task_type)][1]


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
        label = seeds[split].label
        every = score(task.task_type, padded(label) if is_lists(label) else _labels(seeds[split]), values)
        scores[split] = {metric_name: every[metric_name], **every}
    return Baseline(name, chosen, scores, predictions, time.perf_counter() - began)
