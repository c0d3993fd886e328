"""Which timestamp of a table is the time of a row, why, and what is doubtful about it.

The time of a row is when it became known. A column named like a later change (``sold_out_at``, ``updated``,
``expires``) of which many rows have no value, or one in the future, says something else: taking it would
hide most rows for ever. Such a table is static, which is said; every other doubt keeps the choice and warns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.ingestion import names
from workbench.ingestion.mends import midnight_mend
from workbench.ingestion.profile import ColumnProfile
from workbench.schema import Column, Stype
from workbench.temporal import MICROSECONDS, NO_TIME
from workbench.types import TimeArray

MANY_ABSENT = 0.05
"""Share of rows without a value from which on a timestamp is hardly the time of a row."""

MANY_AHEAD = 0.5
"""Share of values in the future from which on the same holds."""


@dataclass(frozen=True)
class TimeChoice:
    """Time and end-time column of a table, why the first, and notes on what is doubtful."""

    time: str | None
    end: str | None = None
    why: str = ""
    notes: tuple[str, ...] = ()


def time_columns(
    table: str, columns: Mapping[str, Column], profiles: Mapping[str, ColumnProfile]
) -> TimeChoice:
    """Choose the time and the end-time column of a table.

    Dates of birth are attributes. A column named like an end is the end time if there is another that
    can be the time, and the time if there is none.
    """
    stamps = [name for name, column in columns.items() if column.stype is Stype.TIMESTAMP]
    events = [name for name in stamps if not names.is_birth_like(name)]
    likely = [name for name in events if not (names.is_late_like(name) and against_time(profiles[name]))]
    if not likely:
        return TimeChoice(
            None, notes=(*_unread(table, columns, profiles), *_refused(table, events, profiles))
        )
    time = max(likely, key=lambda name: (names.time_score(table, name), -events.index(name)))
    ends = [name for name in events if name != time and names.is_end_like(name)]
    others = ", ".join(name for name in events if name not in (time, *ends[:1]))
    why = "named most like the moment of a row" if others else "the only timestamp that can be it"
    notes = [
        f"{table}: {time} is taken as the time of a row, not {others}; "
        f"change it with schema.set_time({table!r}, column)"
    ] * bool(others)
    return TimeChoice(time, ends[0] if ends else None, why, (*notes, *_doubts(table, time, profiles[time])))


def midnight_note(named: Sequence[tuple[str, str]]) -> str:
    """Say what times without a clock mean; ``named``: (table, time column)."""
    return (
        f"{', '.join(f'{table}.{column}' for table, column in named)}: every time is midnight (dates without "
        "a clock), so an anchor at 00:00 sees what happens later that day; where rows are known only at its "
        f"end, say {midnight_mend(*named[0]).line}"
    )


def is_days(clock: TimeArray) -> bool:
    """Whether every time of a table, int64[rows] ascending, is midnight; False where there is none."""
    dated = clock[clock != NO_TIME]
    return bool(len(dated)) and not (dated % MICROSECONDS["days"]).any()


def against_time(p: ColumnProfile) -> list[str]:
    """What the values say against a column as the time of a row."""
    absent = (p.rows - p.present) / p.rows if p.rows else 0.0
    signs = [f"{absent:.0%} of its rows have no value, and would never be visible"] * (absent >= MANY_ABSENT)
    return signs + [f"{p.future:.0%} of its values lie in the future"] * (p.future >= MANY_AHEAD)


def _refused(table: str, events: list[str], profiles: Mapping[str, ColumnProfile]) -> list[str]:
    return [
        f"{table}.{name}: not taken as the time of a row: it is named like a later change, and "
        f"{' and '.join(against_time(profiles[name]))}; "
        f"if it is the time, say schema.set_time({table!r}, {name!r})"
        for name in events
    ]


def _doubts(table: str, time: str, p: ColumnProfile) -> list[str]:
    late = ["its name says a later change of the row"] * names.is_late_like(time)
    doubts = " and ".join([*late, *against_time(p)])
    if not doubts:
        return []
    return [
        f"{table}.{time}: taken as the time of a row, but {doubts}; "
        f"choose with schema.set_time({table!r}, column), or None: rows always visible"
    ]


def _unread(table: str, columns: Mapping[str, Column], profiles: Mapping[str, ColumnProfile]) -> list[str]:
    """Texts that are named like a time in a table without one, and are not even dates of another form."""
    return [
        f"{table}.{name}: named like a time, but its texts are no ISO times; if it is one, parse it with "
        f"tables.derive({table!r}, {name!r}, 'strptime(\"{name}\", format)')"
        for name, p in profiles.items()
        if p.is_text and not p.is_dated_text and names.is_clock_like(name)
        if columns[name].stype is not Stype.TIMESTAMP
    ]
