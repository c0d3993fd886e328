"""infer_schema: a first schema from the tables themselves, to be read and edited by the user.

    profile every table -> primary keys -> foreign keys -> semantic types -> time columns

Whatever is odd or doubtful is said in ``schema.notes``; nothing odd stops the inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.ingestion.infer_columns import column_of
from workbench.ingestion.infer_links import Profiles, foreign_keys, primary_key
from workbench.ingestion.infer_time import time_columns
from workbench.ingestion.profile import ColumnProfile, profile_table
from workbench.ingestion.remembered import Known, Remembered
from workbench.ingestion.review import review
from workbench.ingestion.tables import Tables, read_tables
from workbench.schema import Column, ForeignKey, Schema, Stype, Table


def infer_schema(tables: Tables | Any, *, known: Known | None = None) -> Schema:
    """Find keys, links, time columns and column types.

    Parameters
    ----------
    tables : Tables, or anything that ``read_tables`` reads
    known : dict or None
        Keeps what was read of the tables. Given again, also for edits of these tables, nothing that is as it
        was is read again.

    Returns
    -------
    Schema
        With ``notes`` on what is odd, doubtful or set aside. Edit it with its methods.

    Raises
    ------
    TableError
        If a table cannot be read.
    """
    asked = Remembered.of(read_tables(tables), {} if known is None else known)
    profiles = {name: profile_table(asked, name) for name in asked.names}
    keys = {name: primary_key(asked, name, profiles[name])[0] for name in asked.names}
    schema = Schema(tuple(_table(asked, name, profiles, keys) for name in asked.names))
    return replace(schema, notes=review(asked, schema).notes)


def _table(asked: Tables, name: str, profiles: Profiles, keys: Mapping[str, str | None]) -> Table:
    links = {c: t for c, (t, _) in foreign_keys(asked, name, profiles, keys).items() if t is not None}
    columns = {}
    for column, profile in profiles[name].items():
        columns[column] = column_of(profile, name, mixed=(name, column) in asked.sources.mixed)
        if column == keys[name] or column in links:
            columns[column] = Column(column, Stype.ID, profile.kind)
    choice = time_columns(name, columns, profiles[name])
    if choice.time is not None:
        columns[choice.time] = _explained(columns[choice.time], choice.why, profiles[name][choice.time])
    foreign = tuple(ForeignKey(column, target) for column, target in links.items())
    return Table(name, tuple(columns.values()), keys[name], choice.time, choice.end, foreign)


def _explained(column: Column, why: str, profile: ColumnProfile) -> Column:
    """The time column of a table, with the reason of the choice, which the schema prints."""
    clock = "dates without a clock: known from 00:00" if profile.lacks_clock else ""
    return replace(column, note=", ".join(filter(None, (column.note, why, clock))))
