"""SplitOptions: what a user may say about when the splits of a task begin; all of it may be left open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from workbench.errors import TaskError, did_you_mean, explain
from workbench.temporal import Duration, Instant, Span


@dataclass(frozen=True)
class SplitOptions:
    """The options of ``Task.build``.

    Attributes
    ----------
    val, test : instant
        Where these splits begin. Default: the last tenth and the tenth before of the observed time.
    every : length of time from one anchor to the next; default: the longest window of the target
    train_windows, eval_windows : int  at most so many anchors of train; of val and of test
    until : instant
        Freezes features there, also those of seeds to predict, without touching labels or WHERE.
        Entities that are newer have no features then: they are no seeds.
    observed_until : instant
        Up to when the data are complete. Default: the last row, up to now, of the tables that the
        target looks at (real tables hold scheduled rows).
    begin : instant  no anchor is earlier; default: the first row of those tables
    """

    val: Instant | None = None
    test: Instant | None = None
    every: Span | Duration | None = None
    train_windows: int | None = None
    eval_windows: int | None = None
    until: Instant | None = None
    observed_until: Instant | None = None
    begin: Instant | None = None

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
        for name in ("train_windows", "eval_windows"):
            value = getattr(self, name)
            whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            if value is not None and not (whole and value >= 1):
                allowed = "None or a whole number of at least 1"
                raise TaskError(explain(f"{name}= was set", f"got {value!r}", allowed))
