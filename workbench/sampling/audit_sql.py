"""The words that the audit's SQL is made of: clocks, keys and cutoffs over the views of the tables.

Times are compared as microseconds, keys as they stand in the source columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.sampling.audit_chunk import Fault
from workbench.schema import EdgeSpec, Schema
from workbench.stores.dataset import Dataset
from workbench.stores.sql import ROW, quote_name
from workbench.stores.steps import Step, Strategy
from workbench.temporal import BEGINNING, FOREVER
from workbench.types import Int64Array, TimeArray


def open_tables(dataset: Dataset) -> closing[Any]:
    """A connection to the source tables that closes itself at the end of a ``with`` block."""
    return closing(dataset.duckdb())


def check_order(connection: Any, schema: Schema) -> Iterator[Fault]:
    """Rows of a table must lie in time order, those without a time last: "recent" relies on it."""
    for table in schema:
        if table.time is None:
            continue
        clock = clock_of(schema, table.name, "t")
        found = connection.execute(
            f"SELECT count(*), min(row) FROM (SELECT t.{ROW} AS row, {clock} AS since, "
            f"lag({clock}) OVER by_row AS before, row_number() OVER by_row AS place "
            f"FROM {quote_name(table.name)} t WINDOW by_row AS (ORDER BY t.{ROW})) "
            "WHERE place > 1 AND since IS NOT NULL AND NOT coalesce(before <= since, false)"
        ).fetchall()[0]
        if found[0]:
            yield table.name, 0, "rows out of time order", int(found[0]), f"row {found[1]}"


def read_times(connection: Any, schema: Schema, table: str, rows: Int64Array) -> TimeArray:
    """int64[n]: the source's time of some rows; FOREVER where a row or its table has none."""
    if schema[table].time is None or not len(rows):
        return np.full(len(rows), FOREVER)
    connection.register("asked", pa.table({"place": np.arange(len(rows)), "eid": rows}))
    found = connection.execute(
        f"SELECT coalesce({clock_of(schema, table, 't')}, {FOREVER}) AS time FROM asked a "
        f"LEFT JOIN {quote_name(table)} t ON t.{ROW} = a.eid ORDER BY a.place"
    ).fetchnumpy()["time"]
    connection.unregister("asked")
    return np.asarray(found, np.int64)


def clock_of(schema: Schema, table: str, alias: str) -> str:
    """When a row begins, in microseconds; NULL where that is missing."""
    return _microseconds(alias, schema[table].time or "")


def end_of(schema: Schema, table: str, alias: str) -> str | None:
    """When a row ends, in microseconds, or None where the table has no such column."""
    end = schema[table].end_time
    return None if end is None else _microseconds(alias, end)


def _microseconds(alias: str, column: str) -> str:
    return f"epoch_us(CAST({alias}.{quote_name(column)} AS TIMESTAMP))"


def key_of(schema: Schema, table: str, alias: str) -> str:
    """The raw key of a row: its primary key, or its number."""
    key = schema[table].primary_key
    return f"{alias}.{ROW if key is None else quote_name(key)}"


def low_of(at: str, window: int) -> str:
    """The excluded lower end of the look-back window before ``at``; open for FOREVER."""
    shifted = f"greatest({at}, {BEGINNING + window}) - {window}"
    return f"CASE WHEN {at} = {FOREVER} THEN {BEGINNING} ELSE {shifted} END"


def weight_of(step: Step, alias: str) -> str | None:
    """The weight of an edge's row as a double, or None where the step does not weigh by a column."""
    if step.strategy != Strategy.WEIGHTED:
        return None
    return f"CAST({alias}.{quote_name(step.weight or '')} AS DOUBLE)"


def window_of(schema: Schema, spec: EdgeSpec, step: Step) -> int | None:
    """The look-back window where it applies: temporal steps over tables with a time."""
    return step.window if step.temporal and schema[spec.table].time is not None else None
