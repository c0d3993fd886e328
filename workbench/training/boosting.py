"""scikit-learn's HistGradientBoosting on a flat table: what a careful analyst would try first."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from workbench.training.metrics import better, metric
from workbench.training.window_features import FlatTable
from workbench.types import AnyArray

ROWS = 200_000
"""Training rows at most, drawn by the key."""

ITERATIONS, EVERY = 200, 10
"""Trees at most, and how often the validation metric is looked at."""

GRID: tuple[tuple[int, int], ...] = tuple(product((7, 31), (20, 200)))
"""(leaves, rows per leaf) that are tried."""


@dataclass(frozen=True)
class Boosted:
    """The best of the grid.

    Attributes
    ----------
    chosen : str  its settings
    predictions : dict split -> float64[n]
    """

    chosen: str
    predictions: dict[str, AnyArray]


def boost(
    tables: dict[str, FlatTable], labels: dict[str, AnyArray], metric_name: str, task_type: str, key: int
) -> Boosted:
    """Fit the grid on train, choose settings and number of trees on val, predict val and test."""
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

    with ThreadPoolExecutor(min(len(GRID), os.cpu_count() or 1)) as pool:
        models = list(pool.map(fitted, GRID))
    with threadpool_limits(1, user_api="openmp"):
        return _best_of(models, matrices, labels["val"], metric_name, task_type)


def _best_of(
    models: list[Any], matrices: dict[str, AnyArray], on: AnyArray, metric_name: str, task_type: str
) -> Boosted:
    """The settings and the number of trees that do best on the validation labels."""
    best, value = Boosted("", {}), float("nan")
    for (leaves, fewest), model in zip(GRID, models, strict=True):
        for trees, on_val in _staged(model, matrices["val"], task_type):
            found = metric(metric_name, on, on_val)
            if better(metric_name, found, value):
                value = found
                on_test = _at(model, matrices["test"], task_type, trees)
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
    if task_type == "binary":
        return HistGradientBoostingClassifier(**options)
    loss = "absolute_error" if metric_name == "mae" else "squared_error"
    return HistGradientBoostingRegressor(loss=loss, **options)


def _staged(model: Any, matrix: AnyArray, task_type: str) -> list[tuple[int, AnyArray]]:
    stages = model.staged_predict_proba(matrix) if task_type == "binary" else model.staged_predict(matrix)
    kept = [(i + 1, values) for i, values in enumerate(stages) if (i + 1) % EVERY == 0]
    return [(trees, values[:, 1] if task_type == "binary" else values) for trees, values in kept]


def _at(model: Any, matrix: AnyArray, task_type: str, trees: int) -> AnyArray:
    return dict(_staged(model, matrix, task_type))[trees]
