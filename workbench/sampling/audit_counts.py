"""Asked of every expanded node, in SQL: that it drew what its step allows, no more, no less, the latest.

How many neighbours a node could see is read off the source tables: by rank where "visible"
is a beginning of the node's rows, else (windows, ends, hidden edges, mixed orders) by looking at each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from workbench.sampling.audit_chunk import Chunk, Fault
from workbench.sampling.audit_sql import clock_of, end_of, key_of, low_of, weight_of, window_of
from workbench.sampling.audit_steps import Share
from workbench.schema import EdgeSpec, Schema
from workbench.stores.sql import ROW, quote_name
from workbench.stores.steps import ALL, Step, Strategy
from workbench.temporal import BEGINNING

NEGLIGIBLE = 500
"""Half-lives after which an edge weighs so little that a decaying draw may never find it."""


def check_draws(connection: Any, chunk: Chunk, share: Share) -> list[Fault]:
    """Compare what each expanded node drew along a step with what it could have drawn."""
    step, schema = share.step, chunk.schema
    spec = schema.edge_spec(step.edge_type)
    connection.register("sampled", _edges(chunk, share))
    connection.register("frontier", _frontier(chunk, share))
    _register_hidden(connection, chunk, share)
    connection.execute("CREATE OR REPLACE TEMP TABLE pairs AS SELECT DISTINCT node, sees, veil FROM frontier")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE stored AS {_stored(schema, spec, step)}")
    offered = _by_rank(step) if _ordered(connection, schema, spec, step) else _by_scan(schema, spec, step)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE offered AS {offered}")
    merges = chunk.plan.by_path and not chunk.plan.tree
    faults = _judge(connection, step, _verdicts(step, merges, chunk.plan.cutoff == "path"))
    for name in ("sampled", "frontier", "veils"):
        connection.unregister(name)
    return faults


def _judge(connection: Any, step: Step, verdicts: dict[str, str]) -> list[Fault]:
    counts = ", ".join(f"count(*) FILTER (WHERE {fault})" for fault in verdicts.values())
    row = connection.execute(f"SELECT {counts} FROM ({_DRAWN})").fetchall()[0]
    faults: list[Fault] = []
    for kind, found in zip(verdicts, row, strict=True):
        if found:
            one = connection.execute(
                f"SELECT g, node, sees, drawn, n FROM ({_DRAWN}) WHERE {verdicts[kind]} LIMIT 1"
            ).fetchall()[0]
            example = "subgraph {}, expanded row {}, anchor {} us: drew {} of {} visible".format(*one)
            faults.append((str(step.edge_type), step.hop, kind, int(found), example))
    return faults


def _edges(chunk: Chunk, share: Share) -> pa.Table:
    """Edges that the step may have drawn: place of the expanded node, edge row, whether it must have."""
    edges = chunk.edges[share.step.edge_type].kept(share.edges)
    return pa.table({"place": edges.dst, "eid": edges.eid, "sure": share.sure_edges[share.edges]})


def _frontier(chunk: Chunk, share: Share) -> pa.Table:
    """Nodes that the step may have expanded.

    ``sure``: it must have, and no budget cut the draws of the lane. ``veil``: names the lane's hidden
    edges; 0 where it has none.
    """
    nodes = chunk.nodes[share.step.edge_type.dst]
    places = np.flatnonzero(share.nodes)
    lanes = nodes.lane[places]
    hidden = chunk.hidden.get(share.step.edge_type, (np.empty(0, np.int64),) * 2)[0]
    return pa.table(
        {
            "g": nodes.graph[places],
            "place": places,
            "node": nodes.ids[places],
            "sees": nodes.cutoff[places],
            "veil": np.where(np.isin(lanes, hidden), lanes + 1, 0),
            "sure": share.sure_nodes[places] & (chunk.dropped[lanes] == 0),
        }
    )


def _register_hidden(connection: Any, chunk: Chunk, share: Share) -> None:
    lanes, rows = chunk.hidden.get(share.step.edge_type, (np.empty(0, np.int64),) * 2)
    connection.register("veils", pa.table({"veil": lanes + 1, "row": rows}))


def _stored(schema: Schema, spec: EdgeSpec, step: Step) -> str:
    """All edges into the expanded nodes.

    Columns: node, row, since and until (of its visibility), clock (the edge's own time), heavy (it weighs
    something).
    """
    src, _, dst = spec.edge_type
    joins, since, until = "", [], []
    if spec.src_column is not None:
        joins += f" JOIN {quote_name(src)} s ON t.{quote_name(spec.src_column)} = {key_of(schema, src, 's')}"
    if spec.dst_column is not None:
        joins += f" JOIN {quote_name(dst)} d ON t.{quote_name(spec.dst_column)} = {key_of(schema, dst, 'd')}"
    own = clock_of(schema, spec.table, "t") if schema[spec.table].time else str(BEGINNING)
    applies = step.temporal or spec.src_column is None  # the row of a fact edge is the neighbour itself
    since.append(own if applies else str(BEGINNING))
    until.append(end_of(schema, spec.table, "t") if applies else None)
    if spec.src_column is not None:
        since += [clock_of(schema, src, "s")] if schema[src].time else []
        until.append(end_of(schema, src, "s"))
    ends = [end for end in until if end is not None]
    known = " AND ".join(f"{clock} IS NOT NULL" for clock in since)
    node = f"t.{ROW}" if spec.dst_column is None else f"d.{ROW}"
    over = f"least({', '.join(ends)})" if ends else "NULL::BIGINT"
    weight = weight_of(step, "t")
    heavy = "true" if weight is None else f"coalesce({weight} > 0, false)"
    return (
        f"SELECT {node} AS node, t.{ROW} AS row, greatest({', '.join(since)}) AS since, {own} AS clock, "
        f"{over} AS until, {heavy} AS heavy "
        f"FROM {quote_name(spec.table)} t{joins} WHERE {known} AND {node} IN (SELECT node FROM pairs)"
    )


def _ordered(connection: Any, schema: Schema, spec: EdgeSpec, step: Step) -> bool:
    """Whether "visible" is a prefix of each node's rows, so that one rank answers for all anchors."""
    if window_of(schema, spec, step) is not None or spec.layout == "column" or step.half_life is not None:
        return False
    return not connection.execute(
        "SELECT (SELECT count(*) FROM (SELECT since, lag(since) OVER (PARTITION BY node ORDER BY row) AS "
        "before FROM stored) WHERE since < before) + (SELECT count(*) FROM stored WHERE until IS NOT NULL) "
        "+ (SELECT count(*) FROM pairs WHERE veil <> 0)"
    ).fetchall()[0][0]


def taken(step: Step, n: str = "n") -> str:
    """How many of ``n`` visible neighbours a step takes without replacement, as SQL."""
    if step.fraction is None:
        return n if step.fanout == ALL else f"least({n}, {step.fanout})"
    share = f"greatest(1, CAST(ceil(CAST('{step.fraction!r}' AS DOUBLE) * {n}) AS BIGINT))"
    return f"least({n}, {share}{'' if step.fanout == ALL else f', {step.fanout}'})"


def _by_rank(step: Step) -> str:
    """For each (node, instant): n visible, heavy ones among them, the oldest row of the latest taken."""
    return f"""
        WITH ranked AS (
          SELECT *, row_number() OVER ids AS rank, count(*) FILTER (WHERE heavy) OVER ids AS strong
          FROM stored WINDOW ids AS (PARTITION BY node ORDER BY row)),
        marks AS (SELECT node, since, max(rank) AS rank, max(strong) AS strong FROM ranked GROUP BY ALL),
        counted AS (SELECT p.*, coalesce(m.rank, 0) AS n, coalesce(m.strong, 0) AS heavy
                    FROM pairs p ASOF LEFT JOIN marks m ON p.node = m.node AND p.sees >= m.since)
        SELECT c.*, r.row AS oldest
        FROM counted c LEFT JOIN ranked r ON r.node = c.node AND r.rank = c.n - {taken(step)} + 1"""


def _by_scan(schema: Schema, spec: EdgeSpec, step: Step) -> str:
    """The same by looking at every edge for every instant."""
    window = window_of(schema, spec, step)
    inside = "" if window is None else f" AND e.clock > {low_of('p.sees', window)}"
    heavy = "s.heavy"
    if step.half_life is not None:
        heavy = f"CAST(s.latest AS DOUBLE) - s.clock < {NEGLIGIBLE * step.half_life}::DOUBLE"
    return f"""
        WITH seen AS (
          SELECT p.*, e.row, e.heavy, e.clock, max(e.clock) OVER pair AS latest, count(*) OVER pair AS n,
                 row_number() OVER (PARTITION BY p.node, p.sees, p.veil ORDER BY e.row DESC) AS back
          FROM pairs p JOIN stored e ON e.node = p.node
          WHERE e.since <= p.sees AND (e.until IS NULL OR e.until > p.sees){inside}
            AND NOT EXISTS (SELECT 1 FROM veils v WHERE v.veil = p.veil AND v.row = e.row)
          WINDOW pair AS (PARTITION BY p.node, p.sees, p.veil))
        SELECT p.node, p.sees, p.veil, coalesce(any_value(s.n), 0) AS n,
               count(*) FILTER (WHERE {heavy}) AS heavy,
               min(s.row) FILTER (WHERE s.back <= {taken(step, "s.n")}) AS oldest
        FROM pairs p LEFT JOIN seen s ON s.node = p.node AND s.sees = p.sees AND s.veil = p.veil
        GROUP BY p.node, p.sees, p.veil"""


_DRAWN = """
    SELECT f.g, f.node, f.sees, f.sure, o.n, o.heavy, o.oldest, coalesce(e.drawn, 0) AS drawn,
           coalesce(e.surely, 0) AS surely, coalesce(e.rows, 0) AS rows,
           coalesce(e.sure_rows, 0) AS sure_rows, e.first
    FROM frontier f LEFT JOIN offered o ON o.node = f.node AND o.sees = f.sees AND o.veil = f.veil
    LEFT JOIN (SELECT place, count(*) AS drawn, count(*) FILTER (WHERE sure) AS surely,
                      count(DISTINCT eid) AS rows, count(DISTINCT eid) FILTER (WHERE sure) AS sure_rows,
                      min(eid) FILTER (WHERE sure) AS first
               FROM sampled GROUP BY place) e ON e.place = f.place"""
"""Every expanded node with what it drew and what it was offered."""


def _verdicts(step: Step, merges: bool, copies: bool) -> dict[str, str]:
    """Kind -> condition. ``merges``: an edge drawn again is not another edge (metapaths).

    ``copies``: a node may be there more than once (cutoffs along the path), so an edge that this step drew
    may lead to another copy of what an earlier one drew.
    """
    needed = f"least({taken(step)}, heavy)"
    if step.replace:
        needed = f"CASE WHEN heavy > 0 THEN {1 if merges else step.fanout} ELSE 0 END"
    verdicts = {"drew fewer than it could": f"sure AND drawn < {needed}"}
    if not step.replace or merges:
        verdicts["drew the same edge twice"] = "sure_rows < surely" if merges and copies else "rows < drawn"
    if step.fanout != ALL:
        verdicts["drew more than the fanout"] = f"surely > {step.fanout}"
    if step.fraction is not None:
        verdicts["drew more than its share"] = f"surely > {taken(step)}"
    if step.strategy == Strategy.RECENT:
        verdicts["did not draw the most recent"] = "first < oldest"
    return verdicts
