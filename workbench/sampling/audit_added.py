"""Asked of edges beside the drawn ones: that they are those that the form of subgraph adds, each once.

Of ``bidirectional`` subgraphs the drawn edges tell, which are held against the source tables by
themselves. Of ``induced`` ones the source tables tell: every row that joins two nodes of a lane is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.sampling.audit_chunk import Chunk, Edges, Fault
from workbench.sampling.audit_edges import check_edges, ended, later, linked
from workbench.sampling.audit_shape import told
from workbench.schema import EdgeType
from workbench.stores.sql import ROW, quote_name
from workbench.stores.steps import ALL, FORMS, Step, both_ways
from workbench.types import BoolArray, Int64Array


def check_added(connection: Any, chunk: Chunk) -> Iterator[Fault]:
    """Every fault of the edges that were added, and of those that were not."""
    for edge_type, added in chunk.added.items():
        yield from _shape(chunk, edge_type, added)
        if chunk.plan.subgraph == FORMS[1]:
            yield from _ways_back(connection, chunk, edge_type, added)
        if chunk.plan.subgraph == FORMS[2]:
            everything = np.ones(len(added), np.bool_)
            rule = Step(1, edge_type, ALL)
            yield from check_edges(
                connection, replace(chunk, edges=chunk.added), edge_type, rule, everything
            )[0]
            yield from _missing(connection, chunk, edge_type, added)


def _shape(chunk: Chunk, edge_type: EdgeType, added: Edges) -> Iterator[Fault]:
    """What an added edge says of itself: its lane, its hop, no metapaths; and that it is there once."""
    src, dst = chunk.nodes[edge_type.src], chunk.nodes[edge_type.dst]
    strays = src.lane[added.src] != dst.lane[added.dst]
    yield from told(str(edge_type), added.hop, "added edge between the subgraphs of two seeds", strays)
    due = np.maximum(np.maximum(src.hop[added.src], dst.hop[added.dst]), 1)
    yield from told(str(edge_type), added.hop, "added edge is not of the hop of its ends", added.hop != due)
    yield from told(str(edge_type), added.hop, "added edge has metapaths", added.paths != 0)
    known = _triples(chunk.edges.get(edge_type))
    own = _triples(added)
    _, place, counts = np.unique(own, axis=0, return_inverse=True, return_counts=True)
    again = (counts[place.reshape(-1)] > 1) | _among(own, known)
    yield from told(str(edge_type), added.hop, "added edge is there already", again)
    if chunk.plan.cutoff == "path" and chunk.plan.subgraph == FORMS[2]:
        late = src.cutoff[added.src] > dst.cutoff[added.dst]
        yield from told(str(edge_type), added.hop, "added edge comes from a later cutoff", late)


def _ways_back(connection: Any, chunk: Chunk, edge_type: EdgeType, added: Edges) -> Iterator[Fault]:
    """An added edge turns a drawn one round, and each is turned round but those into unseen seeds."""
    back = both_ways(chunk.schema, edge_type)[1:]
    turned = np.concatenate([_triples(chunk.edges.get(name))[:, [1, 0, 2]] for name in back])
    hops = [chunk.edges[name].hop for name in back if name in chunk.edges]
    own = _triples(added)
    yield from told(str(edge_type), added.hop, "added edge is no way back", ~_among(own, turned))
    there = np.concatenate([own, _triples(chunk.edges.get(edge_type))])
    drawn_at = np.concatenate([*hops, added.hop[:0]])
    late, over = _unseen_seeds(connection, chunk, edge_type.src)
    due = ~(late | over)[turned[:, 0]]
    yield from told(str(edge_type), drawn_at, "way back is missing", due & ~_among(turned, there))
    yield from told(str(edge_type), added.hop, "source node later than the anchor", late[added.src])
    yield from told(str(edge_type), added.hop, "source node ended by the anchor", over[added.src])


def _unseen_seeds(connection: Any, chunk: Chunk, name: str) -> tuple[BoolArray, BoolArray]:
    """(bool[n], bool[n]): joint seeds that had not begun, and that had ended, by what all of the lane see."""
    nodes, schema = chunk.nodes[name], chunk.schema
    unseen = np.zeros((2, len(nodes)), np.bool_)
    if not chunk.plan.disjoint:
        connection.register("e", _nodes(chunk, name))
        for mask, bad in zip(
            unseen, (later(schema, name, "s", "sees"), ended(schema, name, "s")), strict=True
        ):
            found = connection.execute(
                f"SELECT e.place FROM e JOIN {quote_name(name)} s ON s.{ROW} = e.id WHERE e.hop = 0 AND {bad}"
            ).fetchnumpy()["place"]
            mask[np.asarray(found, np.int64)] = True
        connection.unregister("e")
    return unseen[0], unseen[1]


def _missing(connection: Any, chunk: Chunk, edge_type: EdgeType, added: Edges) -> Iterator[Fault]:
    """Edges among the nodes that the source tables have and the subgraph does not."""
    there = np.concatenate([_triples(added), _triples(chunk.edges.get(edge_type))])
    tables = {
        "e": _nodes(chunk, edge_type.dst),
        "f": _nodes(chunk, edge_type.src),
        "there": pa.table(dict(zip(("src", "dst", "eid"), there.T.copy(), strict=True))),
        "veils": _veils(chunk, edge_type),
    }
    for name, table in tables.items():
        connection.register(name, table)
    due = _due(chunk, edge_type)
    rows = connection.execute(
        f"SELECT hop, count(*), min(eid) FROM ({due}) ANTI JOIN there USING (src, dst, eid) GROUP BY hop"
    ).fetchall()
    for name in tables:
        connection.unregister(name)
    for hop, count, row in rows:
        yield str(edge_type), int(hop), "edge among the nodes is missing", int(count), f"edge row {row}"


def _due(chunk: Chunk, edge_type: EdgeType) -> str:
    """SQL of every edge between nodes of one lane that is visible to its dst: src, dst, eid, hop."""
    schema, spec = chunk.schema, chunk.schema.edge_spec(edge_type)
    src, _, dst = edge_type
    row = f"t.{ROW}"
    gone = [later(schema, spec.table, "t", "sees"), ended(schema, spec.table, "t")]
    gone += [later(schema, src, "s", "sees"), ended(schema, src, "s")]
    return (
        f"SELECT f.place AS src, e.place AS dst, {row} AS eid, greatest(1, e.hop, f.hop) AS hop "
        f"FROM e JOIN {quote_name(dst)} d ON d.{ROW} = e.id "
        f"JOIN {quote_name(spec.table)} t ON {linked(schema, spec.dst_column, dst, 'd', row)} "
        f"JOIN {quote_name(src)} s ON {linked(schema, spec.src_column, src, 's', row)} "
        f"JOIN f ON f.id = s.{ROW} AND f.lane = e.lane AND f.cutoff <= e.cutoff "
        f"ANTI JOIN veils ON veils.lane = e.lane AND veils.row = {row} "
        f"WHERE NOT ({' OR '.join(gone)})"
    )


def _nodes(chunk: Chunk, name: str) -> pa.Table:
    nodes = chunk.nodes[name]
    return pa.table(
        {
            "place": np.arange(len(nodes)),
            "lane": nodes.lane,
            "id": nodes.ids,
            "hop": nodes.hop,
            "cutoff": nodes.cutoff,
            "sees": nodes.cutoff,
        }
    )


def _veils(chunk: Chunk, edge_type: EdgeType) -> pa.Table:
    lanes, rows = chunk.hidden.get(edge_type, (np.empty(0, np.int64),) * 2)
    return pa.table({"lane": lanes, "row": rows})


def _triples(edges: Edges | None) -> Int64Array:
    """int64[m, 3]: src, dst, edge row."""
    if edges is None:
        return np.empty((0, 3), np.int64)
    return np.stack([edges.src, edges.dst, edges.eid], axis=1)


def _among(rows: Int64Array, others: Int64Array) -> BoolArray:
    """bool[n]: which rows are among others."""
    _, place = np.unique(np.concatenate([others, rows]), axis=0, return_inverse=True)
    place = place.reshape(-1)
    return np.isin(place[len(others) :], place[: len(others)])
