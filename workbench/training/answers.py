"""Answers: the numbers that a model gives per seed as columns of a table.

binary, regression       prediction
with several quantiles   prediction (the level nearest to a half), quantile_0.1, quantile_0.5, ...
forecast                 step_1, step_2, ...; with quantiles also step_1_quantile_0.1, ...
multiclass               prediction (the likeliest class), probability_<class>, ...
multilabel               prediction (list of the classes from 0.5 on), probability_<class>, ...
with RANK TOP k          prediction is the list of the k likeliest classes, the first first
ranking                  prediction (list of keys, the likeliest first), score (list of their scores)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from workbench.training.target import WITH_CLASSES, Target
from workbench.types import AnyArray, BoolArray, Int64Array

LIKELY = 0.5
"""Probability from which on a label of several is predicted."""


Namer = Callable[[Int64Array], pa.Array]
"""Gives the keys of rows of the table that is ranked."""


def answer_columns(target: Target, values: AnyArray, keys: Namer = pa.array) -> dict[str, pa.Array]:
    """Columns of predictions.

    Parameters
    ----------
    values : float64[n], float64[n, k] or float64[n, 2, k]  as ``target.predictions`` gives them
    keys : callable  of a ranking: int64[m] rows -> their keys
    """
    if target.task_type == "ranking":
        there = np.isfinite(values[:, 1])
        sizes = there.sum(axis=1)
        rows, scores = values[:, 0][there].astype(np.int64), values[:, 1][there]
        return {"prediction": _lists(keys(rows), sizes), "score": _lists(pa.array(scores), sizes)}
    if target.task_type in WITH_CLASSES:
        return {"prediction": _classes(target, values), **_probabilities(target, values)}
    if target.task_type == "forecast":
        return _steps(target, values)
    columns = {"prediction": pa.array(target.point(values))}
    if len(target.quantiles) > 1:
        columns |= {f"quantile_{level:g}": pa.array(values[:, i]) for i, level in enumerate(target.quantiles)}
    return columns


def _probabilities(target: Target, values: AnyArray) -> dict[str, pa.Array]:
    return {f"probability_{name}": pa.array(values[:, i]) for i, name in enumerate(target.classes)}


def _classes(target: Target, values: AnyArray) -> pa.Array:
    classes = pa.array(target.classes)
    if target.top_k:
        # Stable, so that of equals the class that comes first is told first.
        order = np.argsort(-values, axis=1, kind="stable")[:, : target.top_k]
        return _lists(classes.take(pa.array(order.reshape(-1))), np.full(len(values), order.shape[1]))
    if target.task_type == "multiclass":
        return classes.take(pa.array(values.argmax(axis=1)))
    likely: BoolArray = values >= LIKELY
    return _lists(classes.take(pa.array(np.nonzero(likely)[1])), likely.sum(axis=1))


def _lists(values: pa.Array, lengths: Int64Array) -> pa.Array:
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values)


def _steps(target: Target, values: AnyArray) -> dict[str, pa.Array]:
    points, columns = target.point(values), {}
    levels = target.quantiles if len(target.quantiles) > 1 else ()
    for step in range(points.shape[1]):
        columns[f"step_{step + 1}"] = pa.array(points[:, step])
        for i, level in enumerate(levels):
            columns[f"step_{step + 1}_quantile_{level:g}"] = pa.array(values[:, step * len(levels) + i])
    return columns
