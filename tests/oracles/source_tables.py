"""Source tables of a graph made of rows, as the audit reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from workbench.schema import Schema
from workbench.stores.sql import ROW, quote_name
from workbench.temporal import NO_TIME
from workbench.testing.graphs import RowGraph


@dataclass
class TablesOnly:
    """What the audit needs of a dataset, from rows in memory; keys are scrambled."""

    rows: RowGraph
    snapshot: int = 1

    @property
    def schema(self) -> Schema:
        return self.rows.schema

    def duckdb(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        for table in self.schema:
            count = self.rows.num_rows[table.name]
            columns: dict[str, Any] = {ROW: np.arange(count)}
            if table.primary_key:
                columns[table.primary_key] = scramble(np.arange(count))
            if table.time:
                time = self.rows.times[table.name]
                columns[table.time] = pa.array(time, mask=time == NO_TIME).cast(pa.timestamp("us"))
            if table.end_time:
                end = self.rows.ends[table.name]
                columns[table.end_time] = pa.array(end, mask=end == NO_TIME).cast(pa.timestamp("us"))
            for key in table.foreign_keys:
                ids = self.rows.foreign_keys[table.name, key.column]
                columns[key.column] = pa.array(scramble(ids), mask=ids < 0)
            connection.register("given", pa.table(columns))
            connection.execute(f"CREATE TABLE {quote_name(table.name)} AS FROM given")
            connection.unregister("given")
        return connection


def scramble(ids: np.ndarray) -> np.ndarray:
    return ids * 7919 % 1_000_003 + 13
