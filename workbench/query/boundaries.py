"""When the splits of a task begin: what the user set, and defaults from the tables that labels look at."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from workbench.errors import TaskError, explain
from workbench.query.expressions import instant_sql
from workbench.query.resolve import ResolvedQuery
from workbench.stores.sql import quote_name
from workbench.temporal import (
    Duration,
    Instant,
    Span,
    Splits,
    default_boundaries,
    instant,
    iso,
    split_anchors,
)


@dataclass(frozen=True)
class Boundaries:
    """Everything that places anchors, with no default left open.

    Attributes
    ----------
    begin, val, test, observed_until : int  microseconds
    every : Span  from one anchor to the next
    until : int or None  features are frozen there
    train_windows, eval_windows : int or None  at most so many anchors of train; of val and of test
    """

    begin: int
    val: int
    test: int
    observed_until: int
    every: Span
    until: int | None = None
    train_windows: int | None = None
    eval_windows: int | None = None

    def anchors(self, horizon: tuple[Span, ...]) -> Splits:
        """The anchors of the three splits.

        Raises
        ------
        TaskError
            If a split would be empty.
        """
        return split_anchors(
            horizon,
            self.every,
            begin=self.begin,
            val=self.val,
            test=self.test,
            observed_until=self.observed_until,
            train_windows=self.train_windows,
            eval_windows=self.eval_windows,
        )


def place(
    con: Any,
    query: ResolvedQuery,
    *,
    val: Instant | None = None,
    test: Instant | None = None,
    every: Span | Duration | None = None,
    train_windows: int | None = None,
    eval_windows: int | None = None,
    until: Instant | None = None,
    observed_until: Instant | None = None,
    begin: Instant | None = None,
) -> Boundaries:
    """Fill in what the user left open; see ``Task.build`` for the defaults.

    Raises
    ------
    AnchorError
        If a value is no instant or no length of time.
    TaskError
        If one lies outside the calendar, or the tables have no times to take a default from.
    """
    first = None if begin is None else moment("begin", begin)
    last = None if observed_until is None else moment("observed_until", observed_until)
    if first is None or last is None:
        oldest, newest = _observed(con, query, last)
        first, last = oldest if first is None else first, newest if last is None else last
    step = max(query.horizon, key=lambda s: s.approximate) if every is None else Span.read(every)
    ends = default_boundaries(query.horizon, step, begin=first, observed_until=last)
    return Boundaries(
        begin=first,
        val=ends[0] if val is None else moment("val", val),
        test=ends[1] if test is None else moment("test", test),
        observed_until=last,
        every=step,
        until=None if until is None else moment("until", until),
        train_windows=_count("train_windows", train_windows),
        eval_windows=_count("eval_windows", eval_windows),
    )


def moment(name: str, value: Instant) -> int:
    """Read an instant of the calendar: windows are added to it, so it has to be finite.

    Raises
    ------
    AnchorError
        If it is no instant.
    TaskError
        If it is outside the years 1 to 9999.
    """
    time = instant(value)
    if not instant("0001-01-01") <= time <= instant("9999-12-31"):
        raise TaskError(
            explain(
                f"{name}= was set",
                f"got {value!r}",
                "an instant in the years 1 to 9999; an int counts microseconds since 1970-01-01",
            )
        )
    return time


def _count(name: str, value: int | None) -> int | None:
    if value is not None and (isinstance(value, bool) or int(value) != value or value < 1):
        raise TaskError(explain(f"{name}= was set", f"got {value!r}", "None or a whole number of at least 1"))
    return None if value is None else int(value)


def _observed(con: Any, query: ResolvedQuery, end: int | None) -> tuple[int, int]:
    """First and last time, up to now, of the tables that labels look at: later rows are only scheduled.

    Of several tables the earliest end counts: a label is known only where all of them are.
    """
    limit = int(dt.datetime.now(dt.UTC).timestamp() * 1e6) if end is None else end
    spans = []
    for source in query.forward:
        time, table = f"f.{quote_name(source.time)}", quote_name(source.table)
        first, last = con.execute(
            f"SELECT epoch_us(min({time})), epoch_us(max({time})) FROM {table} AS f "
            f"WHERE {time} <= {instant_sql(limit)}"
        ).fetchone()
        if first is None:
            raise TaskError(
                explain(
                    f"labels from table {source.table!r} were asked for",
                    f"none of its rows has a {source.time} up to {iso(limit)}",
                    do="Ingest a table with such rows, or set observed_until= if the data lie in the future",
                )
            )
        spans.append((first, last))
    return min(first for first, _ in spans), min(last for _, last in spans)
