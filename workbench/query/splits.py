"""Splits: anchors whose label windows end before the next split begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workbench.errors import TaskError, explain
from workbench.temporal import MICROSECONDS, Span, iso
from workbench.types import TimeArray


@dataclass(frozen=True)
class Splits:
    """Anchors of the three splits, ascending, int64 microseconds.

    ``val`` and ``test`` are the instants where those splits begin: every label window of a split
    ends at or before the next split's beginning, those of test at or before ``observed_until``.
    """

    train: TimeArray
    val: TimeArray
    test: TimeArray


def windows_end(horizon: tuple[Span, ...], anchors: TimeArray) -> TimeArray:
    """int64[n]: when the last of several label windows that open at an anchor is over."""
    return np.asarray(np.max([span.after_each(anchors) for span in horizon], axis=0))


def known_from(horizon: tuple[Span, ...], anchors: TimeArray) -> TimeArray:
    """int64[n]: when labels are known. Never at their own anchors, also where they look no further."""
    return np.maximum(windows_end(horizon, anchors), anchors + 1)


def split_anchors(
    horizon: tuple[Span, ...],
    every: Span,
    *,
    begin: int,
    val: int,
    test: int,
    observed_until: int,
    train_windows: int | None = None,
    eval_windows: int | None = None,
    ends: Mapping[str, int | None] | None = None,
) -> Splits:
    """Anchors whose label windows do not cross from one split into the next.

    Train anchors go back from ``val`` to ``begin`` in steps of ``every``, so that they fall on the same
    time of day, and count where their windows end by ``val``; val anchors go from ``val`` on while their
    windows end by ``test``; test anchors from ``test`` on while their windows end by ``observed_until``.

    Parameters
    ----------
    horizon : tuple of Span  lengths of the label windows that open at an anchor
    every : Span  from one anchor to the next
    begin, val, test, observed_until : int  microseconds
    train_windows, eval_windows : int or None
        At most so many anchors: the latest for train, the earliest for val and test.
    ends : split name -> instant by which its windows end, where that is earlier than the next split

    Raises
    ------
    TaskError
        If a split would be empty; says which, or that the data are too short for three windows.
    """
    _check_step(every)
    latest = {"train": val, "val": test, "test": observed_until}
    for name, own in (ends or {}).items():
        latest[name] = latest[name] if own is None else min(latest[name], own)
    back = _steps(latest["train"], -every, begin, None)
    train = back[windows_end(horizon, back) <= latest["train"]][:train_windows]
    found = {"train": train[::-1]}
    for name, start in (("val", val), ("test", test)):
        end = latest[name]
        steps = _steps(start, every, end, eval_windows)
        found[name] = steps[windows_end(horizon, steps) <= end]
    for name, anchors in found.items():
        if not len(anchors):
            _check_length(horizon, begin, observed_until)
            raise TaskError(
                explain(
                    f"anchors of the {name} split were asked for",
                    f"no label window of {' or '.join(map(str, horizon))} fits: data begin at {iso(begin)}, "
                    f"val at {iso(val)}, test at {iso(test)}, observed until {iso(observed_until)}",
                    "begin + window <= val, val + window <= test, test + window <= observed_until",
                    "Shorten the window, or set val=, test= or observed_until=",
                )
            )
    return Splits(found["train"], found["val"], found["test"])


def default_boundaries(
    horizon: tuple[Span, ...], every: Span, *, begin: int, observed_until: int, share: float = 0.1
) -> tuple[int, int]:
    """``(val, test)``: each split takes ``share`` of the observed time, at least one window."""
    _check_step(every)
    count = max(1, round(share * (observed_until - begin) / every.approximate))
    back = -(every * (count - 1))
    test = back.after(int(min((-span).after(observed_until) for span in horizon)))
    val = back.after(int(min((-span).after(test) for span in horizon)))
    return val, test


def _check_length(horizon: tuple[Span, ...], begin: int, end: int) -> None:
    need = max(horizon, key=lambda span: span.approximate) * 3
    if need.after(begin) > end:
        days = f"{(end - begin) / MICROSECONDS['days']:,.4g} days, from {iso(begin)} to {iso(end)}"
        got, do = f"the data span {days}; three windows, one per split, need {need}", "Shorten the window"
        raise TaskError(
            explain(f"label windows of {' or '.join(map(str, horizon))} were asked for", got, do=do)
        )


def _check_step(every: Span) -> None:
    if every.approximate <= 0:
        raise TaskError(explain("anchors were asked for", f"one every {every}", "a step of more than 0"))


MAX_ANCHORS = 100_000
"""More anchors in a split than this are a mistake in ``every``."""


def _steps(start: int, step: Span, end: int, most: int | None) -> TimeArray:
    """Anchors from ``start`` in steps to ``end`` (included), at most ``most``."""
    count = max(0, (end - start) // step.approximate + 2) if step.approximate else 0
    count = count if most is None else min(count, most)
    if count > MAX_ANCHORS:
        raise TaskError(
            explain(
                f"anchors every {step} from {iso(start)} to {iso(end)} were asked for",
                f"these are {count:,}",
                f"at most {MAX_ANCHORS:,}",
                "Set every= to a longer step",
            )
        )
    # From the start, not from step to step: a month that was cut short does not shorten the next.
    if step.months:
        steps = np.array([(step * k).after(start) for k in range(count)], np.int64)
    else:
        steps = start + step.microseconds * np.arange(count, dtype=np.int64)
    return steps[(steps >= end) if step.approximate < 0 else (steps <= end)]
