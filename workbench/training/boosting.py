"""scikit-learn's HistGradientBoosting on a flat table: what a careful analyst would try first."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from workbench.plan.objective import USUAL
from workbench.training.metrics import better, metric
from workbench.training.window_features import FlatTable
from workbench.types import AnyArray

ROWS = 200_000
"""Training rows at most, drawn by the key."""

ITERATIONS, EVERY = 200, 10
"""Trees at most, and how often the validation metric is looked at."""

GRID: tuple[tuple[int, int], ...] = tuple(product((7, 31), (20, 200)))
"""(leaves, rows per leaf) that are tried."""


EACH_COLUMN = {"multilabel": "binary", "forecast": "regression"}
"""Task types with a label per class or step, and what each of these is."""


@dataclass(frozen=True)
class Boosted:
    """The best of the grid.

    Attributes
    ----------
    chosen : str  its settings
    predictions : dict split -> float64[n], of several classes or steps float64[n, k]
    """

    chosen: str
    predictions: dict[str, AnyArray]


def boost(
    tables: dict[str, FlatTable], labels: dict[str, AnyArray], metric_name: str, task_type: str, key: int
) -> Boosted:
    """Fit the grid on train, choose settings and number of trees on val, predict val and test.

    Several labels or steps are several tasks, each with settings of its own.
    """
    if task_type in EACH_COLUMN:
        return _column_by_column(tables, labels, task_type, key)
    train = tables["train"]
    rows = np.random.default_rng(key).permutation(len(train.frame))[:ROWS]
    frame, y = train.frame.iloc[rows], labels["train"][rows]
    # A column that training never saw says nothing, and scikit-learn cannot bin it.
    names = [name for name in frame.columns if frame[name].notna().any()]
    x = frame[names].to_numpy()
    matrices = {split: tables[split].frame[names].to_numpy() for split in ("val", "test")}
    categorical = [names.index(name) for name in train.categorical if name in names]

    def fitted(setting: tuple[int, int]) -> Any:
        leaves, fewest = setting
        # One OpenMP thread per fit, one fit per core: teams of spinning threads starve one another.
        with threadpool_limits(1, user_api="openmp"):
            model = _model(
                task_type, metric_name, leaves, min(fewest, max(len(x) // 20, 1)), categorical, key
            )
            return model.fit(x, y)

    classes = 1 + max(int(each.max(initial=0)) for each in labels.values())
    with ThreadPoolExecutor(min(len(GRID), os.cpu_count() or 1)) as pool:
        models = list(pool.map(fitted, GRID))
    with threadpool_limits(1, user_api="openmp"):
        return _best_of(models, matrices, labels["val"], metric_name, task_type, classes)


def _column_by_column(
    tables: dict[str, FlatTable], labels: dict[str, AnyArray], task_type: str, key: int
) -> Boosted:
    kind = EACH_COLUMN[task_type]
    found = []
    for column in range(labels["train"].shape[1]):
        own = {split: values[:, column].astype(np.float64) for split, values in labels.items()}
        if kind == "binary" and min(np.ptp(own["train"]), np.ptp(own["val"])) == 0:
            # One class teaches nothing and chooses nothing; what was seen is all there is to say.
            constant = {split: np.full(len(own[split]), own["train"].mean()) for split in ("val", "test")}
            found.append(Boosted("constant", constant))
        else:
            found.append(boost(tables, own, USUAL[kind][1], kind, key))
    told = {split: np.stack([each.predictions[split] for each in found], axis=1) for split in ("val", "test")}
    return Boosted(f"each of {len(found)} by itself, the first: {found[0].chosen}", told)


def _best_of(
    models: list[Any],
    matrices: dict[str, AnyArray],
    on: AnyArray,
    metric_name: str,
    task_type: str,
    classes: int,
) -> Boosted:
    """The settings and the number of trees that do best on the validation labels."""
    best, value = Boosted("", {}), float("nan")
    for (leaves, fewest), model in zip(GRID, models, strict=True):
        for trees, on_val in _staged(model, matrices["val"], task_type, classes):
            found = metric(metric_name, task_type, on, on_val)
            if better(metric_name, found, value):
                value = found
                on_test = dict(_staged(model, matrices["test"], task_type, classes))[trees]
                chosen = f"{trees} trees of {leaves} leaves, at least {fewest} rows each"
                best = Boosted(chosen, {"val": on_val, "test": on_test})
    return best


def _model(
    task_type: str, metric_name: str, leaves: int, fewest: int, categorical: list[int], key: int
) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    options: dict[str, Any] = {
        "learning_rate": 0.06,
        "max_iter": ITERATIONS,
        "max_leaf_nodes": leaves,
        "min_samples_leaf": fewest,
        "l2_regularization": 1.0,
        "max_features": 0.5,
        "categorical_features": categorical or None,
        "early_stopping": False,
        "random_state": key % 2**32,
    }
    if task_type in ("binary", "multiclass"):
        return HistGradientBoostingClassifier(**options)
    loss = "absolute_error" if metric_name == "mae" else "squared_error"
    return HistGradientBoostingRegressor(loss=loss, **options)


def _staged(model: Any, matrix: AnyArray, task_type: str, classes: int) -> list[tuple[int, AnyArray]]:
    """Numbers of trees and what so many say."""
    if task_type == "regression":
        return _every(model.staged_predict(matrix))
    stages = _every(model.staged_predict_proba(matrix))
    if task_type == "binary":
        return [(trees, values[:, 1]) for trees, values in stages]
    return [(trees, _spread(values, model.classes_, classes)) for trees, values in stages]


def _every(stages: Iterable[AnyArray]) -> list[tuple[int, AnyArray]]:
    return [(i + 1, values) for i, values in enumerate(stages) if (i + 1) % EVERY == 0]


def _spread(values: AnyArray, seen: AnyArray, classes: int) -> AnyArray:
    """Probabilities of all classes, 0 for those that training never saw."""
    found = np.zeros((len(values), classes))
    found[:, seen.astype(np.int64)] = values
    return found
