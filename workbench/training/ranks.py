"""Rankings: lists as labels, the first k as predictions, and how well these hit those.

A label is a list of rows, in batches int64[n, longest] that ends in -1; a prediction is float64[n, 2, k]:
row and score of the k likeliest, the likeliest first, minus infinity where there are no more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.types import AnyArray, BoolArray, Int64Array

TOP = 10
"""Rows that are named where the query does not say how many."""


def side_by_side(labels: Sequence[AnyArray]) -> AnyArray:
    """Labels of several batches as one array, those of lists filled up to the longest."""
    longest = max(each.shape[1] for each in labels) if labels[0].ndim > 1 else 0
    if all(each.ndim == 1 or each.shape[1] == longest for each in labels):
        return np.concatenate(labels)
    missing = [((0, 0), (0, longest - each.shape[1])) for each in labels]
    return np.concatenate(
        [np.pad(each, pad, constant_values=-1) for each, pad in zip(labels, missing, strict=True)]
    )


def ranking_scores(label: AnyArray, prediction: AnyArray) -> dict[str, float]:
    """Means over the seeds that have any row to be found; NaN if there are none.

    Parameters
    ----------
    label : int64[n, longest]  -1 where there are no more
    prediction : float64[n, 2, k]

    Returns
    -------
    dict
        ``map`` (average precision over ``min(k, rows to be found)``), ``ndcg``, ``recall``, ``precision``
        and ``hit_rate`` (whether any was found), all of the first k.
    """
    count = (label >= 0).sum(axis=1)
    hits = _hits(label, prediction)[count > 0]
    count = count[count > 0]
    if not len(count):
        return dict.fromkeys(("map", "ndcg", "recall", "precision", "hit_rate"), float("nan"))
    places = np.arange(1, hits.shape[1] + 1)
    most = np.minimum(count, hits.shape[1])
    gains = 1.0 / np.log2(places + 1)
    ideal = np.cumsum(gains)[most - 1]
    precise = (hits * hits.cumsum(axis=1) / places).sum(axis=1) / most
    return {
        "map": float(precise.mean()),
        "ndcg": float(((hits * gains).sum(axis=1) / ideal).mean()),
        "recall": float((hits.sum(axis=1) / count).mean()),
        "precision": float(hits.mean()),
        "hit_rate": float(hits.any(axis=1).mean()),
    }


def _hits(label: AnyArray, prediction: AnyArray) -> BoolArray:
    """bool[n, k]: whether the row in each place is one that was to be found."""
    rows: Int64Array = prediction[:, 0].astype(np.int64)
    told = np.isfinite(prediction[:, 1])
    wide = 1 + max(int(rows.max(initial=0)), int(label.max(initial=0)))
    lines = wide * np.arange(len(label))[:, None]
    wanted = (lines + label)[label >= 0]
    return np.asarray(np.isin(lines + rows, wanted) & told)
