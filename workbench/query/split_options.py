"""SplitOptions: what a user may say about when the splits of a task begin; all of it may be left open."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np

from workbench.errors import TaskError, did_you_mean, explain
from workbench.temporal import Duration, Instant, Span

SplitTime: TypeAlias = "Instant | Span | Duration | tuple[Instant, Instant]"
"""What says when a split begins; a float is a share, an int an instant."""

_LENGTH = re.compile(r"^\s*-?\s*(\d+(?:\.\d+)?\s*[a-zA-Z]+)\s*$")


def is_share(value: Any) -> bool:
    """Whether a number is a share of the whole: a float between 0 and 1."""
    return isinstance(value, (float, np.floating)) and bool(0 < value < 1)


def ending_at(value: Any, end: int, whole: int) -> int | None:
    """When a split begins that is a share or a length of time and ends there; None if it is neither.

    Parameters
    ----------
    value : what ``val=`` and ``test=`` may be
    end : int  microseconds: the beginning of the next split, or the end of the data
    whole : int  microseconds that shares are of
    """
    if is_share(value):
        return int(end - round(value * whole))
    if isinstance(value, str) and (found := _LENGTH.match(value)):
        value = found[1]
    elif not isinstance(value, (Span, dt.timedelta, np.timedelta64)):
        return None
    return (-Span.read(value)).after(end)


@dataclass(frozen=True)
class SplitOptions:
    """The options of ``Task.build``.

    Attributes
    ----------
    val, test : instant, share, length of time, or (begin, end)
        When these splits begin. Default: the last tenth and the tenth before of the observed time.
        ``0.2``: the split takes that share of the observed time; ``"90 days"``: so long. Both lie before
        the next split, or before the end. A pair of instants says when its last window is over, too.
        Of a static query: shares of its entities, drawn at random.
    train : (begin, end)
        Train windows lie in it. Default: from ``begin`` to the beginning of val.
    every : length of time from one anchor to the next; default: the longest window of the target
    train_windows, eval_windows : int  at most so many anchors of train; of val and of test
    until : instant
        Freezes features there, also those of seeds to predict, without touching labels or WHERE.
        Entities that are newer have no features then: they are no seeds.
    observed_until : instant
        Up to when the data are complete. Default: the last row, up to now, of the tables that the
        target looks at (real tables hold scheduled rows).
    begin : instant  no anchor is earlier; default: the first row of those tables
    key : int  of a static query's random splits; another key is another draw. Default: 0
    """

    val: SplitTime | None = None
    test: SplitTime | None = None
    train: tuple[Instant, Instant] | None = None
    every: Span | Duration | None = None
    train_windows: int | None = None
    eval_windows: int | None = None
    until: Instant | None = None
    observed_until: Instant | None = None
    begin: Instant | None = None
    key: int | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> SplitOptions:
        """The options by name.

        Raises
        ------
        TaskError
            If one is unknown, or a count is no whole number of at least 1.
        """
        known = [each.name for each in fields(cls)]
        for name in options:
            if name not in known:
                asked, got = "a task was asked for", f"got {name}="
                raise TaskError(explain(asked, got, ", ".join(known), did_you_mean(name, known)))
        return cls(**options)

    def __post_init__(self) -> None:
        for name in ("train", "val", "test"):
            value = getattr(self, name)
            if isinstance(value, (list, tuple)) and len(value) != 2:
                raise TaskError(explain(f"{name}= was set", f"got {value!r}", "a pair: (begin, end)"))
        if self.train is not None and not isinstance(self.train, (list, tuple)):
            raise TaskError(explain("train= was set", f"got {self.train!r}", "a pair: (begin, end)"))
        if self.train is not None and self.begin is not None:
            do = "Take train=(begin, end) alone"
            raise TaskError(explain("train= was set", "begin= was set, too", do=do))
        if self.key is not None and not (isinstance(self.key, int) and not isinstance(self.key, bool)):
            raise TaskError(explain("key= was set", f"got {self.key!r}", "a whole number"))
        for name in ("train_windows", "eval_windows"):
            value = getattr(self, name)
            whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            if value is not None and not (whole and value >= 1):
                allowed = "None or a whole number of at least 1"
                raise TaskError(explain(f"{name}= was set", f"got {value!r}", allowed))
