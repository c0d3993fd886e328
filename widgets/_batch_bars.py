"""Seeds of a batch as bars: how many of each label, and of each age."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import workbench as wb
from widgets._schema_facts import short

FEW, BINS = 8, 10
"""Different labels that are counted one by one; bins of more, and of ages."""

Bars = Sequence[tuple[str, int]]


def label_bars(label: NDArray[Any] | None, classes: Sequence[object] = ()) -> Bars:
    """Seeds per label, or per range of labels where there are many; none without labels.

    Of classes the most frequent are named; where a seed has several, each counts. Of a ranking the lengths of
    the lists are counted, of a forecast every step.
    """
    if label is None or not len(label):
        return []
    if classes:
        return _class_bars(label, classes)
    if label.ndim == 2 and label.dtype.kind == "i":  # ids of what comes true, and -1 behind them
        label = (label >= 0).sum(axis=1)
    label = label.ravel()
    values, counts = np.unique(label, return_counts=True)
    if len(values) <= FEW:
        return [(wb.amount(value, 6), int(count)) for value, count in zip(values, counts, strict=True)]
    known = label[np.isfinite(label)]
    bars = _ranges(known)
    return bars if len(known) == len(label) else [*bars, ("not finite", len(label) - len(known))]


def _class_bars(label: NDArray[Any], classes: Sequence[object]) -> Bars:
    counts = label.sum(axis=0) if label.ndim == 2 else np.bincount(label, minlength=len(classes))
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)].tolist()
    few = order if len(order) <= FEW else order[: FEW - 1]
    rest = int(counts.sum() - counts[few].sum())
    bars = [(short(classes[i]), int(counts[i])) for i in few]
    return [*bars, (f"{len(order) - len(few)} others", rest)] if rest else bars


def age_bars(leads: NDArray[Any]) -> Bars:
    """Seeds per range of ages."""
    if not len(leads):
        return []
    unit = next((u for u in ("day", "hour", "minute") if leads.max() >= 10 * wb.duration(f"1 {u}")), "second")
    return _ranges(leads / wb.duration(f"1 {unit}"), f" {unit}s")


def _ranges(values: NDArray[Any], unit: str = "") -> list[tuple[str, int]]:
    counts, ends = np.histogram(values, BINS)
    between = zip(ends, ends[1:], counts, strict=False)
    return [(f"{wb.amount(a)} to {wb.amount(b)}{unit}", int(n)) for a, b, n in between]
