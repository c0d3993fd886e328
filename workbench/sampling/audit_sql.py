"""The audit's questions in SQL, over the views of ``Dataset.duckdb`` and edges given as Arrow.

A fault is (edge type, hop, kind, count, example). Times are compared as microseconds, keys as they
stand in the source columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa

from workbench.schema import EdgeSpec, Schema
from workbench.stores.dataset import Dataset
from workbench.stores.sql import ROW, quote_name
from workbench.stores.steps import ALL, Step, Strategy
from workbench.temporal import BEGINNING, FOREVER

Fault = tuple[str, int, str, int, str]


def open_tables(dataset: Dataset) -> closing[Any]:
    """A connection to the source tables that closes itself at the end of a ``with`` block."""
    return closing(dataset.duckdb())


def check_order(connection: Any, schema: Schema) -> Iterator[Fault]:
    """Rows of a table must lie in time order, those without a time last: "recent" relies on it."""
    for table in schema:
        if table.time is None:
            continue
        clock = _clock(schema, table.name, "t")
        found = connection.execute(
            f"SELECT count(*), min(row) FROM (SELECT t.{ROW} AS row, {clock} AS since, "
            f"lag({clock}) OVER (ORDER BY t.{ROW}) AS before FROM {quote_name(table.name)} t) "
            "WHERE row > 0 AND since IS NOT NULL AND NOT coalesce(before <= since, false)"
        ).fetchall()[0]
        if found[0]:
            yield table.name, 0, "rows out of time order", int(found[0]), f"row {found[1]}"


def check_edges(
    connection: Any, schema: Schema, spec: EdgeSpec, steps: Sequence[Step], edges: pa.Table
) -> tuple[list[Fault], int]:
    """Ask of every edge by itself: does it exist, is it visible, does it start where its hop starts.

    Returns
    -------
    list of Fault, int
        And the number of edges whose time a static step waives.
    """
    connection.register("sampled", edges)
    faults, waived = [], 0
    for step in steps:
        kinds = _edge_faults(schema, spec, step)
        late = _later(schema, spec.table, "t")
        counts = ", ".join(f"count(*) FILTER (WHERE {fault})" for fault in kinds.values())
        source = _joined(schema, spec, step.hop)
        row = connection.execute(f"SELECT {counts}, count(*) FILTER (WHERE {late}) FROM {source}").fetchall()[
            0
        ]
        for kind, count in zip(kinds, row, strict=False):
            if count:
                example = _edge_example(connection, source, kinds[kind])
                faults.append((str(spec.edge_type), step.hop, kind, int(count), example))
        waived += 0 if step.temporal else int(row[-1])
    connection.unregister("sampled")
    return faults, waived


def _joined(schema: Schema, spec: EdgeSpec, hop: int) -> str:
    """Sampled edges ``e`` beside their fact row ``t``, source node ``s`` and destination node ``d``."""
    tables = (("t", spec.table, "eid"), ("s", spec.edge_type.src, "src"), ("d", spec.edge_type.dst, "dst"))
    joins = " ".join(
        f"LEFT JOIN (SELECT {_needed(schema, name)} FROM {quote_name(name)}) {alias} "
        f"ON {alias}.{ROW} = e.{column}"
        for alias, name, column in tables
    )
    return f"(SELECT * FROM sampled WHERE hop = {hop}) e {joins}"


def _needed(schema: Schema, name: str) -> str:
    """Columns of a table that an audit reads: row id, keys, time."""
    table = schema[name]
    names = [table.primary_key, table.time, *(key.column for key in table.foreign_keys)]
    return ", ".join([ROW, *(quote_name(column) for column in dict.fromkeys(names) if column)])


def _edge_faults(schema: Schema, spec: EdgeSpec, step: Step) -> dict[str, str]:
    """Kind -> SQL condition that is true where the edge has that fault."""
    src, _, dst = spec.edge_type
    linked = f"{_end(schema, spec.src_column, src, 's')} AND {_end(schema, spec.dst_column, dst, 'd')}"
    faults = {
        "no such row": f"t.{ROW} IS NULL OR s.{ROW} IS NULL OR d.{ROW} IS NULL",
        "keys differ": f"NOT coalesce({linked}, false)",
        "source node later than the anchor": _later(schema, src, "s"),
        "expanded node later than the anchor": _later(schema, dst, "d"),
        "expanded node was not found at the hop before": "e.found <> e.hop - 1",
    }
    if step.temporal:
        faults["edge later than the anchor"] = _later(schema, spec.table, "t")
    if step.temporal and step.window is not None and schema[spec.table].time is not None:
        faults["edge before the look-back window"] = (
            f"coalesce({_clock(schema, spec.table, 't')} <= {_low('e', step.window)}, false)"
        )
    return faults


def _end(schema: Schema, column: str | None, table: str, alias: str) -> str:
    """One end of the edge: its raw key is the node's key, or the node is the fact row itself."""
    if column is None:
        return f"e.eid = {alias}.{ROW}"
    return f"t.{quote_name(column)} = {_key(schema, table, alias)}"


def _key(schema: Schema, table: str, alias: str) -> str:
    key = schema[table].primary_key
    return f"{alias}.{ROW if key is None else quote_name(key)}"


def _clock(schema: Schema, table: str, alias: str) -> str:
    return f"epoch_us(CAST({alias}.{quote_name(schema[table].time or '')} AS TIMESTAMP))"


def _later(schema: Schema, table: str, alias: str) -> str:
    """True where the row is not visible: later than the anchor, or without a time in a timed table."""
    if schema[table].time is None:
        return "false"
    return f"NOT coalesce({_clock(schema, table, alias)} <= e.anchor, false)"


def _low(alias: str, window: int) -> str:
    anchor = f"{alias}.anchor"
    shifted = f"greatest({anchor}, {BEGINNING + window}) - {window}"
    return f"CASE WHEN {anchor} = {FOREVER} THEN {BEGINNING} ELSE {shifted} END"


def _edge_example(connection: Any, source: str, fault: str) -> str:
    one = connection.execute(
        f"SELECT e.g, e.src, e.dst, e.eid, e.anchor FROM {source} WHERE {fault} LIMIT 1"
    ).fetchall()[0]
    return "subgraph {}, source row {}, expanded row {}, edge row {}, anchor {} us".format(*one)


def check_draws(
    connection: Any, schema: Schema, spec: EdgeSpec, step: Step, edges: pa.Table, frontier: pa.Table
) -> list[Fault]:
    """Ask of every expanded node: did it draw what its step allows, no more, no less, and the latest."""
    connection.register("sampled", edges)
    connection.register("frontier", frontier)
    connection.execute("CREATE OR REPLACE TEMP TABLE pairs AS SELECT DISTINCT node, anchor FROM frontier")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE stored AS {_stored(schema, spec, step)}")
    count = _count_by_rank if _ordered(connection, spec, step) else _count_by_scan
    connection.execute(f"CREATE OR REPLACE TEMP TABLE offered AS {count(step)}")
    verdicts = _verdicts(step)
    counts = ", ".join(f"count(*) FILTER (WHERE {fault})" for fault in verdicts.values())
    row = connection.execute(f"SELECT {counts} FROM ({_drawn(step)})").fetchall()[0]
    faults: list[Fault] = []
    for kind, found in zip(verdicts, row, strict=True):
        if found:
            one = connection.execute(
                f"SELECT g, node, anchor, drawn, n FROM ({_drawn(step)}) WHERE {verdicts[kind]} LIMIT 1"
            ).fetchall()[0]
            example = "subgraph {}, expanded row {}, anchor {} us: drew {} of {} visible".format(*one)
            faults.append((str(spec.edge_type), step.hop, kind, int(found), example))
    for name in ("sampled", "frontier"):
        connection.unregister(name)
    return faults


def _stored(schema: Schema, spec: EdgeSpec, step: Step) -> str:
    """All edges into the expanded nodes: node, row, since (visible from), clock (the edge's own time)."""
    src, _, dst = spec.edge_type
    joins, clocks = "", []
    if spec.src_column is not None:
        joins += f" JOIN {quote_name(src)} s ON t.{quote_name(spec.src_column)} = {_key(schema, src, 's')}"
    if spec.dst_column is not None:
        joins += f" JOIN {quote_name(dst)} d ON t.{quote_name(spec.dst_column)} = {_key(schema, dst, 'd')}"
    own = _clock(schema, spec.table, "t") if schema[spec.table].time else str(BEGINNING)
    clocks.append(own if step.temporal or spec.src_column is None else str(BEGINNING))
    if spec.src_column is not None and schema[src].time:
        clocks.append(_clock(schema, src, "s"))
    known = " AND ".join(f"{clock} IS NOT NULL" for clock in clocks)
    node = f"t.{ROW}" if spec.dst_column is None else f"d.{ROW}"
    return (
        f"SELECT {node} AS node, t.{ROW} AS row, greatest({', '.join(clocks)}) AS since, {own} AS clock "
        f"FROM {quote_name(spec.table)} t{joins} WHERE {known} AND {node} IN (SELECT node FROM pairs)"
    )


def _ordered(connection: Any, spec: EdgeSpec, step: Step) -> bool:
    """Whether "visible" is a prefix of each node's rows, so that one rank answers for all anchors."""
    if step.window is not None or spec.layout == "column":
        return False
    return not connection.execute(
        "SELECT count(*) FROM (SELECT since, lag(since) OVER (PARTITION BY node ORDER BY row) AS before "
        "FROM stored) WHERE since < before"
    ).fetchall()[0][0]


def _wanted(step: Step) -> str:
    return "n" if step.fanout == ALL else f"least(n, {step.fanout})"


def _count_by_rank(step: Step) -> str:
    """How many edges each (node, anchor) could see, and the oldest row of the latest ``fanout``."""
    return f"""
        WITH ranked AS (SELECT *, row_number() OVER (PARTITION BY node ORDER BY row) AS rank FROM stored),
        marks AS (SELECT node, since, max(rank) AS rank FROM ranked GROUP BY ALL),
        counted AS (SELECT p.node, p.anchor, coalesce(m.rank, 0) AS n
                    FROM pairs p ASOF LEFT JOIN marks m ON p.node = m.node AND p.anchor >= m.since)
        SELECT c.node, c.anchor, c.n, r.row AS oldest
        FROM counted c LEFT JOIN ranked r ON r.node = c.node AND r.rank = c.n - {_wanted(step)} + 1"""


def _count_by_scan(step: Step) -> str:
    """The same by looking at every edge for every anchor: for windows and mixed orders."""
    inside = "" if step.window is None else f" AND e.clock > {_low('p', step.window)}"
    return f"""
        WITH seen AS (
          SELECT p.node, p.anchor, e.row,
                 row_number() OVER (PARTITION BY p.node, p.anchor ORDER BY e.row DESC) AS back,
                 count(*) OVER (PARTITION BY p.node, p.anchor) AS n
          FROM pairs p JOIN stored e ON e.node = p.node WHERE e.since <= p.anchor{inside})
        SELECT p.node, p.anchor, coalesce(any_value(s.n), 0) AS n,
               min(s.row) FILTER (WHERE s.back <= {_wanted(step)}) AS oldest
        FROM pairs p LEFT JOIN seen s ON s.node = p.node AND s.anchor = p.anchor GROUP BY p.node, p.anchor"""


def _drawn(step: Step) -> str:
    """Every expanded node with what it drew and what it was offered."""
    return f"""
        SELECT f.g, f.node, f.anchor, o.n, o.oldest, coalesce(e.drawn, 0) AS drawn, e.rows, e.first
        FROM frontier f LEFT JOIN offered o ON o.node = f.node AND o.anchor = f.anchor
        LEFT JOIN (SELECT g, local, count(*) AS drawn, count(DISTINCT eid) AS rows, min(eid) AS first
                   FROM sampled WHERE hop = {step.hop} GROUP BY g, local) e
        ON e.g = f.g AND e.local = f.local"""


def _verdicts(step: Step) -> dict[str, str]:
    verdicts = {
        "drew fewer than it could": f"drawn < {_wanted(step)}",
        "drew the same edge twice": "rows < drawn",
    }
    if step.fanout != ALL:
        verdicts["drew more than the fanout"] = f"drawn > {step.fanout}"
    if step.strategy == Strategy.RECENT:
        verdicts["did not draw the most recent"] = "first < oldest"
    return verdicts
