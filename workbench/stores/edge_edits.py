"""Edge types put into and taken out of a graph in memory: new graphs that share what did not change.

    graph = with_edges(graph, ("users", "follows", "users"), src, dst)
    graph = without_edges(graph, "users-follows->users")

As in every schema, an edge type comes and goes with its way back (``rev_follows``). What is put in is a
folded table without a time: its edges are visible at every anchor, and their ids count them as given.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workbench.errors import IdError, SchemaError, StoreError, expect, explain
from workbench.kernels.check import first_bad_id
from workbench.kernels.csc import csc_from_pairs, no_neighbor
from workbench.schema import Column, EdgeType, ForeignKey, Schema, Stype, Table
from workbench.stores.graph_arrays import EdgeArrays, GraphArrays
from workbench.stores.ram_graph import RamGraph
from workbench.types import AnyArray

SRC, DST = "src", "dst"
"""Columns of a table of put edges."""


def with_edges(graph: RamGraph, edge_type: tuple[str, str, str], src: AnyArray, dst: AnyArray) -> RamGraph:
    """The graph with one more edge type and its way back.

    Parameters
    ----------
    graph : RamGraph  not changed; its other arrays are shared
    edge_type : (src node type, relation, dst node type)  the relation becomes the name of an edge table
    src, dst : integers[edges]  node ids of both ends

    Raises
    ------
    SchemaError
        If a node type is unknown, or the name is taken.
    IdError
        If the ends differ in number, are no integers, or are out of range.
    BudgetError
        If the graph then exceeds its memory budget.
    """
    asked = EdgeType(*edge_type)
    arrays = _ram_graph(graph).arrays
    schema = _schema_with(arrays.schema, asked)
    ends = [_checked(arrays, asked, name, ids) for name, ids in ((asked.src, src), (asked.dst, dst))]
    if len(ends[0]) != len(ends[1]):
        got = f"got {len(ends[0]):,} src ids and {len(ends[1]):,} dst ids"
        raise IdError(explain(f"edges of type '{asked}' were put", got, "one of each an edge"))
    forward, back = (spec.edge_type for spec in schema.edge_specs if spec.table == asked.rel)
    edges = dict(arrays.edges)
    for name, from_ids, to_ids in ((forward, ends[0], ends[1]), (back, ends[1], ends[0])):
        edges[name] = EdgeArrays.side_by_side(*csc_from_pairs(from_ids, to_ids, arrays.num_rows[name.dst]))
    # Edges without a time follow only nodes without one: the others are filtered by their own time.
    follow = {str(name) for name in (forward, back) if arrays.times[name.src] is None}
    changed = replace(
        arrays,
        schema=schema,
        num_rows={**arrays.num_rows, asked.rel: len(ends[0])},
        times={**arrays.times, asked.rel: None},
        edges={name: edges[name] for name in schema.edge_types},
        edges_follow_nodes=arrays.edges_follow_nodes | follow,
    )
    return RamGraph(changed, graph.memory_budget, graph.snapshot)


def without_edges(graph: RamGraph, edge_type: str | tuple[str, str, str]) -> RamGraph:
    """The graph without an edge type and its way back; nodes stay, and so does the source on disk.

    Raises
    ------
    SchemaError
        If there is no such edge type.
    """
    arrays = _ram_graph(graph).arrays
    spec = arrays.schema.edge_spec(arrays.schema.edge_type(edge_type))
    folded = spec.layout == "edges"
    schema = (
        arrays.schema.drop_table(spec.table)
        if folded
        else arrays.schema.unlink(spec.table, str(spec.dst_column or spec.src_column))
    )
    kept = {table.name for table in schema}
    changed = replace(
        arrays,
        schema=schema,
        num_rows={name: rows for name, rows in arrays.num_rows.items() if name in kept},
        times={name: times for name, times in arrays.times.items() if name in kept},
        ends={name: ends for name, ends in arrays.ends.items() if name in kept},
        edges={name: arrays.edges[name] for name in schema.edge_types},
        edges_follow_nodes=arrays.edges_follow_nodes & {str(name) for name in schema.edge_types},
    )
    return RamGraph(changed, graph.memory_budget, graph.snapshot)


def _ram_graph(graph: RamGraph) -> RamGraph:
    expect(graph, RamGraph, StoreError, "an edit of a graph's edges", "Only a graph in memory can be edited")
    return graph


def _schema_with(schema: Schema, asked: EdgeType) -> Schema:
    """The schema with an edge table for the edge type."""
    if not isinstance(asked.rel, str) or not asked.rel:
        got = f"the relation is {asked.rel!r}"
        raise SchemaError(explain(f"edges of type '{asked}' were put", got, "a name: it becomes a table's"))
    for name in (asked.src, asked.dst):
        if name not in schema.node_types:
            got, allowed = f"{name!r} is no node type", ", ".join(schema.node_types)
            raise SchemaError(explain(f"edges of type '{asked}' were put", got, allowed))
    keys = (ForeignKey(SRC, asked.src), ForeignKey(DST, asked.dst))
    columns = (Column(SRC, Stype.ID), Column(DST, Stype.ID))
    table = Table(asked.rel, columns, None, None, None, keys, (SRC, DST))
    back = EdgeType(asked.dst, f"rev_{asked.rel}", asked.src)
    taken = [str(name) for name in (asked, back) if name in schema.edge_types]
    if asked.rel in schema or taken:
        got = f"{taken[0] if taken else f'a table {asked.rel!r}'} is there already"
        do = "Take another name for the relation, or remove that edge type first"
        raise SchemaError(explain(f"edges of type '{asked}' were put", got, do=do))
    return schema.with_table(table)


def _checked(arrays: GraphArrays, asked: EdgeType, node_type: str, given: AnyArray) -> AnyArray:
    ids, nodes = np.asarray(given), arrays.num_rows[node_type]
    said = f"edges of type '{asked}' were put"
    if ids.ndim != 1 or (len(ids) and ids.dtype.kind not in "iu"):
        raise IdError(explain(said, f"got ids of {ids.dtype} in shape {ids.shape}", "integers, in one row"))
    if len(ids) >= min(no_neighbor(np.uint32), np.iinfo(arrays.id_dtype).max):
        raise IdError(explain(said, f"got {len(ids):,} edges", f"edge ids that {arrays.id_dtype} can hold"))
    place = first_bad_id(ids.astype(np.int64), nodes, -(2**63))
    if place >= 0:
        raise IdError(explain(said, f"id {place} of {node_type!r} is {ids[place]}", f"0 .. {nodes - 1}"))
    return np.ascontiguousarray(ids, arrays.id_dtype)
