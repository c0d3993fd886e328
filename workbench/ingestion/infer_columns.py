"""From the profile of a column to its semantic type; from those of a table to its time columns."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workbench.ingestion import names
from workbench.ingestion.profile import ColumnProfile
from workbench.schema import Column, Stype

MOST_CODES = 10_000
"""A text column with more distinct values than this is no category."""

_FEW = 20
_TEXT_NAMES = {
    "name",
    "title",
    "description",
    "text",
    "comment",
    "review",
    "body",
    "subject",
    "summary",
    "note",
}
_EPOCHS = ((1e8, 5e9), (1e11, 5e12), (1e14, 5e15), (1e17, 5e18))
"""Counts since 1970 from 1973 to 2128: seconds, milliseconds, microseconds, nanoseconds."""


def column_of(profile: ColumnProfile, table: str, *, mixed: bool = False) -> Column:
    """Type one column that is no key."""
    stype, note = _typed(profile, table, mixed)
    return Column(profile.name, stype, profile.kind, note)


def _typed(p: ColumnProfile, table: str, mixed: bool) -> tuple[Stype, str]:
    if p.rows and not p.present:
        return Stype.SET_ASIDE, "every value is null"
    if mixed:
        return Stype.SET_ASIDE, "mixed types: numbers and texts in one column; cast it with tables.derive"
    if p.is_instant:
        return Stype.TIMESTAMP, ""
    if p.present == p.rows > 1 and p.distinct == 1:
        return Stype.SET_ASIDE, "every value is the same"
    if p.is_text:
        return _typed_text(p, table)
    if p.is_number:
        return _typed_number(p)
    if p.kind == "BOOLEAN":
        return Stype.CATEGORICAL, ""
    if re.fullmatch(r"(FLOAT|DOUBLE|\w*INT\w*|DECIMAL\(.*\))\[\d*\]", p.kind):
        return Stype.EMBEDDING, ""
    if p.kind in ("UUID", "TIME"):
        return Stype.ID, ""
    return Stype.SET_ASIDE, f"values of type {p.kind} have no encoder"


def _typed_number(p: ColumnProfile) -> tuple[Stype, str]:
    if is_epoch(p):
        return Stype.TIMESTAMP, "integers that count since 1970"
    if not (p.whole and names.is_id_like(p.name)) or names.words(p.name)[-1] in ("number", "num", "no"):
        return Stype.NUMERICAL, ""
    # An id of something that is no table here: a category if values repeat, otherwise only an id.
    return (Stype.CATEGORICAL, "") if p.distinct <= 1000 and p.variety <= 0.2 else (Stype.ID, "")


def _typed_text(p: ColumnProfile, table: str) -> tuple[Stype, str]:
    code_like = names.is_id_like(p.name) or names.words(p.name)[-1:] == ["zip"]
    if p.numeric >= 0.9 and not code_like:
        odd = round((1 - p.numeric) * p.present)
        but = f", but {odd:,} of {p.present:,} are none" if odd else ""
        cast = f"tables.derive({table!r}, {p.name!r}, 'TRY_CAST(\"{p.name}\" AS DOUBLE)')"
        return Stype.SET_ASIDE, f"numbers as text{but}; cast it with {cast} before infer_schema"
    if p.dated >= 0.99:
        return Stype.TIMESTAMP, "ISO times as text"
    few = p.distinct <= _FEW and p.variety < 0.9
    if p.words >= 3 and p.distinct > _FEW:
        return Stype.TEXT, ""
    if few or (p.variety <= 0.2 and p.distinct <= MOST_CODES):
        return Stype.CATEGORICAL, ""
    if not code_like and (p.words >= 1.5 or _TEXT_NAMES & set(names.words(p.name))):
        return Stype.TEXT, ""
    if p.variety <= 0.6 and p.distinct <= MOST_CODES and not code_like:
        return Stype.CATEGORICAL, ""
    return Stype.ID, ""


def is_epoch(p: ColumnProfile) -> bool:
    """Whether integers of a time-like name plausibly count seconds (or parts of them) since 1970."""
    if not p.whole or p.low is None or p.high is None or not names.is_time_like(p.name):
        return False
    return any(low <= p.low and p.high <= high for low, high in _EPOCHS)


def time_columns(
    table: str, columns: Mapping[str, Column], profiles: Mapping[str, ColumnProfile]
) -> tuple[str | None, str | None, list[str]]:
    """The time and the end-time column of a table, and notes.

    Dates of birth are attributes. A column named like an end is the end time if there is another that
    can be the time, and the time if there is none.
    """
    stamps = [name for name, column in columns.items() if column.stype is Stype.TIMESTAMP]
    events = [name for name in stamps if not names.is_birth_like(name)]
    notes = [
        f"{table}.{name}: named like a time, but its texts are no ISO times; if it is one, parse it with "
        f"tables.derive({table!r}, {name!r}, 'strptime(\"{name}\", format)')"
        for name, p in profiles.items()
        if not events and p.is_text and _looks_like_clock(name) and columns[name].stype is not Stype.TIMESTAMP
    ]
    if not events:
        return None, None, notes
    time = max(events, key=lambda name: (names.time_score(table, name), -events.index(name)))
    ends = [name for name in events if name != time and names.is_end_like(name)]
    if len(events) > 1:
        others = ", ".join(name for name in events if name not in (time, *ends[:1]))
        if others:
            notes.append(
                f"{table}: {time} is taken as the time of a row, not {others}; "
                f"change it with schema.set_time({table!r}, column)"
            )
    return time, (ends[0] if ends else None), notes


def _looks_like_clock(name: str) -> bool:
    parts = names.words(name)
    return parts[-1:] in (["date"], ["timestamp"], ["datetime"]) or parts[-2:] == ["created", "at"]
