"""When a row exists and may be seen, as SQL."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.query.expressions import time_sql
from workbench.schema import Table
from workbench.stores.sql import quote_name


def existence(
    table: Table, types: Mapping[str, str], alias: str, anchor: str | None, visible: str | None
) -> list[str]:
    """Conditions for a row to exist at an anchor and be visible: ``time <= visible, anchor < end_time``.

    ``visible`` is ``min(anchor, until)``: a row is a feature too, so one that is newer than the instant
    where features are frozen can be neither seed nor candidate. RelBench drops such rows as well.

    Parameters
    ----------
    table : Table
    types : dict of column to DuckDB type, of that table
    alias : str  of the table in the statement
    anchor, visible : str or None
        Instants in SQL. None where there is no anchor: every row with a time exists.
    """
    found = []
    if table.time is not None:
        time = _time(alias, table.time, types)
        found.append(f"{time} IS NOT NULL" if visible is None else f"{time} <= {visible}")
    if table.end_time is not None and anchor is not None:
        end = _time(alias, table.end_time, types)
        found.append(f"{end} IS NULL OR {end} > {anchor}")
    return found


def _time(alias: str, column: str, types: Mapping[str, str]) -> str:
    return time_sql(f"{alias}.{quote_name(column)}", types[column])
