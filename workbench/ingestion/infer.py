"""infer_schema: a first schema from the tables themselves, to be read and edited by the user.

    profile every table -> primary keys -> foreign keys -> semantic types -> time columns

Whatever is odd or doubtful is said in ``schema.notes``; nothing odd stops the inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.ingestion import names
from workbench.ingestion.infer_columns import column_of
from workbench.ingestion.infer_links import Profiles, foreign_keys, primary_key
from workbench.ingestion.infer_time import midnight_note, time_columns
from workbench.ingestion.profile import ColumnProfile, profile_table
from workbench.ingestion.tables import Tables, read_tables
from workbench.schema import Column, ForeignKey, Schema, Stype, Table


def infer_schema(tables: Tables | Any) -> Schema:
    """Find keys, links, time columns and column types.

    Parameters
    ----------
    tables : Tables, or anything that ``read_tables`` reads

    Returns
    -------
    Schema
        With ``notes`` on what is odd, doubtful or set aside. Edit it with its methods.

    Raises
    ------
    TableError
        If a table cannot be read.
    """
    tables = read_tables(tables)
    profiles = {name: profile_table(tables, name) for name in tables.names}
    notes = list(tables.notes)
    keys: dict[str, str | None] = {}
    for name in tables.names:
        keys[name], doubts = primary_key(tables, name, profiles[name])
        notes += doubts
    found = []
    for name in tables.names:
        links, doubts = foreign_keys(tables, name, profiles, keys)
        notes += doubts
        linked = {column for column, _ in links}
        columns = {}
        for column, profile in profiles[name].items():
            typed = column_of(profile, name, mixed=(name, column) in tables.sources.mixed)
            if column == keys[name] or column in linked:
                typed = Column(column, Stype.ID, profile.kind)
            columns[column] = typed
        choice = time_columns(name, columns, profiles[name])
        notes += [*_set_aside(name, columns, profiles[name], choice.time), *choice.notes]
        foreign = tuple(ForeignKey(column, target) for column, target in links)
        if choice.time is not None:
            columns[choice.time] = _explained(columns[choice.time], choice.why, profiles[name][choice.time])
        table = Table(name, tuple(columns.values()), keys[name], choice.time, choice.end, foreign)
        found.append(table)
    return Schema(
        tuple(found),
        (
            *notes,
            *_no_rows(profiles),
            *_no_links(found),
            *_static_facts(found),
            *_histories(found),
            *_no_clocks(found, profiles),
        ),
    )


def _set_aside(
    table: str, columns: Mapping[str, Column], profiles: Mapping[str, ColumnProfile], time: str | None
) -> list[str]:
    """What is set aside and why; louder where it may be the time that a table lacks."""
    static = (
        f"{table}: no time column, so all its rows are visible at every anchor, and the future leaks if they "
        "happen later. "
    )
    return [
        (static if time is None and profiles[name].is_dated_text and not names.is_birth_like(name) else "")
        + f"{table}.{name}: set aside: {column.note}"
        for name, column in columns.items()
        if column.stype is Stype.SET_ASIDE
    ]


def _explained(column: Column, why: str, profile: ColumnProfile) -> Column:
    """The time column of a table, with the reason of the choice, which the schema prints."""
    clock = "dates without a clock: known from 00:00" if profile.lacks_clock else ""
    return replace(column, note=", ".join(filter(None, (column.note, why, clock))))


def _no_clocks(found: list[Table], profiles: Profiles) -> list[str]:
    """Times that are dates: an anchor at midnight sees what happens later that day."""
    named = [(t.name, t.time) for t in found if t.time and profiles[t.name][t.time].lacks_clock]
    return [midnight_note(named)] if named else []


def _no_rows(profiles: Profiles) -> list[str]:
    """Tables without a row: most of a schema is read from values."""
    return [
        f"{table}: the table is empty, so its links cannot be found and its keys, times and column types are "
        "guesses; infer the schema where it has rows, or say the links with schema.link"
        for table, columns in profiles.items()
        if columns and not any(profile.rows for profile in columns.values())
    ]


def _no_links(found: list[Table]) -> list[str]:
    """Tables that nothing links: a graph without edges, in which a seed sees its own row only."""
    if any(table.foreign_keys for table in found):
        return []
    return [
        "no table links to another, so a seed would see its own row only; make tables of a flat one with "
        "wb.normalise(tables, {name: [key, column, ...], ...}, time=column), or say links with "
        "schema.link(table, column, target)"
    ]


def _histories(found: list[Table]) -> list[str]:
    """Tables whose rows sound like versions of what they point at; only the user knows whether they are."""
    pointed = {key.table for table in found for key in table.foreign_keys}
    return [
        f"{table.name}: its rows are nodes; if they are versions of {key.table}, each valid from "
        f"{table.time} until the next, say schema = schema.as_history({table.name!r}): their columns are "
        f"then attributes of {key.table}, read as they were at the anchor"
        for table in found
        if table.time and not table.end_time and len(table.foreign_keys) == 1 and table.name not in pointed
        if names.is_history_like(table.name, table.time)
        for key in table.foreign_keys
    ]


def _static_facts(found: list[Table]) -> list[str]:
    """Tables without a time that link to tables with one: their rows are seen too early."""
    timed = {table.name for table in found if table.time}
    return [
        f"{table.name}: no time column, so its rows are always visible, even before the rows of {target} "
        f"that they link to; if they happen then, add a time with tables.derive or keep it when splitting"
        for table in found
        if table.time is None
        for target in [key.table for key in table.foreign_keys if key.table in timed][:1]
    ]
