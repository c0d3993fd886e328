"""What tables say against a schema that was edited: what would be lost, refused, or never visible.

Doubts about what ``infer_schema`` chooses are told where it chooses; here are those about any other choice.
"""

from __future__ import annotations

from workbench.ingestion.infer_links import VALUE_MATCH, Profiles, key_faults, overlap
from workbench.ingestion.infer_time import against_time
from workbench.ingestion.profile import ALL_DATED, ColumnProfile
from workbench.ingestion.tables import Tables
from workbench.schema import Column, Stype, Table

REFUSED = "which an ingest refuses"

_LISTS = (Stype.EMBEDDING, Stype.MULTICATEGORICAL)
_SINCE_1970 = (1e8, 9.2e18)
"""Counts that are read as times: seconds, milliseconds, microseconds, nanoseconds."""


def said_key(tables: Tables, table: Table, profiles: Profiles) -> list[str]:
    """What is wrong with the primary key of a table."""
    key = table.primary_key
    if key is None or key not in profiles[table.name]:
        return []
    if _has_fractions(profiles[table.name][key]):
        return [f"{table.name}.{key}: the primary key, but its numbers have fractions, {REFUSED}"]
    null, again = key_faults(tables, table.name, key)
    faults = [f"{again:,} rows repeat a value"] * bool(again) + [f"{null:,} rows have none"] * bool(null)
    if not faults:
        return []
    return [
        f"{table.name}.{key}: the primary key, but {' and '.join(faults)}, {REFUSED}; choose another column, "
        "or none: rows are keyed by their number then"
    ]


def said_link(tables: Tables, table: str, column: str, target: Table, profiles: Profiles) -> list[str]:
    """What is wrong with a link of a column to a table."""
    where, profile = f"{table}.{column}: a link to {target.name}", profiles[table][column]
    if _has_fractions(profile):
        return [f"{where}, but its numbers have fractions, {REFUSED}"]
    if target.primary_key is None:
        return [f"{where}, which has no key: its values are read as row numbers there, from 0"]
    key = profiles[target.name][target.primary_key]
    if profile.is_text != key.is_text:
        kinds = [f"{p.name} is {'text' if p.is_text else 'a number'}" for p in (profile, key)]
        return [f"{where}, but {kinds[0]}, and its key {kinds[1]}, {REFUSED}"]
    match = overlap(tables, table, column, target.name, key.name)
    if match >= VALUE_MATCH or not profile.present:
        return []
    return [f"{where}, but only {match:.0%} of its values are keys there; the others link to nothing"]


def said_time(table: str, profile: ColumnProfile) -> list[str]:
    """What is wrong with a column as the time of a row, of those values that can be read."""
    doubts = against_time(profile)
    return [f"{table}.{profile.name}: the time of a row, but {' and '.join(doubts)}"] if doubts else []


def said_type(table: str, column: Column, p: ColumnProfile) -> list[str]:
    """What is wrong with the type of a column."""
    lacking = ""
    if column.stype is Stype.TIMESTAMP:
        lacking = _no_time(p) if p.present else ""
    elif column.stype is Stype.NUMERICAL and p.is_text and p.numeric < 1 and p.present:
        lost = f"{1 - p.numeric:.0%} of its texts are no numbers, and would be missing"
        lacking = lost if p.numeric else f"none of its texts is a number, {REFUSED}"
    elif column.stype in _LISTS and not p.kind.endswith("]"):
        lacking = f"its values are {p.kind}, no lists, {REFUSED}"
    return [f"{table}.{column.name}: of type {column.stype}, but {lacking}"] if lacking else []


def _has_fractions(p: ColumnProfile) -> bool:
    return p.kind in ("FLOAT", "DOUBLE") and p.present > 0 and not p.whole


def _no_time(p: ColumnProfile) -> str:
    """What values are no times; empty where all are."""
    if p.is_text:
        if not p.dated:
            return f"none of its texts is an ISO time, {REFUSED}"
        return (
            "" if p.dated >= ALL_DATED else f"{1 - p.dated:.0%} of its texts are no ISO times, and are lost"
        )
    if p.is_number and p.low is not None and p.high is not None:
        (first, last), numbers = _SINCE_1970, f"its numbers, {p.low:g} to {p.high:g},"
        if p.high < first or p.low > last:
            return f"{numbers} do not count since 1970, {REFUSED}"
        beyond = p.low < first or p.high > last
        return f"{numbers} do not all count since 1970; the others are lost" if beyond else ""
    return "" if p.is_instant else f"its values are {p.kind}, {REFUSED}"
