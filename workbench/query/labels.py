"""From a resolved query to labels: one SQL statement over all anchors, run by DuckDB out of core.

SQL's three-valued logic decides: a row whose target, WHERE or ASSUMING is unknown is dropped. COUNT,
COUNT_DISTINCT and SUM of no rows are 0, all other aggregates of no rows are unknown. NaN and infinity
in a column of numbers are missing values; sums are those of float64, and one that leaves its range is
an error.
In WHERE, a time that is later than the anchor is unknown: it was filled in afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import BudgetError, StoreError, TaskError, explain
from workbench.query.label_sql import label_sql
from workbench.query.label_values import LabelArray, complete, label_values
from workbench.query.resolved import ResolvedQuery
from workbench.schema import Schema
from workbench.stores.dataset import Dataset
from workbench.stores.memory import available_memory
from workbench.stores.sql import ROW, quote_name, quote_text
from workbench.types import AnyArray, Int64Array, TimeArray


@dataclass(frozen=True)
class Labels:
    """Rows of (entity, anchor, label), ordered by anchor and node id.

    Attributes
    ----------
    node_id : int64[n]
    key : pyarrow.Array[n]
    anchor : int64[n]  microseconds
    label : one for each row, as :mod:`workbench.query.label_values` describes; or None
    """

    node_id: Int64Array
    key: pa.Array
    anchor: TimeArray
    label: LabelArray | None


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
    """The entities that exist at an anchor and satisfy WHERE: whom to predict for; no labels.

    Those of a static query, whose anchor is :data:`~workbench.temporal.FOREVER`, lack a label.
    """
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
    steps = query.target.steps if label else 1
    node_id, n = found["node_id"].to_numpy(), found["n"].to_numpy()
    # Sorted here rather than in SQL: DuckDB's sort needs several times the memory of these arrays.
    order = np.lexsort((n % steps, node_id, n // steps)) if steps > 1 else np.lexsort((node_id, n))
    values = None
    if label:
        values = label_values(found["label"], query.target)[order]
        if isinstance(values, np.ndarray) and values.dtype == np.float64:
            _finite(values, query)
    if steps > 1:
        order, values = complete(order, node_id[order], n[order] // steps, values, steps)
    return Labels(
        node_id[order].astype(np.int64),
        plain_keys(found["key"].take(pa.array(order)).combine_chunks()),
        ordered[n[order] // steps],
        values,
    )


def _finite(label: AnyArray, query: ResolvedQuery) -> None:
    """Refuse labels where a sum left the range of float64: a dropped row would bias them."""
    if not (bad := np.count_nonzero(~np.isfinite(label))):
        return
    raise TaskError(
        explain(
            f"the labels of {query.query} were computed",
            f"{bad:,} of {len(label):,} are too large for a number of 64 bits",
            "sums and averages up to 1.8e308",
            "Scale the column with tables.derive(...) before the ingest, or leave such rows out with WHERE",
        )
    )


BYTES_A_ROW = 80
"""Memory that one label takes while it is fetched: four columns, twice, and the seed table's.

A label of several classes takes a byte for each more.
"""


def _check_size(dataset: Dataset, query: ResolvedQuery, anchors: int, con: Any, sql: str) -> None:
    """Refuse labels that would not fit into memory, before they are fetched."""
    available = available_memory()
    target = query.target
    dense = target.task_type == "multilabel" and target.classes is not None
    one = BYTES_A_ROW + (len(target.classes or ()) if dense else 0)
    if dataset.manifest.rows(query.entity.name) * anchors * target.steps * one <= available:
        return
    rows = _count(con, sql)
    if rows * one > available:
        raise BudgetError(
            explain(
                f"seeds at {anchors:,} anchors were asked for",
                f"these are {rows:,} rows, about {rows * one / 2**30:.1f} GiB",
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
