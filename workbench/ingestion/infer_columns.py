"""From the profile of a column to its semantic type."""

from __future__ import annotations

import re

from workbench.ingestion import names
from workbench.ingestion.mends import date_mends, number_mend
from workbench.ingestion.profile import ALL_DATED, ColumnProfile
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


NUMBERS = "numbers as text"
"""How the note of a column of such texts begins."""


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
        return _typed_number(p, table)
    if p.kind == "BOOLEAN":
        return Stype.CATEGORICAL, ""
    if re.fullmatch(r"(FLOAT|DOUBLE|\w*INT\w*|DECIMAL\(.*\))\[\d*\]", p.kind):
        return Stype.EMBEDDING, ""
    if p.kind == "VARCHAR[]":
        return Stype.MULTICATEGORICAL, ""
    if p.kind in ("UUID", "TIME"):
        return Stype.ID, ""
    return Stype.SET_ASIDE, f"values of type {p.kind} have no encoder"


def _typed_number(p: ColumnProfile, table: str) -> tuple[Stype, str]:
    if is_epoch(p):
        return Stype.TIMESTAMP, "integers that count since 1970"
    if p.is_dated_text and (names.is_time_like(p.name) or not names.is_id_like(p.name)):
        return Stype.SET_ASIDE, unread_dates(p, table)
    if not (p.whole and names.is_id_like(p.name)) or names.words(p.name)[-1] in ("number", "num", "no"):
        return Stype.NUMERICAL, ""
    # An id of something that is no table here: a category if values repeat, otherwise only an id.
    return (Stype.CATEGORICAL, "") if p.distinct <= 1000 and p.variety <= 0.2 else (Stype.ID, "")


def _typed_text(p: ColumnProfile, table: str) -> tuple[Stype, str]:
    if p.dated >= ALL_DATED:
        return Stype.TIMESTAMP, "ISO times as text"
    if p.is_dated_text:
        return Stype.SET_ASIDE, unread_dates(p, table)
    code_like = names.is_id_like(p.name) or names.words(p.name)[-1:] == ["zip"]
    if p.numeric >= 0.9 and not code_like:
        odd = round((1 - p.numeric) * p.present)
        but = f", but {odd:,} of {p.present:,} are none" if odd else ""
        cast = number_mend(p, table).call
        return Stype.SET_ASIDE, f"{NUMBERS}{but}; cast it with {cast} before infer_schema"
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


def unread_dates(p: ColumnProfile, table: str) -> str:
    """Say what dates a column holds, and the edit that makes them times."""
    say = f"say {' or '.join(mend.line for mend in date_mends(p, table))} before infer_schema"
    if not p.forms:
        odd = round((1 - p.dated) * p.present)
        return f"ISO times as text, but {odd:,} of {p.present:,} are none, such as {p.example!r}; {say}"
    but = "" if p.fit == p.present else f" ({p.present - p.fit:,} of {p.present:,} values are not)"
    several = ", which may be read in several ways" if len(p.forms) > 1 else ""
    return f"looks like dates written as {p.example!r}{but}{several}; {say}"


def is_epoch(p: ColumnProfile) -> bool:
    """Whether integers of a time-like name plausibly count seconds (or parts of them) since 1970."""
    if not p.whole or p.low is None or p.high is None or not names.is_time_like(p.name):
        return False
    return any(low <= p.low and p.high <= high for low, high in _EPOCHS)
