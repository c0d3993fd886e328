"""Instants that a user sets: in the calendar, and near the data; a wrong unit is named."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from workbench.errors import TaskError, explain
from workbench.stores.units import in_other_units
from workbench.temporal import Instant, instant, iso


@dataclass(frozen=True)
class Observed:
    """The time that a task's tables cover.

    Attributes
    ----------
    first, last : int  microseconds
    slack : int  microseconds outside that are still plausible
    """

    first: int
    last: int
    slack: int

    @classmethod
    def of(cls, first: int, last: int, window: int) -> Observed:
        """Up to a label window outside is near, and up to a tenth of the data's length."""
        return cls(first, last, max(window, (last - first) // 10))

    def __str__(self) -> str:
        return f"{iso(self.first)} .. {iso(self.last)}"

    def far(self, time: int, slack: int | None = None) -> bool:
        """Whether an instant lies outside by more than the slack."""
        near = self.slack if slack is None else slack
        return not self.first - near <= time <= self.last + near


def moment(name: str, value: Instant, observed: Observed | None = None) -> int:
    """Read an instant of the calendar: windows are added to it, so it has to be finite.

    Parameters
    ----------
    name : str  of the option
    value : instant
    observed : Observed, optional
        What the data cover. An instant far outside is warned of; an int that another unit would bring
        there is refused.

    Raises
    ------
    AnchorError
        If it is no instant.
    TaskError
        If it is outside the years 1 to 9999, or certainly of another unit.
    """
    time = instant(value)
    if observed is not None and isinstance(value, (int, np.integer)):
        _check_unit(name, int(value), observed)
    if not instant("0001-01-01") <= time <= instant("9999-12-31"):
        allowed = "an instant in the years 1 to 9999; an int counts microseconds since 1970-01-01"
        raise TaskError(explain(f"{name}= was set", f"got {value!r}", allowed))
    if observed is not None and observed.far(time):
        got = f"{iso(time)} is far outside {observed}, the times that the task's tables cover"
        warnings.warn(explain(f"{name}= was set", got, do="Check the year"), stacklevel=3)
    return time


def _check_unit(name: str, value: int, observed: Observed) -> None:
    """Refuse an int that is far outside as microseconds, and near the data in another unit."""
    length = observed.last - observed.first
    if not observed.far(value, max(observed.slack, length)):
        return
    for unit, time, factor in in_other_units(value):
        if not observed.far(time, max(observed.slack, length)):
            raise TaskError(
                explain(
                    f"{name}= was set",
                    f"got {value}; as {unit} this is {iso(time)}, near the data ({observed})",
                    "an int counts microseconds since 1970-01-01",
                    f"Write {name}={value} {factor}, or {name}={iso(time)!r}",
                )
            )
