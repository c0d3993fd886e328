"""A flat table for tabular models: an entity's columns and windowed aggregates of its fact tables.

Computed by DuckDB, out of core. Per fact table running counts and sums are kept per entity and moment,
and each window is a difference of two of them, found by ASOF joins:

    count in (anchor - w, anchor] = running(last moment <= anchor) - running(last moment <= anchor - w)

so a history is read once, however many anchors and windows there are, and the time rule is that of
``temporal.py``: an event at exactly the anchor is visible, one at exactly ``anchor - w`` is not.

The columns are those that a model reads: no keys, no end time, which is known only once it has come; and a
timestamp later than the anchor is missing, because at the anchor nobody knows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.errors import TrainingError, did_you_mean, explain
from workbench.ingestion.layout import feature_columns
from workbench.query.seed_table import SeedTable
from workbench.schema import Column, EdgeSpec, Schema, Stype, Table
from workbench.stores.dataset import Dataset
from workbench.stores.sql import ROW, quote_name, quote_text
from workbench.temporal import FOREVER, MICROSECONDS

SHARES = 6
"""Of a categorical column of a fact table: the share of each of its most frequent values."""

MOST_VALUES = 200
"""Values of an entity's categorical column that keep a code of their own."""


@dataclass(frozen=True)
class FlatTable:
    """Rows in the order of the seeds.

    Attributes
    ----------
    frame : pandas.DataFrame  float64 columns
    categorical : tuple of str  columns that hold codes (NaN: missing or rare)
    """

    frame: pd.DataFrame
    categorical: tuple[str, ...]


def flat_table(
    dataset: Dataset,
    seeds: SeedTable,
    windows: tuple[int, ...],
    fitted_until: int,
    exclude: Iterable[str] = (),
) -> FlatTable:
    """The entity's columns and those of its histories, aggregates of what points at it, the calendar.

    Parameters
    ----------
    dataset : Dataset
    seeds : SeedTable  what each row may see is ``seeds.visible_until``
    windows : tuple of int  look-back windows in microseconds, ascending; all of the past comes on top
    fitted_until : int  which category values get a column is decided on rows up to this instant
    exclude : names ``'table.column'`` that must not be read, as in a plan

    Raises
    ------
    TrainingError
        If ``exclude`` names something that is no feature.
    """
    schema, con, hidden = dataset.schema, dataset.duckdb(), _hidden(dataset.schema, exclude)
    try:
        con.register("seed_rows", _seed_rows(seeds))
        entity = schema[seeds.node_type]
        key = quote_name(entity.primary_key) if entity.primary_key is not None else quote_name(ROW)
        con.execute(
            f"CREATE TEMP TABLE seeds AS SELECT s.i, s.t, s.node, e.{key} AS key "
            f"FROM seed_rows s JOIN {quote_name(entity.name)} e ON e.{quote_name(ROW)} = s.node"
        )
        own, categorical = _entity_columns(con, entity, _itself(entity), fitted_until, hidden)
        for name in schema.histories_of(entity.name):
            source = _as_of(schema[name])
            versions, codes = _entity_columns(con, schema[name], source, fitted_until, hidden)
            own, categorical = pd.concat([own, versions], axis=1), categorical + codes
        facts = [
            _aggregates(con, schema[spec.table], spec, windows, fitted_until, hidden)
            for spec in facts_of(schema, entity.name)
        ]
        frame = pd.concat([own, _calendar(seeds), *facts], axis=1)
        return FlatTable(frame, tuple(categorical))
    finally:
        con.close()


def facts_of(schema: Schema, entity: str) -> list[EdgeSpec]:
    """Where rows are facts about an entity: timed tables with a key to it, its histories among them."""
    return [
        spec
        for spec in schema.edge_specs + schema.history_specs
        if spec.edge_type.dst == entity
        and spec.layout in ("fact", "edges")
        and schema[spec.table].time is not None
    ]


def _hidden(schema: Schema, exclude: Iterable[str]) -> frozenset[str]:
    """The excluded names; refuses those that are no features."""
    known = [f"{table.name}.{column.name}" for table in schema for column in feature_columns(table)]
    for name in exclude:
        if name not in known:
            raise TrainingError(
                explain(
                    f"a baseline was to exclude {name!r}",
                    "no such column is a feature",
                    ", ".join(known),
                    did_you_mean(name, known),
                )
            )
    return frozenset(exclude)


def _features(table: Table, hidden: frozenset[str]) -> list[Column]:
    return [column for column in feature_columns(table) if f"{table.name}.{column.name}" not in hidden]


def _seed_rows(seeds: SeedTable) -> pa.Table:
    count = len(seeds)
    return pa.table({"i": np.arange(count), "t": seeds.visible_until, "node": seeds.node_id})


def _calendar(seeds: SeedTable) -> pd.DataFrame:
    """Hour, weekday, day of the year and the anchor itself."""
    stamps = seeds.visible_until
    stamps = np.where(stamps == FOREVER, 0, stamps)
    day = MICROSECONDS["days"]
    return pd.DataFrame(
        {
            "anchor.hour": (stamps % day) / MICROSECONDS["hours"],
            "anchor.weekday": ((stamps // day) + 3) % 7,
            "anchor.day": (stamps // day) % 365.25,
        }
    ).astype(float)


def _itself(entity: Table) -> str:
    """Seeds ``s`` beside their own row ``e``."""
    # Of an entity that came later (features may be frozen before it) nothing is known but its key.
    there = "" if entity.time is None else f"AND epoch_us(e.{quote_name(entity.time)}::TIMESTAMP) <= s.t"
    return f"seeds s LEFT JOIN {quote_name(entity.name)} e ON e.{quote_name(ROW)} = s.node {there}"


def _as_of(history: Table) -> str:
    """Seeds ``s`` beside the version ``e`` that was the newest at what they see; of one instant the last."""
    key, time = quote_name(str(history.history)), f"epoch_us({quote_name(str(history.time))}::TIMESTAMP)"
    last = f"row_number() OVER (PARTITION BY {key}, {time} ORDER BY {quote_name(ROW)} DESC) = 1"
    return (
        f"seeds s ASOF LEFT JOIN (SELECT *, {time} AS __since FROM {quote_name(history.name)} "
        f"WHERE {time} IS NOT NULL QUALIFY {last}) e ON e.{key} = s.key AND s.t >= e.__since"
    )


def _entity_columns(
    con: Any, entity: Table, source: str, fitted_until: int, hidden: frozenset[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Columns of a row per seed: numbers, ages of timestamps, codes of categories; and the row's own age."""
    parts, categorical = [], []
    read = {column.name for column in _features(entity, hidden)} | {entity.time}
    for column in (column for column in entity.columns if column.name in read):
        name, alias = quote_name(column.name), f"{entity.name}.{column.name}"
        if column.stype is Stype.NUMERICAL:
            parts.append(f"e.{name}::DOUBLE AS {quote_name(alias)}")
        elif column.stype is Stype.TIMESTAMP:
            day = MICROSECONDS["days"]
            then = f"epoch_us(e.{name}::TIMESTAMP)"
            age = f"CASE WHEN {then} <= s.t THEN (s.t - {then}) / {day}.0 END"
            parts.append(f"{age} AS {quote_name(alias + ' age')}")
        elif column.stype is Stype.CATEGORICAL:
            values = _frequent(con, entity, column, fitted_until, MOST_VALUES)
            cases = " ".join(f"WHEN {quote_text(value)} THEN {i}" for i, value in enumerate(values))
            code = f"CASE e.{name}::VARCHAR {cases} END" if values else "NULL"
            parts.append(f"{code}::DOUBLE AS {quote_name(alias)}")
            categorical.append(alias)
    columns = ", ".join(["s.i", *parts])
    frame = con.execute(f"SELECT {columns} FROM {source} ORDER BY s.i").df()
    return frame.drop(columns="i").astype(float), categorical


def _frequent(con: Any, table: Table, column: Column, until: int, most: int) -> list[str]:
    """The most frequent values of a column among rows up to an instant, ties by value."""
    name = quote_name(column.name)
    when = "" if table.time is None else f"AND epoch_us({quote_name(table.time)}) <= {int(until)}"
    rows = con.execute(
        f"SELECT {name}::VARCHAR AS v, count(*) AS n FROM {quote_name(table.name)} "
        f"WHERE {name} IS NOT NULL {when} GROUP BY v ORDER BY n DESC, v LIMIT {int(most)}"
    ).fetchall()
    return [value for value, _ in rows]


def _measures(con: Any, table: Table, until: int, hidden: frozenset[str]) -> dict[str, str]:
    """What is averaged of a fact table: alias -> SQL of a nullable DOUBLE."""
    found = {}
    for column in _features(table, hidden):
        name = quote_name(column.name)
        if column.stype is Stype.NUMERICAL:
            found[column.name] = f"{name}::DOUBLE"
        elif column.stype is Stype.CATEGORICAL:
            for value in _frequent(con, table, column, until, SHARES):
                found[f"{column.name}={value}"] = f"({name}::VARCHAR = {quote_text(value)})::INT::DOUBLE"
    return found


def _aggregates(
    con: Any,
    table: Table,
    spec: EdgeSpec,
    windows: tuple[int, ...],
    until: int,
    hidden: frozenset[str],
) -> pd.DataFrame:
    """Counts, means and time since the last event of one fact table; one column per window."""
    measures = _measures(con, table, until, hidden)
    con.execute(_running(table, str(spec.dst_column), list(measures.values())))
    shown = f"{table.name}.{spec.dst_column}" if spec.layout == "edges" else table.name
    ends = [("now", "s.t"), *((f"w{i}", f"s.t - {int(w)}") for i, w in enumerate(windows))]
    joins = " ".join(
        f"ASOF LEFT JOIN running AS {name} ON s.key = {name}.key AND {at} >= {name}.t" for name, at in ends
    )
    columns = [f"(s.t - now.t) / {MICROSECONDS['days']}.0 AS {quote_name(shown + ' days since last')}"]
    for index, label in [*enumerate(_lengths(windows)), (None, "all")]:
        columns.append(f"{_difference(index, 'n')} AS {quote_name(f'{shown} count {label}')}")
        for m, alias in enumerate(measures):
            total, seen = _difference(index, f"s{m}"), _difference(index, f"c{m}")
            columns.append(f"({total}) / nullif({seen}, 0) AS {quote_name(f'{shown} mean {alias} {label}')}")
    frame: pd.DataFrame = con.execute(
        f"SELECT s.i, {', '.join(columns)} FROM seeds s {joins} ORDER BY s.i"
    ).df()
    con.execute("DROP TABLE running")
    return frame.drop(columns="i").astype(float)


def _running(table: Table, column: str, measures: list[str]) -> str:
    """Running count, and running sum and count of each measure, per entity and moment."""
    per_moment = [
        f"sum({m}) AS s{i}, count({m}) AS c{i}"
        for i, m in enumerate(f"CASE WHEN isfinite({m}) THEN {m} END" for m in measures)
    ]
    names = ["n", *(f"{part}{i}" for i in range(len(measures)) for part in ("s", "c"))]
    running = ", ".join(f"sum(coalesce({name}, 0)) OVER w AS {name}" for name in names)
    moments = ", ".join(["count(*) AS n", *per_moment])
    key, time = quote_name(column), f"epoch_us({quote_name(str(table.time))})"
    return (
        f"CREATE TEMP TABLE running AS SELECT key, t, {running} FROM ("
        f"SELECT {key} AS key, {time} AS t, {moments} FROM {quote_name(table.name)} "
        f"WHERE {key} IS NOT NULL AND {quote_name(str(table.time))} IS NOT NULL GROUP BY 1, 2) "
        "WINDOW w AS (PARTITION BY key ORDER BY t ROWS UNBOUNDED PRECEDING)"
    )


def _difference(window: int | None, name: str) -> str:
    now = f"coalesce(now.{name}, 0)"
    return now if window is None else f"({now} - coalesce(w{window}.{name}, 0))"


def _lengths(windows: tuple[int, ...]) -> list[str]:
    return [f"{window / MICROSECONDS['days']:g}d" for window in windows]
