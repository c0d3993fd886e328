"""What tables say against a schema that was edited: what would be lost, refused, or never visible.

Doubts about what ``infer_schema`` chooses are told where it chooses; here are those about any other choice.
"""

from __future__ import annotations

from workbench.ingestion.infer_links import VALUE_MATCH, Profiles, key_faults, overlap
from workbench.ingestion.infer_time import against_time
from workbench.ingestion.profile import ALL_DATED, ColumnProfile
from workbench.ingestion.tables import Tables
from workbench.schema import Column, Stype, Table

_LISTS = (Stype.EMBEDDING, Stype.MULTICATEGORICAL)
_SINCE_1970 = (1e8, 9.2e18)
"""Counts that are read as times: seconds, milliseconds, microseconds, nanoseconds."""


def said_key(tables: Tables, table: Table) -> list[str]:
    """What is wrong with the primary key of a table."""
    key = table.primary_key
    if key is None:
        return []
    null, again = key_faults(tables, table.name, key)
    faults = [f"{again:,} rows repeat a value"] * bool(again) + [f"{null:,} rows have none"] * bool(null)
    if not faults:
        return []
    return [
        f"{table.name}.{key}: the primary key, but {' and '.join(faults)}, which an ingest refuses; choose "
        "another column, or none: rows are keyed by their number then"
    ]


def said_link(tables: Tables, table: str, column: str, target: Table, profiles: Profiles) -> list[str]:
    """What is wrong with a link of a column to a table."""
    where = f"{table}.{column}: a link to {target.name}"
    if target.primary_key is None:
        return [f"{where}, which has no key: its values are read as row numbers there, from 0"]
    profile, key = profiles[table][column], profiles[target.name][target.primary_key]
    if profile.is_text != key.is_text:
        kinds = [f"{p.name} is {'text' if p.is_text else 'a number'}" for p in (profile, key)]
        return [f"{where}, but {kinds[0]}, and its key {kinds[1]}: no value is found there"]
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
        lacking = _no_time(p)
    elif column.stype is Stype.NUMERICAL and p.is_text and p.numeric < 1 and p.present:
        lacking = f"{1 - p.numeric:.0%} of its texts are no numbers, and would be missing"
    elif column.stype in _LISTS and not p.kind.endswith("]"):
        lacking = f"its values are {p.kind}, no lists: an ingest refuses that"
    return [f"{table}.{column.name}: of type {column.stype}, but {lacking}"] if lacking else []


def _no_time(p: ColumnProfile) -> str:
    low, high = _SINCE_1970
    if p.is_instant or not p.present:
        return ""
    if p.is_text:
        odd = f"{1 - p.dated:.0%} of its texts are no ISO times, and would have no time"
        return odd if p.dated < ALL_DATED else ""
    if p.is_number and p.low is not None and p.high is not None:
        odd = f"its numbers, {p.low:g} to {p.high:g}, are not all counts since 1970; the others have no time"
        return odd if p.low < low or p.high > high else ""
    return f"its values are {p.kind}, which are no times"
