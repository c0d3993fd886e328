"""From a resolved query to labels: one SQL statement over all anchors, run by DuckDB out of core.

    anchors      n, anchor, what is visible there, and the ends of every aggregate's window (one column each)
    source i     key, n, value: the aggregate of the rows in the window (source_sql.py)
    rows         entities x anchors that exist and are visible there, LEFT JOIN the sources on (key, n)
    result       node_id, key, n, label, where WHERE and ASSUMING hold and the label is known

SQL's three-valued logic decides: AVG, MIN and MAX of no rows are unknown, and a row whose target,
WHERE or ASSUMING is unknown is dropped; COUNT and SUM of no rows are 0. NaN and infinity in a column
of numbers are missing values; sums are those of float64, and one that leaves its range is an error.
In WHERE, a time that is later than the anchor is unknown: it was filled in afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import BudgetError, StoreError, TaskError, explain
from workbench.query import ast
from workbench.query.expressions import Columns, render, time_sql
from workbench.query.resolve import ResolvedQuery, Source
from workbench.query.source_sql import runs, source_sql
from workbench.schema import Schema
from workbench.stores.dataset import Dataset
from workbench.stores.memory import available_memory
from workbench.stores.sql import ROW, quote_name, quote_text
from workbench.temporal import clamp
from workbench.types import AnyArray, Int64Array, TimeArray


@dataclass(frozen=True)
class Labels:
    """Rows of (entity, anchor, label), ordered by anchor and node id.

    Attributes
    ----------
    node_id : int64[n]
    key : pyarrow.Array[n]
    anchor : int64[n]  microseconds
    label : float64[n] or None
    """

    node_id: Int64Array
    key: pa.Array
    anchor: TimeArray
    label: AnyArray | None


def compute_labels(
    dataset: Dataset, query: ResolvedQuery, anchors: TimeArray, until: int | None = None
) -> Labels:
    """Label every (entity, anchor) that the query speaks of.

    Parameters
    ----------
    dataset : Dataset
    query : ResolvedQuery
    anchors : int64[n]  microseconds, distinct
    until : int or None  features are frozen there: entities that are newer have no row

    Returns
    -------
    Labels
    """
    return _run(dataset, query, anchors, until, label=True)


def select_entities(dataset: Dataset, query: ResolvedQuery, anchor: int, until: int | None = None) -> Labels:
    """The entities that exist at an anchor and satisfy WHERE: whom to predict for; no labels."""
    return _run(dataset, query, np.array([anchor], np.int64), until, label=False)


@contextmanager
def connection(dataset: Dataset) -> Iterator[Any]:
    """A connection to a dataset's tables; what exceeds memory is spilled to a temporary folder.

    Raises
    ------
    BudgetError
        If neither memory nor the temporary folder has room.
    StoreError
        If the tables cannot be read.
    """
    import duckdb

    try:
        with TemporaryDirectory(prefix="workbench-spill-") as spill, closing(dataset.duckdb()) as con:
            con.execute(f"SET temp_directory = {quote_text(spill)}")
            yield con
    except duckdb.OutOfMemoryException as error:
        do = "Free memory, set TMPDIR to a larger disk, or ask for fewer anchors"
        raise BudgetError(explain("a query was run", _first_line(error), do=do)) from error
    except duckdb.Error as error:
        do = "Verify the dataset: python -m workbench verify PATH"
        raise StoreError(explain("a query was run", _first_line(error), do=do)) from error


def _first_line(error: Exception) -> str:
    """What DuckDB says, without the statement that it repeats below."""
    return str(error).split("\n")[0]


def column_types(con: Any, schema: Schema) -> dict[str, dict[str, str]]:
    """Table -> column -> DuckDB type, as the views have them."""
    types = {}
    for table in schema:
        rows = con.execute(f"DESCRIBE SELECT * FROM {quote_name(table.name)}").fetchall()
        types[table.name] = {name: kind for name, kind, *_ in rows if name != ROW}
    return types


def _run(
    dataset: Dataset, query: ResolvedQuery, anchors: TimeArray, until: int | None, label: bool
) -> Labels:
    name = free_prefix(dataset.schema) + "anchors"
    ordered = np.sort(anchors)
    sql, bounds = label_sql(query, ordered, name, label, until)
    with connection(dataset) as con:
        con.register(name, bounds)
        _check_size(dataset, query, len(anchors), con, sql)
        found = pa.RecordBatchReader.from_stream(con.sql(sql)).read_all()
    node_id, n = found["node_id"].to_numpy(), found["n"].to_numpy()
    value = _finite(found["label"].to_numpy().astype(np.float64), query) if label else None
    # Sorted here rather than in SQL: DuckDB's sort needs several times the memory of these arrays.
    order = np.lexsort((node_id, n))
    return Labels(
        node_id[order].astype(np.int64),
        plain_keys(found["key"].take(pa.array(order)).combine_chunks()),
        ordered[n[order]],
        None if value is None else value[order],
    )


def _finite(label: AnyArray, query: ResolvedQuery) -> AnyArray:
    """The labels, refused where a sum left the range of float64: a dropped row would bias them."""
    if not (bad := np.count_nonzero(~np.isfinite(label))):
        return label
    raise TaskError(
        explain(
            f"the labels of {query.query} were computed",
            f"{bad:,} of {len(label):,} are too large for a number of 64 bits",
            "sums and averages up to 1.8e308",
            "Scale the column with tables.derive(...) before the ingest, or leave such rows out with WHERE",
        )
    )


BYTES_A_ROW = 80
"""Memory that one label takes while it is fetched: four columns, twice, and the seed table's."""


def _check_size(dataset: Dataset, query: ResolvedQuery, anchors: int, con: Any, sql: str) -> None:
    """Refuse labels that would not fit into memory, before they are fetched."""
    available = available_memory()
    if dataset.manifest.rows(query.entity.name) * anchors * BYTES_A_ROW <= available:
        return
    rows = _count(con, sql)
    if rows * BYTES_A_ROW > available:
        raise BudgetError(
            explain(
                f"seeds at {anchors:,} anchors were asked for",
                f"these are {rows:,} rows, about {rows * BYTES_A_ROW / 2**30:.1f} GiB",
                f"{available / 2**30:.1f} GiB are available",
                "Take fewer with train_windows=, eval_windows=, a longer every=, WHERE or ASSUMING",
            )
        )


def count_rows(
    dataset: Dataset, query: ResolvedQuery, anchors: TimeArray, until: int | None, label: bool
) -> int:
    """How many rows the labels would have; with ``label=False`` neither target nor ASSUMING decide."""
    name = free_prefix(dataset.schema) + "anchors"
    sql, bounds = label_sql(query, np.sort(anchors), name, label, until)
    with connection(dataset) as con:
        con.register(name, bounds)
        return _count(con, sql)


def _count(con: Any, sql: str) -> int:
    return int(con.execute(f"SELECT count(*) FROM ({sql})").fetchone()[0])


def plain_keys(keys: pa.Array) -> pa.Array:
    """Keys as int64 or string, however their table stores them."""
    return keys.cast(pa.int64() if pa.types.is_integer(keys.type) else pa.string())


def free_prefix(schema: Schema) -> str:
    """A prefix that no table's name begins with, so that no helper table can hide a real one."""
    prefix = "__label_"
    while any(table.name.lower().startswith(prefix) for table in schema):
        prefix += "_"
    return prefix


def label_sql(
    query: ResolvedQuery, anchors: TimeArray, name: str, label: bool = True, until: int | None = None
) -> tuple[str, pa.Table]:
    """The statement, and the table of anchors that it reads under the given name.

    Parameters
    ----------
    query : ResolvedQuery
    anchors : int64[n]  microseconds, ascending; ``n`` of the result is a position in it
    name : str  of the table of anchors; helper tables extend it
    label : bool  False for the rows to predict for: no target, no ASSUMING
    until : int or None  features are frozen there
    """
    clauses = [query.query.where, query.query.assuming, query.query.target] if label else [query.query.where]
    used = {query.sources[a]: None for clause in clauses for a in ast.aggregates(clause)}
    aliases = {source.aggregate: f"{name}{i}" for i, source in enumerate(used)}
    bounds = _bounds(anchors, until, tuple(used))
    ctes = [
        f"{quote_name(alias)} AS ({source_sql(source, i, name, bounds, query.types[source.table])})"
        for i, (source, alias) in enumerate(zip(used, aliases.values(), strict=True))
    ]
    columns = Columns("e", query.types[query.entity.name], aliases)
    conditions = existence(query, "e", "a.anchor", "a.visible")
    if query.query.where is not None:
        conditions.append(render(query.query.where, replace(columns, known_at="a.anchor")))
    if label and query.query.assuming is not None:
        conditions.append(render(query.query.assuming, columns))
    key = f"e.{quote_name(query.entity.primary_key or ROW)}"
    chosen = [f"e.{ROW} AS node_id", f"{key} AS key", "a.n AS n"]
    if label:
        target = f"CAST({render(query.query.target, columns)} AS DOUBLE)"
        chosen.append(f"{target} AS label")
        conditions.append(f"{target} IS NOT NULL")
    joins = "".join(
        _join(alias, key, runs(source, query.types[source.table]))
        for source, alias in zip(used, aliases.values(), strict=True)
    )
    # No helper column stands beside the user's: every name of theirs is read as e."name", of a view of
    # nothing but their table.
    entity = quote_name(query.entity.name)
    sql = (
        (f"WITH {', '.join(ctes)}\n" if ctes else "")
        + f"SELECT {', '.join(chosen)}\nFROM {entity} AS e CROSS JOIN {quote_name(name)} AS a{joins}\n"
        + (f"WHERE {' AND '.join(f'({c})' for c in conditions)}" if conditions else "")
    )
    return sql, bounds


def _join(alias: str, key: str, running: bool) -> str:
    """The value of an aggregate for each entity and anchor; of a running one, where it changed last."""
    name = quote_name(alias)
    on = f"{name}.key = {key} AND a.n {'>=' if running else '='} {name}.n"
    return f"\n{'ASOF ' if running else ''}LEFT JOIN {name} ON {on}"


def _bounds(anchors: TimeArray, until: int | None, sources: tuple[Source, ...]) -> pa.Table:
    """Columns ``n``, ``anchor``, ``visible``, and ``low<i>``, ``high<i>`` for the window of source i."""
    stamp = pa.timestamp("us")
    columns: dict[str, Any] = {
        "n": pa.array(np.arange(len(anchors))),
        "anchor": _stamps(anchors),
        "visible": _stamps(clamp(anchors, until)),
    }
    for i, source in enumerate(sources):
        none = pa.nulls(len(anchors), stamp)
        columns[f"low{i}"] = _stamps(source.start.after_each(anchors)) if source.start else none
        columns[f"high{i}"] = _stamps(source.end.after_each(anchors))
    return pa.table(columns)


def _stamps(times: TimeArray) -> pa.Array:
    return pa.array(times).cast(pa.timestamp("us"))


def existence(query: ResolvedQuery, alias: str, anchor: str, visible: str) -> list[str]:
    """Conditions for an entity to exist at an anchor and be visible: ``time <= visible, anchor < end_time``.

    ``visible`` is ``min(anchor, until)``: an entity's own row is a feature too, so one that is newer
    than the instant where features are frozen cannot be a seed. RelBench drops such rows as well.
    """
    types, found = query.types[query.entity.name], []
    if query.entity.time is not None:
        found.append(f"{_time(alias, query.entity.time, types)} <= {visible}")
    if query.entity.end_time is not None:
        end = _time(alias, query.entity.end_time, types)
        found.append(f"{end} IS NULL OR {end} > {anchor}")
    return found


def _time(alias: str, column: str, types: Mapping[str, str]) -> str:
    return time_sql(f"{alias}.{quote_name(column)}", types[column])
