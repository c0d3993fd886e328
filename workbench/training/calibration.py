"""Calibration: whether what is predicted comes true as often, or is as large, as it says.

task type                 predicted                        observed
binary, multilabel        mean probability of a bin        share of ones
multiclass                mean probability of the likeliest class    share that is that class
regression, forecast      mean prediction of a tenth       mean label
with several quantiles    level                            share of labels up to it
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.training.target import Target
from workbench.types import AnyArray


class Bin(NamedTuple):
    """One bin: how many labels fall into it, what was predicted of them, and what was the case."""

    name: str
    labels: int
    predicted: float
    observed: float


def reliability(target: Target, label: AnyArray, values: AnyArray, bins: int = 10) -> list[Bin]:
    """The bins that hold any label, in order; none of a ranking.

    Parameters
    ----------
    label : as of :func:`~workbench.training.metrics.score`
    values : as ``Target.predictions`` gives them
    bins : int  of probabilities, all of one width; of numbers, all of about one size
    """
    if target.task_type == "ranking" or not len(label):
        return []
    if len(target.quantiles) > 1:
        return _levels(target, label, values)
    if target.task_type == "multiclass":
        return _bins((values.argmax(axis=1) == label).astype(float), values.max(axis=1), bins)
    told, seen = target.point(values).reshape(-1), np.asarray(label, np.float64).reshape(-1)
    if target.task_type in ("regression", "forecast"):
        return _sizes(seen, told, bins)
    return _bins(seen, told, bins)


def _levels(target: Target, label: AnyArray, values: AnyArray) -> list[Bin]:
    seen = np.asarray(label, np.float64).reshape(-1)
    told = values.reshape(len(seen), len(target.quantiles))
    return [
        Bin(f"quantile {level:g}", len(seen), level, float(np.mean(seen <= told[:, place])))
        for place, level in enumerate(target.quantiles)
    ]


def _bins(seen: AnyArray, told: AnyArray, bins: int) -> list[Bin]:
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, told, side="right") - 1, 0, bins - 1)
    named = [f"{edges[i]:.2g} to {edges[i + 1]:.2g}" for i in range(bins)]
    return [_bin(named[i], seen[place == i], told[place == i]) for i in range(bins) if (place == i).any()]


def _sizes(seen: AnyArray, told: AnyArray, bins: int) -> list[Bin]:
    parts = np.array_split(np.argsort(told, kind="stable"), min(bins, len(told)))
    return [_bin(f"{told[each[0]]:.4g} to {told[each[-1]]:.4g}", seen[each], told[each]) for each in parts]


def _bin(name: str, seen: AnyArray, told: AnyArray) -> Bin:
    return Bin(name, len(seen), float(told.mean()), float(seen.mean()))
