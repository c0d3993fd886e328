"""Confidence: how far a metric could have been another, had other entities been asked, by bootstrap.

Entities are drawn anew, each with all of its seeds: labels of one entity at several anchors are no
independent evidence. Models are compared on the same draws, so what is hard for both cancels out.
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.rng import derive_key
from workbench.training.metrics import metric
from workbench.types import AnyArray, Int64Array

LEVEL = 0.95
"""Share of the resamples that an interval holds."""

FEWEST, WORK = 25, 20_000_000
"""Resamples at least, and seeds of all resamples together at most, beyond that."""

ENTITIES = 10
"""Entities that an interval needs: resamples of fewer say little of others."""

_ROWS = 4_000_000
"""Numbers of one table of weights, at most."""


def draws(entity: Int64Array, count: int, key: int = 0) -> list[Int64Array]:
    """How often each seed counts in each resample: ``count`` arrays int64[n], fewer for very many seeds.

    None at all of fewer than :data:`ENTITIES` entities.

    Parameters
    ----------
    entity : int64[n]  seeds of one entity are drawn together
    """
    found, place = np.unique(entity, return_inverse=True)
    rng = np.random.default_rng(derive_key(key, "bootstrap") & 0x7FFFFFFFFFFFFFFF)
    size, most = len(found), max(FEWEST, WORK // max(len(entity), 1))
    some = min(count, most) if size >= ENTITIES else 0
    return [np.bincount(rng.integers(0, size, size), minlength=size)[place] for _ in range(some)]


def resampled(
    name: str, task_type: str, label: AnyArray, prediction: AnyArray, counts: list[Int64Array]
) -> AnyArray:
    """float64[resamples]: a metric in each; NaN where it is undefined there.

    Parameters
    ----------
    label, prediction : as of :func:`~workbench.training.metrics.score`
    counts : as :func:`draws` gives them
    """
    if name == "auroc" and task_type == "binary":
        return _aurocs(label > 0.5, prediction, counts)
    found = np.full(len(counts), np.nan)
    for place, count in enumerate(counts):
        rows = np.repeat(np.arange(len(count)), count)
        found[place] = metric(name, task_type, label[rows], prediction[rows])
    return found


def interval(values: AnyArray) -> tuple[float, float]:
    """The range that holds :data:`LEVEL` of some resamples; NaN where half of them are undefined."""
    known = values[np.isfinite(values)]
    if not len(known) or len(known) < len(values) / 2:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _aurocs(positive: AnyArray, score: AnyArray, counts: list[Int64Array]) -> AnyArray:
    """The share of pairs that are told apart, a tie counting half, for many weightings of one order."""
    if not counts:
        return np.empty(0)
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    found, step = [], max(1, _ROWS // len(order))
    for first in range(0, len(counts), step):
        weights = np.stack(counts[first : first + step])[:, order].astype(np.float64)
        ones = np.add.reduceat(weights * positive[order], starts, axis=1)
        zeros = np.add.reduceat(weights * ~positive[order], starts, axis=1)
        pairs = ones.sum(axis=1) * zeros.sum(axis=1)
        won = (ones * (zeros.cumsum(axis=1) - zeros / 2)).sum(axis=1)
        found.append(np.where(pairs > 0, won / np.maximum(pairs, 1), np.nan))
    return np.concatenate(found)
