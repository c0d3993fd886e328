"""infer_schema: a first schema from the tables themselves, to be read and edited by the user.

    profile every table -> primary keys -> foreign keys -> semantic types -> time columns

Whatever is odd or doubtful is said in ``schema.notes``; nothing odd stops the inference.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench.ingestion.infer_columns import column_of, time_columns
from workbench.ingestion.infer_links import foreign_keys, primary_key
from workbench.ingestion.profile import profile_table
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
            if typed.stype is Stype.SET_ASIDE:
                notes.append(f"{name}.{column}: set aside: {typed.note}")
        time, end, doubts = time_columns(name, columns, profiles[name])
        notes += doubts
        if time is not None and columns[time].stype is not Stype.TIMESTAMP:
            columns[time] = replace(columns[time], stype=Stype.TIMESTAMP)
        foreign = tuple(ForeignKey(column, target) for column, target in links)
        found.append(Table(name, tuple(columns.values()), keys[name], time, end, foreign))
    return Schema(tuple(found), (*notes, *_static_facts(found)))


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
