"""One aggregate of a query as SQL: key of the entity, number n of the anchor, value.

    WINDOW       facts JOIN anchors ON low < time <= high GROUP BY key, n
    RUNNING      -INF .. end: each fact is counted once, at the first anchor that sees it, and the parts
                 are added up from anchor to anchor; a row stands only where something changed
    FIXED        no window: facts GROUP BY key, the same at every anchor; no n

A window joins each fact to every anchor that it lies in. From the beginning of time on that would be
facts x anchors, so such aggregates run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

import pyarrow as pa

from workbench.query import ast
from workbench.query.aggregate_sql import added_up, aggregate_sql, parts_sql, value_sql
from workbench.query.existence import existence
from workbench.query.expressions import Columns, instant_sql, render, time_sql
from workbench.query.kinds import ColumnTypes, Kind, kind_of
from workbench.query.resolved import ResolvedQuery, Source
from workbench.schema import Table
from workbench.stores.sql import ROW, quote_name


class Shape(Enum):
    """How an aggregate is computed for many anchors at once."""

    WINDOW = "window"
    RUNNING = "running"
    FIXED = "fixed"


def shape_of(source: Source, query: ResolvedQuery) -> Shape:
    """How a source of a query is computed.

    What is read as of the anchor changes from anchor to anchor: a time that is later than the anchor
    is unknown, and a row of a table between is a link only once it is there. That needs a window.
    """
    if query.static or source.start is not None or source.aggregate.steps > 1:
        return Shape.FIXED if query.static else Shape.WINDOW
    if source.looks_back and _changes(source, query.types):
        return Shape.WINDOW
    return Shape.FIXED if source.end is None else Shape.RUNNING


def _changes(source: Source, types: ColumnTypes) -> bool:
    read = [part.column for part in ast.walk(source.aggregate) if isinstance(part, ast.ColumnRef)]
    others = [name for name in read if name not in ("*", source.time)]
    timed = any(kind_of(types[source.table][name]) is Kind.TIME for name in others)
    return timed or any(table.time is not None for table, _ in source.path[1:])


def source_sql(source: Source, i: int, anchors: str, bounds: pa.Table, query: ResolvedQuery) -> str:
    """The statement for source ``i`` of a query.

    Parameters
    ----------
    source : Source
    i : int  its columns of the table of anchors are ``low<i>`` and ``high<i>``
    anchors : str  name of the table of anchors
    bounds : pyarrow.Table  that table
    query : ResolvedQuery
    """
    shape, types = shape_of(source, query), query.types[source.table]
    as_of = "a.anchor" if source.looks_back and shape is Shape.WINDOW else None
    columns = Columns("f", types, {}, as_of)
    joined, key = _along(source, query.types, as_of)
    if source.ranked is not None:
        joined += _candidates(source, source.ranked, query)
    where = [f"{key} IS NOT NULL", *_limits(source, i, bounds, types, query.static)]
    if source.aggregate.where is not None:
        where.append(render(source.aggregate.where, columns))
    kept = " AND ".join(f"({w})" for w in where)
    value, order = value_sql(source, columns), _order(source, types)
    facts, known = f"{quote_name(source.table)} AS f", quote_name(anchors)
    if shape is Shape.FIXED:
        found = aggregate_sql(source.aggregate, value, order)
        return f"SELECT {key} AS key, {found} AS value FROM {facts}{joined} WHERE {kept} GROUP BY {key}"
    if shape is Shape.RUNNING:
        # Of anchors whose windows end together (months are cut short) the first one counts.
        ends = f"SELECT min(a.n) AS n, a.high{i} AS high FROM {known} AS a GROUP BY a.high{i}"
        seen = f"{facts}{joined} ASOF JOIN ({ends}) AS b ON {_time(source, types)} <= b.high WHERE {kept}"
        return (
            f"SELECT p.key AS key, p.n AS n, {added_up(source.aggregate)} AS value FROM "
            f"({parts_sql(source.aggregate, key, value, order, seen)}) AS p "
            "WINDOW w AS (PARTITION BY p.key ORDER BY p.n)"
        )
    on = [f"{_time(source, types)} <= a.high{i}"] if source.end is not None else []
    on += [f"{_time(source, types)} > a.low{i}"] if source.start is not None else []
    found = aggregate_sql(source.aggregate, value, order)
    # The anchors come first: whether a row along the path is there depends on them.
    return (
        f"SELECT {key} AS key, a.n AS n, {found} AS value FROM {facts} "
        f"JOIN {known} AS a ON {' AND '.join(on) or 'TRUE'}{joined} WHERE {kept} GROUP BY {key}, a.n"
    )


def _along(source: Source, types: ColumnTypes, as_of: str | None) -> tuple[str, str]:
    """Joins along the path to the entity, and the column that holds the entity's key."""
    joins, key = "", f"f.{quote_name(source.path[0][1])}"
    for hop, (table, column) in enumerate(source.path[1:], 1):
        alias = f"via{hop}"
        on = [f"{alias}.{quote_name(table.primary_key or ROW)} = {key}"]
        if as_of is not None:
            on += [f"({each})" for each in existence(table, types[table.name], alias, None, as_of)]
        joins += f" JOIN {quote_name(table.name)} AS {alias} ON {' AND '.join(on)}"
        key = f"{alias}.{quote_name(column)}"
    return joins, key


def _candidates(source: Source, table: Table, query: ResolvedQuery) -> str:
    """The join that turns keys into row ids, of rows that can be ranked: they exist at the anchor."""
    column = next(iter(source.aggregate.columns)).column
    on = [f"c.{quote_name(table.primary_key or ROW)} = f.{quote_name(column)}"]
    on += [f"({each})" for each in existence(table, query.types[table.name], "c", "a.anchor", "a.visible")]
    return f" JOIN {quote_name(table.name)} AS c ON {' AND '.join(on)}"


def _time(source: Source, types: Mapping[str, str]) -> str:
    """When a row of the aggregated table happened."""
    name = source.time or ""
    return time_sql(f"f.{quote_name(name)}", types[name])


def _order(source: Source, types: Mapping[str, str]) -> str:
    """What FIRST and LAST go by: time, then the order of the rows."""
    row = f"f.{quote_name(ROW)}"
    return row if source.time is None else f"{_time(source, types)}, {row}"


def _limits(
    source: Source, i: int, bounds: pa.Table, types: Mapping[str, str], static: bool
) -> Iterator[str]:
    """Constant limits let DuckDB skip the row groups outside: tables are stored in time order."""
    if source.time is None:
        return
    time = _time(source, types)
    if source.end is None:
        yield f"{time} IS NOT NULL"
    elif len(bounds) and not static:
        yield f"{time} <= {instant_sql(max(bounds[f'high{i}'].cast(pa.int64()).to_pylist()))}"
        if source.start is not None:
            yield f"{time} > {instant_sql(min(bounds[f'low{i}'].cast(pa.int64()).to_pylist()))}"
