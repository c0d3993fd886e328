"""What columns give away: values of after the anchor, tables without a time, a column that is the label."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.query.seed_table import SeedTable
from workbench.sampling.audit_chunk import Chunk
from workbench.sampling.audit_versions import Versioned
from workbench.sampling.leakage_seeds import Finding
from workbench.schema import Column, Schema, Stype, Table
from workbench.stores.sql import ROW, quote_name
from workbench.types import Float64Array, Int64Array, TimeArray

TOLD = 0.999
"""A column that explains this share of the label's variance is the label by another name."""

GROUPS = 50
"""A category of more values than this may tell labels apart by chance."""

FEW = 20
"""Seeds below which nothing is said about how well a column tells the label."""


def features(table: Table, exclude: Collection[str]) -> list[Column]:
    """Columns that a model reads: neither ids nor what was set aside or excluded, nor the row's own times."""
    return [
        column
        for column in table.columns
        if column.stype not in (Stype.ID, Stype.SET_ASIDE)
        and column.name not in (table.time, table.end_time)
        and f"{table.name}.{column.name}" not in exclude
    ]


def untimed(schema: Schema, tables: Sequence[str], exclude: Collection[str]) -> Iterator[Finding]:
    """Tables that the plan reads whose rows are visible at every anchor."""
    for name in tables:
        if schema[name].time is not None:
            continue
        dated = [c.name for c in features(schema[name], exclude) if c.stype is Stype.TIMESTAMP]
        for column in dated:
            text = f"{name} has no time column, so rows are visible before the date in {column}"
            yield Finding("suspect", "dates in a static table", f"{name}.{column}", 1, text)
        text = f"{name} is visible at every anchor; right if its rows never change"
        yield Finding("note", "table is static", name, 1, text)


def filled_in_later(
    connection: Any,
    split: str,
    chunks: Sequence[Chunk],
    exclude: Collection[str],
    histories: Mapping[str, Versioned],
) -> Iterator[Finding]:
    """Timestamps of after the anchor in rows that a seed sees: what else was written then is not known."""
    if not chunks:
        return
    for table in chunks[0].schema:
        columns = [c.name for c in features(table, exclude) if c.stype is Stype.TIMESTAMP]
        if not columns:
            continue
        rows, limits = _seen(chunks, table, histories)
        asked = pa.table({"row": rows, "until": limits})
        connection.register("asked", asked)
        later = ", ".join(
            f"count(*) FILTER (WHERE epoch_us(CAST(t.{quote_name(name)} AS TIMESTAMP)) > a.until)"
            for name in columns
        )
        found = connection.execute(
            f"SELECT {later} FROM asked a JOIN {quote_name(table.name)} t ON t.{ROW} = a.row"
        ).fetchall()[0]
        connection.unregister("asked")
        for name, count in zip(columns, found, strict=True):
            if count:
                text = (
                    f"{count:,} of {len(rows):,} rows of {table.name} that {split} seeds see hold a {name} "
                    "of after the anchor; if it was filled in then, so may other columns have been"
                )
                yield Finding("suspect", "value is filled in later", f"{table.name}.{name}", int(count), text)


def versions_seen(chunk: Chunk, table: Table, versions: Versioned) -> tuple[Int64Array, TimeArray]:
    """Rows of a history that nodes of a sample see, and what their seed may see."""
    nodes = chunk.nodes[str(table.history_of)]
    rows = versions.rows(nodes.ids, nodes.cutoff)
    return rows[rows >= 0], chunk.anchors[nodes.lane[rows >= 0]]


def _seen(
    chunks: Sequence[Chunk], table: Table, histories: Mapping[str, Versioned]
) -> tuple[Int64Array, TimeArray]:
    """Rows of a table in the samples, and what their seed may see."""
    rows, limits = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for chunk in chunks:
        if table.name in histories:
            seen, until = versions_seen(chunk, table, histories[table.name])
            rows.append(seen)
            limits.append(until)
        if table.is_node_type:
            rows.append(chunk.nodes[table.name].ids)
            limits.append(chunk.anchors[chunk.nodes[table.name].lane])
        for edge_type, edges in chunk.edges.items():
            if table.edge is not None and chunk.schema.edge_spec(edge_type).table == table.name:
                rows.append(edges.eid)
                limits.append(chunk.anchors[chunk.nodes[edge_type.dst].lane[edges.dst]])
    return np.concatenate(rows), np.concatenate(limits)


def echoes(
    connection: Any, table: Table, seeds: SeedTable, rows: Int64Array, exclude: Collection[str]
) -> Iterator[Finding]:
    """Columns of the entity that determine the label: it was computed into the features.

    Parameters
    ----------
    table : of the entities, or a history of it
    rows : int64[seeds]  row of the table that each seed sees of itself, -1 for none
    """
    seeds, rows = seeds[rows >= 0], rows[rows >= 0]
    label = _one_number(seeds)
    if label is None or len(seeds) < FEW or len(np.unique(label)) < 2:
        return
    asked = pa.table({"row": rows, "label": label})
    connection.register("asked", asked)
    for column in features(table, exclude):
        share = _explained(connection, table.name, column)
        if share is not None and share >= TOLD:
            name = f"{table.name}.{column.name}"
            text = f"{name} alone explains {share:.1%} of the labels of {len(seeds):,} {seeds.split} seeds"
            yield Finding("leak", "column tells the label", name, len(seeds), text)
    connection.unregister("asked")


def _explained(connection: Any, table: str, column: Column) -> float | None:
    """Share of the label's variance that a column explains: linearly, or by the means of its values."""
    value = f"t.{quote_name(column.name)}"
    source = f"FROM asked a JOIN {quote_name(table)} t ON t.{ROW} = a.row"
    if column.stype is Stype.NUMERICAL:
        found = connection.execute(
            f"SELECT pow(corr(a.label, x), 2), count(x), count(*) "
            f"FROM (SELECT a.label, CAST({value} AS DOUBLE) AS x {source}) a WHERE x IS NULL OR isfinite(x)"
        ).fetchall()[0]
        return None if found[0] is None or found[1] < max(FEW, 0.5 * found[2]) else float(found[0])
    if column.stype is not Stype.CATEGORICAL:
        return None
    found = connection.execute(
        f"WITH g AS (SELECT {value} AS x, count(*) AS n, avg(a.label) AS m {source} GROUP BY ALL) "
        "SELECT count(*), (SELECT var_pop(label) FROM asked), "
        "sum(n * m * m) / sum(n) - pow(sum(n * m) / sum(n), 2) FROM g"
    ).fetchall()[0]
    groups, total, between = found
    return None if groups < 2 or groups > GROUPS or not total else float(between / total)


def _one_number(seeds: SeedTable) -> Float64Array | None:
    """float64[n]: the label as a number; of classes whether it is the most frequent, of several the first."""
    label = seeds.label
    if label is None or not isinstance(label, np.ndarray) or not len(label):
        return None
    if label.ndim == 2:
        return np.asarray(label[:, 0], np.float64)
    return np.asarray(
        label == np.bincount(label).argmax() if seeds.classes is not None else label, np.float64
    )
