"""Asked of every edge by itself, in SQL: that it exists, was visible, and that its step may draw it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from workbench.sampling.audit_chunk import Chunk, Edges, Fault
from workbench.sampling.audit_sql import clock_of, end_of, key_of, low_of, weight_of, window_of
from workbench.schema import EdgeSpec, EdgeType, Schema
from workbench.stores.sql import ROW, quote_name
from workbench.stores.steps import Step
from workbench.temporal import FOREVER
from workbench.types import BoolArray


def check_edges(
    connection: Any, chunk: Chunk, edge_type: EdgeType, step: Step, mask: BoolArray
) -> tuple[list[Fault], int]:
    """Hold some edges of a type against the source tables and the rule of a step.

    Parameters
    ----------
    mask : bool[m]  edges that follow this rule

    Returns
    -------
    list of Fault, int
        And the number of edges whose own time or end a static step waives.
    """
    if not mask.any():
        return [], 0
    spec = chunk.schema.edge_spec(edge_type)
    connection.register("sampled", _table(chunk, edge_type, mask))
    by_path = chunk.plan.cutoff == "path"
    kinds = _faults(chunk.schema, spec, step, "cutoff of its path" if by_path else "anchor")
    late = f"({later(chunk.schema, spec.table, 't', 'sees')} OR {ended(chunk.schema, spec.table, 't')})"
    counts = ", ".join(f"count(*) FILTER (WHERE {fault})" for fault in kinds.values())
    source = _joined(chunk.schema, spec, step)
    rows = connection.execute(
        f"SELECT e.hop, {counts}, count(*) FILTER (WHERE {late}) FROM {source} GROUP BY e.hop"
    ).fetchall()
    faults = []
    for hop, *numbers in rows:
        for kind, count in zip(kinds, numbers, strict=False):
            if count:
                example = _example(connection, source, f"e.hop = {hop} AND ({kinds[kind]})")
                faults.append((str(edge_type), int(hop), kind, int(count), example))
    connection.unregister("sampled")
    return faults, 0 if step.temporal else sum(int(row[-1]) for row in rows)


def _table(chunk: Chunk, edge_type: EdgeType, mask: BoolArray) -> pa.Table:
    """g, hop, src, dst, eid, sees (what the expanded node sees), known (what it may be itself), hidden."""
    edges: Edges = chunk.edges[edge_type].kept(mask)
    src, dst = chunk.nodes[edge_type.src], chunk.nodes[edge_type.dst]
    at = dst.cutoff[edges.dst]
    # A seed is given, not drawn: its own row may be of the anchor's instant. A node on a path was visible to
    # its parent, whose cutoff was later; that was asked of the edge that led to it.
    known = np.where(dst.hop[edges.dst] == 0, chunk.anchors[dst.lane[edges.dst]], at)
    if chunk.plan.cutoff == "path":
        known = np.where(dst.hop[edges.dst] == 0, known, FOREVER)
    return pa.table(
        {
            "g": edges.graph,
            "hop": edges.hop,
            "src": src.ids[edges.src],
            "dst": dst.ids[edges.dst],
            "eid": edges.eid,
            "sees": at,
            "known": known,
            "hidden": chunk.veiled(edge_type)[mask],
        }
    )


def _joined(schema: Schema, spec: EdgeSpec, step: Step) -> str:
    """Sampled edges ``e`` beside their fact row ``t``, source node ``s`` and destination node ``d``."""
    tables = (("t", spec.table, "eid"), ("s", spec.edge_type.src, "src"), ("d", spec.edge_type.dst, "dst"))
    joins = " ".join(
        f"LEFT JOIN (SELECT {_needed(schema, name, step.weight if alias == 't' else None)} "
        f"FROM {quote_name(name)}) {alias} ON {alias}.{ROW} = e.{column}"
        for alias, name, column in tables
    )
    return f"sampled e {joins}"


def _needed(schema: Schema, name: str, weight: str | None) -> str:
    """Columns of a table that an audit reads: row id, keys, times, weight."""
    table = schema[name]
    keys = (key.column for key in table.foreign_keys)
    names = [table.primary_key, table.time, table.end_time, *keys, weight]
    return ", ".join([ROW, *(quote_name(column) for column in dict.fromkeys(names) if column)])


def _faults(schema: Schema, spec: EdgeSpec, step: Step, limit: str) -> dict[str, str]:
    """Kind -> SQL condition that is true where the edge has that fault."""
    src, _, dst = spec.edge_type
    keyed = f"{linked(schema, spec.src_column, src, 's')} AND {linked(schema, spec.dst_column, dst, 'd')}"
    faults = {
        "no such row": f"t.{ROW} IS NULL OR s.{ROW} IS NULL OR d.{ROW} IS NULL",
        "keys differ": f"NOT coalesce({keyed}, false)",
        f"source node later than the {limit}": later(schema, src, "s", "sees"),
        f"source node ended by the {limit}": ended(schema, src, "s"),
        f"expanded node later than the {limit}": later(schema, dst, "d", "known"),
        "edge was hidden from its seed": "e.hidden",
    }
    if step.temporal:
        faults[f"edge later than the {limit}"] = later(schema, spec.table, "t", "sees")
        faults[f"edge ended by the {limit}"] = ended(schema, spec.table, "t")
    window = window_of(schema, spec, step)
    if window is not None:
        clock = clock_of(schema, spec.table, "t")
        faults["edge before the look-back window"] = f"coalesce({clock} <= {low_of('e.sees', window)}, false)"
    weight = weight_of(step, "t")
    if weight is not None:
        faults["edge of weight 0"] = f"NOT coalesce({weight} > 0, false)"
    return faults


def linked(schema: Schema, column: str | None, table: str, alias: str, row: str = "e.eid") -> str:
    """One end of the edge: its raw key is the node's key, or the node is the fact row itself."""
    if column is None:
        return f"{row} = {alias}.{ROW}"
    return f"t.{quote_name(column)} = {key_of(schema, table, alias)}"


def later(schema: Schema, table: str, alias: str, limit: str) -> str:
    """True where the row has not begun by then, or has no time in a timed table."""
    if schema[table].time is None:
        return "false"
    return f"NOT coalesce({clock_of(schema, table, alias)} <= e.{limit}, false)"


def ended(schema: Schema, table: str, alias: str) -> str:
    """True where the row was over by then; a row without an end never is."""
    end = end_of(schema, table, alias)
    return "false" if end is None else f"coalesce({end} <= e.sees, false)"


def _example(connection: Any, source: str, fault: str) -> str:
    one = connection.execute(
        f"SELECT e.g, e.src, e.dst, e.eid, e.sees FROM {source} WHERE {fault} LIMIT 1"
    ).fetchall()[0]
    return "subgraph {}, source row {}, expanded row {}, edge row {}, anchor {} us".format(*one)
