"""Time: instants, what is visible at an anchor, look-back and label windows.

Every instant in Workbench is an int64 count of **microseconds since 1970-01-01 UTC**; negative
counts are earlier. Naive times are read as UTC. Within a type, rows are stored in time order, so
"visible at an anchor" is "id below a cut": :func:`cut` is the only place where the two meet.

The rule, in the words of Kumo, RelBench and PyG, which agree:

* a row is visible at an anchor if ``time <= anchor < end``; rows of a table without a time column are
  static, always visible; a row without a time in a timed table is never visible; a row without an end
  in a table with end times does not end;
* a look-back window of length w keeps ``anchor - w < time <= anchor``;
* a label window ``(start, end]`` counts ``anchor + start < time <= anchor + end``.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from workbench.errors import AnchorError, explain
from workbench.types import AnyArray, BoolArray, Int64Array, TimeArray

FOREVER: int = int(np.iinfo(np.int64).max)
"""The anchor of a static task: later than every instant."""

BEGINNING: int = int(np.iinfo(np.int64).min)
"""Earlier than every instant: the lower bound of an open look-back window."""

NO_TIME: int = FOREVER
"""What a row without a time carries in a timed table; such rows are stored last and never cut in."""

MICROSECONDS: dict[str, int] = {
    "microseconds": 1,
    "milliseconds": 1_000,
    "seconds": 1_000_000,
    "minutes": 60_000_000,
    "hours": 3_600_000_000,
    "days": 86_400_000_000,
    "weeks": 7 * 86_400_000_000,
}
"""Units of fixed length, in microseconds. Months are calendar arithmetic: see :class:`Span`."""

LONGEST: int = 10_000 * 366 * MICROSECONDS["days"]
"""No length of time is longer, so that none leaves the range of int64 where it is added to an instant."""

Instant: TypeAlias = "int | float | str | dt.datetime | dt.date | np.datetime64"
Duration: TypeAlias = "int | str | dt.timedelta | np.timedelta64"

_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*$")


def instant(value: Instant) -> int:
    """Read one instant as microseconds since 1970-01-01 UTC.

    Parameters
    ----------
    value : int (taken as microseconds), +inf, ISO string, datetime, date or numpy.datetime64

    Raises
    ------
    AnchorError
        If the value is not an instant.
    """
    if isinstance(value, (bool, np.bool_)):
        raise AnchorError(_not_an_instant(value))
    if isinstance(value, (int, np.integer)) and BEGINNING <= int(value) <= FOREVER:
        return int(value)
    if isinstance(value, float) and value == float("inf"):
        return FOREVER
    moment = _from_iso(value) if isinstance(value, str) else value
    if isinstance(moment, dt.datetime) and moment.tzinfo is not None:
        moment = _in_utc(moment)
    if isinstance(moment, (dt.datetime, dt.date, np.datetime64)):
        return int(instants(np.array(moment, "datetime64"))[()])
    raise AnchorError(_not_an_instant(value))


def instants(stamps: AnyArray) -> TimeArray:
    """Instants of a numpy array of datetimes, of any unit.

    Parameters
    ----------
    stamps : datetime64[...]  in UTC; what is finer than a microsecond is cut off towards the past

    Returns
    -------
    int64[...]

    Raises
    ------
    AnchorError
        If one is missing (NaT), or beyond the 292,000 years that microseconds can count.
    """
    found = stamps.astype("datetime64[us]")
    # a count that leaves int64 wraps around to another year, and NaT equals nothing
    lost = found.astype("datetime64[Y]") != stamps.astype("datetime64[Y]")
    if np.any(lost):
        raise AnchorError(_not_an_instant(stamps[lost].flat[0]))
    return np.asarray(found.astype(np.int64))


def as_instants(values: AnyArray | Instant) -> AnyArray:
    """One instant or an array of them: of integers where they are instants, else as it is.

    Raises
    ------
    AnchorError
        If a text or a date is no instant, or beyond what microseconds can count.
    """
    if isinstance(values, (str, dt.date)):
        return np.asarray(instant(values))
    stamps = np.asarray(values)
    return instants(stamps) if stamps.dtype.kind == "M" else stamps


def _from_iso(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise AnchorError(_not_an_instant(text)) from None


def _in_utc(moment: dt.datetime) -> dt.datetime:
    try:
        return moment.astimezone(dt.UTC).replace(tzinfo=None)
    except OverflowError:  # year 1 or 9999 moved over the edge by its zone
        raise AnchorError(_not_an_instant(moment)) from None


def _not_an_instant(value: object) -> str:
    return explain(
        "an instant was asked for",
        f"got {value!r} ({type(value).__name__})",
        "an ISO date or time such as '2010-01-01', a datetime, a numpy.datetime64, "
        "or an int of microseconds since 1970-01-01 UTC",
    )


def duration(value: Duration) -> int:
    """Read a length of time as microseconds: ``'30 days'``, a timedelta, or an int of microseconds.

    Raises
    ------
    AnchorError
        If it is none of these, or longer than 10,000 years.
    """
    length: float | None = None
    match = _DURATION.match(value) if isinstance(value, str) else None
    unit = match[2].lower().removesuffix("s") + "s" if match else ""
    if isinstance(value, dt.timedelta):
        length = value / dt.timedelta(microseconds=1)
    elif isinstance(value, np.timedelta64):
        counted = value.astype("timedelta64[us]")
        if counted.astype("timedelta64[W]") == value.astype(
            "timedelta64[W]"
        ):  # nothing wrapped; NaT never is
            length = int(counted.astype(np.int64))
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        length = int(value)
    elif match and unit in MICROSECONDS:
        length = float(match[1]) * MICROSECONDS[unit]
    if length is not None and abs(length) <= LONGEST:
        return round(length)
    raise AnchorError(
        explain(
            "a length of time was asked for",
            f"got {value!r}",
            f"a number and a unit of {', '.join(MICROSECONDS)}, such as '30 days'; a timedelta; "
            "or an int of microseconds; at most 10,000 years",
        )
    )


def iso(time: int) -> str:
    """Print an instant: ``2010-01-01``, ``2010-01-01 12:30:00`` or ``never`` for :data:`FOREVER`."""
    if time == FOREVER:
        return "never"
    if time == BEGINNING:
        return "the beginning"
    text = str(np.datetime64(int(time), "us")).replace("T", " ")
    text = text.removesuffix(".000000")
    return text.removesuffix(" 00:00:00")


def visible(time: TimeArray | int, anchor: TimeArray | int, end: TimeArray | int = NO_TIME) -> BoolArray:
    """``time <= anchor < end`` for rows that have a time; the whole rule in one comparison.

    Parameters
    ----------
    time, end : int64[n] or int  microseconds; :data:`NO_TIME` where a row has none
    anchor : int64[n] or int  microseconds
    """
    return np.asarray((time <= anchor) & (time != NO_TIME) & ((anchor < end) | (end == NO_TIME)))


def just_before(anchors: TimeArray) -> TimeArray:
    """What ``strict`` plans see: the last instant before each anchor; :data:`FOREVER` stays."""
    return np.where(anchors == FOREVER, FOREVER, np.maximum(anchors, BEGINNING + 1) - 1)


def cut(sorted_time: TimeArray, anchors: TimeArray) -> Int64Array:
    """Count the rows that are visible at each anchor: row ids below the cut are the visible ones.

    Parameters
    ----------
    sorted_time : int64[rows]  ascending; :data:`NO_TIME` rows last
    anchors : int64[n]

    Returns
    -------
    int64[n]
    """
    found = np.searchsorted(sorted_time, anchors, side="right").astype(np.int64)
    if len(sorted_time) and sorted_time[-1] == NO_TIME:
        dated = np.searchsorted(sorted_time, NO_TIME, side="left")
        found = np.minimum(found, dated)
    return found


def lookback(anchors: TimeArray, window: int) -> TimeArray:
    """Give the excluded lower end of ``(anchor - window, anchor]``, saturating at the beginning of time.

    An anchor of :data:`FOREVER` (a static task) has no look-back: everything is inside.
    """
    safe = np.maximum(anchors, BEGINNING + window)
    return np.where(anchors == FOREVER, BEGINNING, safe - window).astype(np.int64)


def clamp(anchors: TimeArray, until: int | None) -> TimeArray:
    """``min(anchor, until)``: what a seed may see when features are frozen at ``until``."""
    return anchors if until is None else np.minimum(anchors, until).astype(np.int64)


@dataclass(frozen=True)
class Span:
    """A length of time: microseconds, plus calendar months (which have no fixed length).

    Months keep the day of the month and the time of day; a day that the month does not have
    becomes its last one, as in SQL: one month after January 31 is February 28 or 29.
    """

    microseconds: int = 0
    months: int = 0

    @classmethod
    def of(cls, amount: float, unit: str) -> Span:
        """``amount`` units; months and years are calendar arithmetic and take whole numbers.

        Raises
        ------
        AnchorError
            If the unit is unknown, or the amount is no whole number of months or microseconds.
        """
        calendar = {"months": 1, "years": 12}.get(unit)
        if calendar is not None and amount == int(amount):
            return cls(months=int(amount) * calendar)
        if calendar is None and unit in MICROSECONDS and math.isfinite(amount):
            return cls(round(amount * MICROSECONDS[unit]))
        raise AnchorError(
            explain(
                "a length of time was asked for",
                f"got {amount:g} {unit}",
                f"a number of {', '.join(MICROSECONDS)}, or a whole number of months or years",
            )
        )

    @classmethod
    def read(cls, value: Span | Duration) -> Span:
        """A span, ``'3 months'``, ``'30 days'``, a timedelta, or an int of microseconds."""
        if isinstance(value, Span):
            return value
        match = _DURATION.match(value) if isinstance(value, str) else None
        unit = match[2].lower().removesuffix("s") + "s" if match else ""
        if match and unit in ("months", "years"):
            return cls.of(float(match[1]), unit)
        return cls(duration(value))

    def __add__(self, other: Span) -> Span:
        return Span(self.microseconds + other.microseconds, self.months + other.months)

    def __mul__(self, times: int) -> Span:
        return Span(self.microseconds * times, self.months * times)

    def __neg__(self) -> Span:
        return self * -1

    @property
    def approximate(self) -> int:
        """Microseconds, a month counted as 30.44 days: for comparing lengths only."""
        return self.microseconds + self.months * 2_629_800_000_000

    def after(self, anchor: int) -> int:
        """The instant one span later (earlier if the span is negative)."""
        return int(self.after_each(np.array([anchor], np.int64))[0])

    def after_each(self, anchors: TimeArray) -> TimeArray:
        """int64[n]: each anchor plus the span."""
        if self.months:
            stamps = anchors.astype("datetime64[us]")
            month = stamps.astype("datetime64[M]")
            into = stamps - month.astype("datetime64[us]")
            day = into.astype("timedelta64[D]")
            target = month + self.months
            days = (target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")
            kept = np.minimum(day, days - np.timedelta64(1, "D"))
            moved = target.astype("datetime64[us]") + kept + (into - day)
            anchors = moved.astype(np.int64)
        return np.asarray(anchors + self.microseconds)

    def __str__(self) -> str:
        parts = [f"{self.months} month{'s' * (abs(self.months) != 1)}"] if self.months else []
        if self.microseconds or not parts:
            parts.append(_fixed_length(self.microseconds))
        return " and ".join(parts)


def _fixed_length(microseconds: int) -> str:
    for unit in ("days", "hours", "minutes", "seconds", "milliseconds", "microseconds"):
        if microseconds % MICROSECONDS[unit] == 0:
            break
    count = microseconds // MICROSECONDS[unit]
    return f"{count} {unit.removesuffix('s') if abs(count) == 1 else unit}"
