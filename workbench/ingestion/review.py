"""What is odd or doubtful about a schema of tables, inferred or edited, and what mends it.

Doubts about a choice are told as long as it is what ``infer_schema`` would choose; about any other choice is
told what the tables say against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.ingestion import names
from workbench.ingestion.infer_columns import NUMBERS, column_of
from workbench.ingestion.infer_links import Profiles, foreign_keys, primary_key
from workbench.ingestion.infer_time import midnight_note, time_columns
from workbench.ingestion.mends import Mend, date_mends, midnight_mend, number_mend
from workbench.ingestion.profile import ColumnProfile, profile_table
from workbench.ingestion.remembered import Known, Remembered
from workbench.ingestion.said import said_key, said_link, said_time, said_type
from workbench.ingestion.tables import Tables, read_tables
from workbench.schema import Column, Schema, Stype, Table


@dataclass(frozen=True)
class Review:
    """What is to be said of a schema.

    Attributes
    ----------
    notes : tuple of str
    mends : tuple of Mend  edits of the tables that notes propose
    """

    notes: tuple[str, ...]
    mends: tuple[Mend, ...]


def review_schema(tables: Tables | Any, schema: Schema, *, known: Known | None = None) -> Review:
    """Say what is odd or doubtful about a schema that was edited, as ``infer_schema`` does of its own.

    Parameters
    ----------
    tables : Tables, or anything that ``read_tables`` reads
    schema : Schema  of these tables
    known : dict or None  of ``infer_schema``; what is as it was is not read again

    Returns
    -------
    Review
        ``notes``, which ``infer_schema`` puts into a schema, and ``mends``: edits of the tables.

    Raises
    ------
    TableError
        If a table cannot be read.
    """
    return review(Remembered.of(read_tables(tables), {} if known is None else known), schema)


def review(asked: Tables, schema: Schema) -> Review:
    """The same of tables that remember what they are asked."""
    found = [table for table in schema if table.name in asked.names]
    profiles = {table.name: profile_table(asked, table.name) for table in found}
    typed = {t.name: _typed(asked, t, profiles[t.name]) for t in found}
    notes = [*asked.notes, *(note for t in found for note in _keys(asked, t, profiles))]
    for table in found:
        notes += _links(asked, schema, table, profiles)
        notes += _types(table, typed[table.name], profiles[table.name])
        notes += _times(table, profiles[table.name])
    whole = (_no_rows(profiles), _no_links(found), _static_facts(found), _histories(found))
    notes += [note for part in (*whole, _no_clocks(found, profiles)) for note in part]
    mends = [mend for t in found for mend in _mends(t, typed[t.name], profiles[t.name])]
    return Review(tuple(notes), tuple(mends))


def _typed(asked: Tables, table: Table, profiles: Mapping[str, ColumnProfile]) -> dict[str, Column]:
    """Columns that are in the schema and in the tables, as they would be typed."""
    names = [column.name for column in table.columns if column.name in profiles]
    mixed = asked.sources.mixed
    return {name: column_of(profiles[name], table.name, mixed=(table.name, name) in mixed) for name in names}


def _keys(asked: Tables, table: Table, profiles: Profiles) -> list[str]:
    key, doubts = primary_key(asked, table.name, profiles[table.name])
    return doubts if key == table.primary_key else said_key(asked, table, profiles)


def _links(asked: Tables, schema: Schema, table: Table, profiles: Profiles) -> list[str]:
    keys = {name: schema[name].primary_key for name in profiles}
    said = {key.column: key.table for key in table.foreign_keys}
    notes = []
    likely = foreign_keys(asked, table.name, profiles, keys)
    for column in profiles[table.name]:
        target, doubts = likely.get(column, (None, []))
        if said.get(column) == target:
            notes += doubts
        elif said.get(column) in profiles:
            notes += said_link(asked, table.name, column, schema[said[column]], profiles)
    return notes


def _types(table: Table, typed: Mapping[str, Column], profiles: Mapping[str, ColumnProfile]) -> list[str]:
    """What is set aside and why, louder where it may be the time that a table lacks; what is no such type."""
    static = (
        f"{table.name}: no time column, so all its rows are visible at every anchor, and the future leaks if "
        "they happen later. "
    )
    notes = []
    for name, column in typed.items():
        said, p = table.column(name), profiles[name]
        if said.stype is column.stype is Stype.SET_ASIDE:
            loud = table.time is None and p.is_dated_text and not names.is_birth_like(name)
            notes.append(f"{static if loud else ''}{table.name}.{name}: set aside: {column.note}")
        elif said.stype is not column.stype:
            why = f" ({column.note})" if p.is_dated_text else ""
            notes += [f"{note}{why}" for note in said_type(table.name, said, p)]
    return notes


def _times(table: Table, profiles: Mapping[str, ColumnProfile]) -> list[str]:
    columns = {column.name: column for column in table.columns if column.name in profiles}
    choice, said = time_columns(table.name, columns, profiles), _clock(table, profiles)
    if choice.time == table.time:
        return list(choice.notes)
    return [] if said is None else said_time(table.name, said)


def _clock(table: Table, profiles: Mapping[str, ColumnProfile]) -> ColumnProfile | None:
    return None if table.time is None else profiles.get(table.time)


def _mends(
    table: Table, typed: Mapping[str, Column], profiles: Mapping[str, ColumnProfile]
) -> Iterator[Mend]:
    """Columns that could be read otherwise: dates and numbers that are not, and times without a clock."""
    for name, column in typed.items():
        p, said = profiles[name], table.column(name).stype
        if column.stype is Stype.SET_ASIDE and p.is_dated_text and said in (column.stype, Stype.TIMESTAMP):
            yield from date_mends(p, table.name)
        elif column.note.startswith(NUMBERS) and said in (column.stype, Stype.NUMERICAL):
            yield number_mend(p, table.name)
    clock = _clock(table, profiles)
    if clock is not None and clock.lacks_clock:
        yield midnight_mend(table.name, clock.name)


def _no_clocks(found: list[Table], profiles: Profiles) -> list[str]:
    """Times that are dates: an anchor at midnight sees what happens later that day."""
    clocks = [(table.name, _clock(table, profiles[table.name])) for table in found]
    named = [(table, p.name) for table, p in clocks if p is not None and p.lacks_clock]
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
        if table.history is None and names.is_history_like(table.name, table.time)
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
