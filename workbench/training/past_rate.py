"""An entity's own past: the mean of its earlier labels whose windows were over by the anchor.

No model is honest that cannot beat it. Labels are shrunk towards the mean of all labels known by then,
and older ones may count less; how much of either is chosen on the validation seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from workbench.types import AnyArray, Int64Array, TimeArray

SHRINKS = (0.5, 2.0, 8.0, 32.0)
"""Labels' worth of weight that the common mean has."""

HALF_LIVES = (None, 3, 10, 30)
"""Windows after which a label counts half; None: never."""


@dataclass(frozen=True)
class Known:
    """Labels and when they became known.

    Attributes
    ----------
    entity : int64[n]
    end : int64[n]  microseconds: the label's window is over
    label : float64[n]
    """

    entity: Int64Array
    end: TimeArray
    label: AnyArray


@dataclass(frozen=True)
class Setting:
    """How past labels are weighed."""

    shrink: float
    half_life: int | None

    def __str__(self) -> str:
        decay = "no decay" if self.half_life is None else f"half-life {self.half_life} windows"
        return f"shrunk by {self.shrink:g} labels, {decay}"


def settings() -> list[Setting]:
    """Everything that is tried."""
    return [Setting(shrink, half) for shrink, half in product(SHRINKS, HALF_LIVES)]


def past_rates(
    known: Known, entity: Int64Array, anchor: TimeArray, window: int, tried: Sequence[Setting], prior: float
) -> list[AnyArray]:
    """Predictions of each setting.

    Parameters
    ----------
    known : Known
    entity, anchor : int64[m]  for whom, and what they may know: windows with ``end <= anchor``
    window : int  length of a window, the unit of half-lives
    prior : float  what is said before any label is known

    Returns
    -------
    list of float64[m]
    """
    everyone = np.zeros_like(known.entity)
    found: dict[Setting, AnyArray] = {}
    for half_life in dict.fromkeys(setting.half_life for setting in tried):
        total, count = _sums(known.entity, known, entity, anchor, window, half_life)
        all_total, all_count = _sums(everyone, known, np.zeros_like(entity), anchor, window, half_life)
        # The common mean is itself shrunk, by one label, towards what the training labels said.
        common = (all_total + prior) / (all_count + 1.0)
        for setting in tried:
            if setting.half_life == half_life:
                found[setting] = (total + setting.shrink * common) / (count + setting.shrink)
    return [found[setting] for setting in tried]


def _sums(
    group: Int64Array,
    known: Known,
    wanted: Int64Array,
    anchor: TimeArray,
    window: int,
    half_life: int | None,
) -> tuple[AnyArray, AnyArray]:
    """Weighted sum and count of the labels of a group that ended by an anchor, by prefix sums."""
    order = np.lexsort((known.end, group))
    groups, ends, labels = group[order], known.end[order], known.label[order]
    first = int(ends.min()) if len(ends) else 0
    rate = 0.0 if half_life is None else np.log(2.0) / (half_life * window)
    # Weights are relative to the first end and scaled back at the anchor; beyond 600 e-folds they would
    # overflow, and labels that old no longer count anyway.
    rate = min(rate, 600.0 / max(int(ends.max()) - first, 1)) if len(ends) else 0.0
    weights = np.exp(rate * (ends - first))
    sums = np.concatenate([[0.0], np.cumsum(weights * labels)])
    counts = np.concatenate([[0.0], np.cumsum(weights)])
    begin = np.searchsorted(groups, wanted, side="left")
    stop = _last_known(groups, ends, wanted, anchor)
    back = np.exp(-rate * np.maximum(anchor - first, 0))
    return (sums[stop] - sums[begin]) * back, (counts[stop] - counts[begin]) * back


def _last_known(groups: Int64Array, ends: TimeArray, wanted: Int64Array, anchor: TimeArray) -> Int64Array:
    """int64[m]: position behind the last row of ``wanted`` with ``end <= anchor``, by one sorted merge."""
    times = np.unique(ends)
    rank = np.searchsorted(times, ends)
    wanted_rank = np.searchsorted(times, anchor, side="right")
    width = len(times) + 1
    return np.searchsorted(groups * width + rank, wanted * width + wanted_rank, side="left")
