"""When the splits of a task begin: what the user set, and defaults from the tables that labels look at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.errors import TaskError, explain
from workbench.query.expressions import instant_sql
from workbench.query.moments import Observed, moment
from workbench.query.resolved import ResolvedQuery, Source
from workbench.query.split_options import SplitOptions, ending_at
from workbench.query.splits import Splits, default_boundaries, split_anchors
from workbench.stores.sql import quote_name
from workbench.temporal import Span, iso


@dataclass(frozen=True)
class Boundaries:
    """Everything that places anchors, with no default left open.

    Attributes
    ----------
    begin, val, test, observed_until : int  microseconds
    every : Span  from one anchor to the next
    until : int or None  features are frozen there
    train_windows, eval_windows : int or None  at most so many anchors of train; of val and of test
    train_end, val_end, test_end : int or None
        The windows of a split end there. None: where the next split begins, or the data end.
    """

    begin: int
    val: int
    test: int
    observed_until: int
    every: Span
    until: int | None = None
    train_windows: int | None = None
    eval_windows: int | None = None
    train_end: int | None = None
    val_end: int | None = None
    test_end: int | None = None

    @classmethod
    def options(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a task that has these boundaries, from its fields as plain values."""
        found = {**data, "every": Span(**data["every"])}
        train_end = found.pop("train_end", None)
        if train_end is not None:
            found["train"] = (found.pop("begin"), train_end)
        for name in ("val", "test"):
            end = found.pop(f"{name}_end", None)
            found[name] = found[name] if end is None else (found[name], end)
        return found

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
            ends={"train": self.train_end, "val": self.val_end, "test": self.test_end},
        )


def place(con: Any, query: ResolvedQuery, options: SplitOptions) -> Boundaries:
    """Fill in what the user left open; see :class:`SplitOptions` for the defaults.

    Raises
    ------
    AnchorError
        If a value is no instant or no length of time.
    TaskError
        If one lies outside the calendar or is of another unit, or the tables have no times to take a
        default from.
    """
    longest = max(query.horizon, key=lambda s: s.approximate)
    observed = _covered(con, query, longest.approximate)

    def read(name: str) -> int | None:
        value = getattr(options, name)
        return None if value is None else moment(name, value, observed)

    train = [moment("train", time, observed) for time in options.train or ()]
    first, last = train[0] if train else read("begin"), read("observed_until")
    if first is None or last is None:
        oldest, newest = _known(con, query, last)
        first, last = oldest if first is None else first, newest if last is None else last
    step = longest if options.every is None else Span.read(options.every)
    ends = default_boundaries(query.horizon, step, begin=first, observed_until=last)
    test, test_end = _begins("test", options.test, (first, last), last, ends[1], observed)
    val, val_end = _begins("val", options.val, (first, last), test, ends[0], observed)
    return Boundaries(
        begin=first,
        val=val,
        test=test,
        observed_until=last,
        every=step,
        until=read("until"),
        train_windows=options.train_windows and int(options.train_windows),
        eval_windows=options.eval_windows and int(options.eval_windows),
        train_end=train[1] if train else None,
        val_end=val_end,
        test_end=test_end,
    )


def _begins(
    name: str, value: Any, data: tuple[int, int], before: int, default: int, observed: Observed | None
) -> tuple[int, int | None]:
    """When a split begins, and where its windows end if a pair says so; ``before`` is what follows it."""
    if value is None:
        return default, None
    if isinstance(value, (list, tuple)):
        begin, end = (moment(name, time, observed) for time in value)
        return begin, end
    found = ending_at(value, before, data[1] - data[0])
    return (moment(name, value, observed) if found is None else found), None


def _span(con: Any, source: Source, limit: int | None = None) -> tuple[int, int] | None:
    """First and last time of the aggregated table, up to a limit; None if no row has one."""
    if source.time is None:  # no window, so nothing that has to be observed
        return None
    time, table = f"f.{quote_name(source.time)}", quote_name(source.table)
    where = "" if limit is None else f"WHERE {time} <= {instant_sql(limit)}"
    first, last = con.execute(
        f"SELECT epoch_us(min({time})), epoch_us(max({time})) FROM {table} AS f {where}"
    ).fetchone()
    return None if first is None else (first, last)


def _covered(con: Any, query: ResolvedQuery, window: int) -> Observed | None:
    """All times of the tables that labels look at, scheduled ones too; None if there are none."""
    spans = [span for source in query.forward if (span := _span(con, source))]
    return Observed.of(min(spans)[0], max(last for _, last in spans), window) if spans else None


def _known(con: Any, query: ResolvedQuery, end: int | None) -> tuple[int, int]:
    """First and last time, up to now, of the tables that labels look at: later rows are only scheduled.

    Of several tables the earliest end counts: a label is known only where all of them are.
    """
    limit = int(dt.datetime.now(dt.UTC).timestamp() * 1e6) if end is None else end
    spans = []
    for source in query.forward:
        span = _span(con, source, limit)
        if span is None:
            raise TaskError(
                explain(
                    f"labels from table {source.table!r} were asked for",
                    f"none of its rows has a {source.time} up to {iso(limit)}",
                    do="Ingest a table with such rows, or set observed_until= if the data lie in the future",
                )
            )
        spans.append(span)
    return min(first for first, _ in spans), min(last for _, last in spans)
