"""Time: instants, what is visible at an anchor, look-back and label windows.

Every instant in Workbench is an int64 count of **microseconds since 1970-01-01 UTC**; negative
counts are earlier. Naive times are read as UTC. Within a type, rows are stored in time order, so
"visible at an anchor" is "id below a cut": :func:`cut` is the only place where the two meet.

The rule, in the words of Kumo, RelBench and PyG, which agree:

* a row is visible at an anchor if ``time <= anchor``; rows of a table without a time column are
  static, always visible; a row without a time in a timed table is never visible;
* a look-back window of length w keeps ``anchor - w < time <= anchor``;
* a label window ``(start, end]`` counts ``anchor + start < time <= anchor + end``.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TypeAlias

import numpy as np

from workbench.errors import AnchorError, explain
from workbench.types import BoolArray, Int64Array, TimeArray

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
"""Units of fixed length, in microseconds. Months are calendar arithmetic and live with the query."""

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
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, float) and value == float("inf"):
        return FOREVER
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    if isinstance(value, str):
        value = _from_iso(value)
    if isinstance(value, (dt.datetime, dt.date, np.datetime64)):
        stamp = np.array(value, "datetime64[us]")
        if not np.isnat(stamp):
            return int(stamp.astype(np.int64))
    raise AnchorError(_not_an_instant(value))


def _from_iso(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise AnchorError(_not_an_instant(text)) from None
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _not_an_instant(value: object) -> str:
    return explain(
        "an instant was asked for",
        f"got {value!r} ({type(value).__name__})",
        "an ISO date or time such as '2010-01-01', a datetime, a numpy.datetime64, "
        "or an int of microseconds since 1970-01-01 UTC",
    )


def duration(value: Duration) -> int:
    """Read a length of time as microseconds: ``'30 days'``, a timedelta, or an int of microseconds."""
    if isinstance(value, dt.timedelta):
        return round(value / dt.timedelta(microseconds=1))
    if isinstance(value, np.timedelta64):
        return int(value.astype("timedelta64[us]").astype(np.int64))
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match:
        unit = match[2].lower().removesuffix("s") + "s"
        if unit in MICROSECONDS:
            return round(float(match[1]) * MICROSECONDS[unit])
    raise AnchorError(
        explain(
            "a length of time was asked for",
            f"got {value!r}",
            f"a number and a unit of {', '.join(MICROSECONDS)}, such as '30 days'; a timedelta; "
            "or an int of microseconds",
        )
    )


def iso(time: int) -> str:
    """Print an instant: ``2010-01-01``, ``2010-01-01 12:30:00`` or ``never`` for :data:`FOREVER`."""
    if time == FOREVER:
        return "never"
    if time == BEGINNING:
        return "the beginning"
    text = str(np.datetime64(time, "us")).replace("T", " ")
    text = text.removesuffix(".000000")
    return text.removesuffix(" 00:00:00")


def visible(time: TimeArray, anchor: TimeArray | int) -> BoolArray:
    """``time <= anchor`` for rows that have a time; the whole rule in one comparison.

    Parameters
    ----------
    time : int64[n]  microseconds; :data:`NO_TIME` where a timed table's row has none
    anchor : int64[n] or int  microseconds
    """
    return np.asarray((time <= anchor) & (time != NO_TIME))


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


def in_label_window(time: TimeArray, anchor: TimeArray | int, start: int, end: int) -> BoolArray:
    """``anchor + start < time <= anchor + end``: left open, right closed."""
    return np.asarray((time > anchor + start) & (time <= anchor + end) & (time != NO_TIME))


def clamp(anchors: TimeArray, until: int | None) -> TimeArray:
    """``min(anchor, until)``: what a seed may see when features are frozen at ``until``."""
    return anchors if until is None else np.minimum(anchors, until).astype(np.int64)
