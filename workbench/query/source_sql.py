"""One aggregate of a query as SQL: key of the entity, number n of the anchor, value.

    window       facts JOIN anchors ON low < time <= high GROUP BY key, n
    running      -INF .. end: each fact is counted once, at the first anchor that sees it, and the parts
                 are added up from anchor to anchor; a row stands only where something changed

A window joins each fact to every anchor that it lies in. From the beginning of time on that would be
facts x anchors, so such aggregates run.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from workbench.query import ast
from workbench.query.expressions import Columns, instant_sql, render, time_sql
from workbench.query.kinds import Kind, kind_of
from workbench.query.resolve import Source
from workbench.stores.sql import quote_name


def runs(source: Source, types: Mapping[str, str]) -> bool:
    """Whether its values can be added up from anchor to anchor.

    Not if it reads another time than the row's own: such a time is unknown before it has passed, so
    what a row says changes from anchor to anchor.
    """
    read = [part.column for part in ast.walk(source.aggregate) if isinstance(part, ast.ColumnRef)]
    others = [name for name in read if name not in ("*", source.time)]
    return source.start is None and all(kind_of(types[name]) is not Kind.TIME for name in others)


def source_sql(source: Source, i: int, anchors: str, bounds: pa.Table, types: Mapping[str, str]) -> str:
    """The statement for source ``i``.

    Parameters
    ----------
    source : Source
    i : int  its columns of the table of anchors are ``low<i>`` and ``high<i>``
    anchors : str  name of the table of anchors
    bounds : pyarrow.Table  that table
    types : dict of column to DuckDB type, of the aggregated table
    """
    running = runs(source, types)
    time = time_sql(f"f.{quote_name(source.time)}", types[source.time])
    key = f"f.{quote_name(source.foreign_key)}"
    columns = Columns("f", types, {}, "a.anchor" if source.looks_back and not running else None)
    where = [f"{key} IS NOT NULL", *_limits(source, i, bounds, time)]
    if source.aggregate.where is not None:
        where.append(render(source.aggregate.where, columns))
    table, kept = quote_name(source.table), " AND ".join(f"({w})" for w in where)
    if running:
        # Of anchors whose windows end together (months are cut short) the first one counts.
        ends = f"SELECT min(a.n) AS n, a.high{i} AS high FROM {quote_name(anchors)} AS a GROUP BY a.high{i}"
        return (
            f"SELECT p.key AS key, p.n AS n, {_added_up(source.aggregate)} AS value FROM ("
            f"SELECT {key} AS key, b.n AS n, {_parts(source.aggregate, columns)} "
            f"FROM {table} AS f ASOF JOIN ({ends}) AS b ON {time} <= b.high "
            f"WHERE {kept} GROUP BY {key}, b.n) AS p WINDOW w AS (PARTITION BY p.key ORDER BY p.n)"
        )
    on = f"{time} <= a.high{i}" + (f" AND {time} > a.low{i}" if source.start else "")
    return (
        f"SELECT {key} AS key, a.n AS n, {_aggregate(source.aggregate, columns)} AS value "
        f"FROM {table} AS f JOIN {quote_name(anchors)} AS a ON {on} WHERE {kept} GROUP BY {key}, a.n"
    )


def _limits(source: Source, i: int, bounds: pa.Table, time: str) -> list[str]:
    """Constant limits let DuckDB skip the row groups outside: tables are stored in time order."""
    highs, lows = bounds[f"high{i}"].cast(pa.int64()), bounds[f"low{i}"].cast(pa.int64())
    if not len(highs):
        return []
    found = [f"{time} <= {instant_sql(max(highs.to_pylist()))}"]
    return found + ([f"{time} > {instant_sql(min(lows.to_pylist()))}"] if source.start else [])


def _value(aggregate: ast.Aggregate, columns: Columns) -> str:
    """What is aggregated; NULL counts for nothing."""
    if aggregate.column.column == "*":
        return "1"
    value = render(aggregate.column, columns)
    return value if aggregate.function == "COUNT" else f"CAST({value} AS DOUBLE)"


def _aggregate(aggregate: ast.Aggregate, columns: Columns) -> str:
    # Kahan summation: the sum does not depend on how threads share the rows.
    name = {"SUM": "fsum", "AVG": "favg"}.get(aggregate.function, aggregate.function.lower())
    return f"{name}({_value(aggregate, columns)})"


def _parts(aggregate: ast.Aggregate, columns: Columns) -> str:
    """What :func:`_added_up` needs of the rows between two anchors."""
    value = _value(aggregate, columns)
    if aggregate.function in ("MIN", "MAX"):
        return f"{_aggregate(aggregate, columns)} AS part"
    if aggregate.function == "COUNT":
        return f"count({value}) AS part"
    return f"fsum({value}) AS part, count({value}) AS known"


def _added_up(aggregate: ast.Aggregate) -> str:
    match aggregate.function:
        case "COUNT":
            return "sum(p.part) OVER w"
        case "SUM":
            return "fsum(p.part) OVER w"
        case "AVG":
            return "fsum(p.part) OVER w / nullif(sum(p.known) OVER w, 0)"
    return f"{aggregate.function.lower()}(p.part) OVER w"
