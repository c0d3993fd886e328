"""networkx graphs as the parts of a graph: attributes become columns, missing where a node has none.

A directed edge (u, v) is stored once, its reverse is an edge type of its own. An undirected edge between
nodes of one type is stored in both directions, as PyG does, so that one edge type reaches every
neighbour; between two types it is stored once, from the type that was met first. Parallel edges are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from numbers import Integral
from typing import Any

import pyarrow as pa

from workbench.errors import TableError, explain
from workbench.ingestion.graph_parts import Attribute, Attributes, Edges, GraphParts, Nodes, as_column
from workbench.ingestion.pyg_source import EDGES, NODES
from workbench.schema import EdgeType

_End = tuple[Any, Any, Mapping[Any, Any]]
"""An edge as (u, v, its attributes)."""


def networkx_parts(graph: Any, node_type: str | None, edge_type: str | None) -> GraphParts:
    """The nodes and edges of a ``Graph``, ``DiGraph``, ``MultiGraph`` or ``MultiDiGraph``.

    Parameters
    ----------
    node_type, edge_type : str or None
        Attribute that holds the type of a node or edge; None: there is one type.

    Raises
    ------
    TableError
        If a node or edge lacks its type, keys are neither all integers nor all texts, or the values of
        an attribute are of several types.
    """
    types = {node: _type_of(f"node {node!r}", own, node_type, NODES) for node, own in graph.nodes(data=True)}
    by_type: dict[str, dict[Hashable, Mapping[Any, Any]]] = {}
    for node, own in graph.nodes(data=True):
        by_type.setdefault(types[node], {})[node] = own
    if not by_type:
        raise TableError(explain("a networkx graph was read", "it has no nodes", "one node or more"))
    nodes = [
        Nodes(name, _keys(list(members), name), _columns(members.values(), name, node_type))
        for name, members in by_type.items()
    ]
    rank = {name: number for number, name in enumerate(by_type)}
    grouped: dict[EdgeType, list[_End]] = {}
    for u, v, own in graph.edges(data=True):
        rel = _type_of(f"edge {(u, v)!r}", own, edge_type, EDGES)
        for end in _directions(u, v, own, types, rank, directed=graph.is_directed()):
            grouped.setdefault(EdgeType(types[end[0]], rel, types[end[1]]), []).append(end)
    if not grouped:
        raise TableError(explain("a networkx graph was read", "it has no edges", "one edge or more"))
    kinds = {part.name: part.keys.type for part in nodes}
    edges = [_edges(triplet, ends, kinds, edge_type) for triplet, ends in grouped.items()]
    return GraphParts(nodes, edges)


def _directions(
    u: Any,
    v: Any,
    own: Mapping[Any, Any],
    types: Mapping[Any, str],
    rank: Mapping[str, int],
    *,
    directed: bool,
) -> list[_End]:
    """The rows that an edge becomes."""
    if directed or u == v:
        return [(u, v, own)]
    if types[u] == types[v]:
        return [(u, v, own), (v, u, own)]
    return [(u, v, own) if rank[types[u]] < rank[types[v]] else (v, u, own)]


def _type_of(what: str, own: Mapping[Any, Any], attribute: str | None, default: str) -> str:
    if attribute is None:
        return default
    if own.get(attribute) is None:
        has = ", ".join(map(str, own)) or "no attributes at all"
        raise TableError(explain(f"the type of {what} was read", f"it has no attribute {attribute!r}", has))
    return str(own[attribute])


def _edges(
    triplet: EdgeType, ends: list[_End], kinds: Mapping[str, pa.DataType], edge_type: str | None
) -> Edges:
    src, dst = (pa.array([end[side] for end in ends], kinds[triplet[2 * side]]) for side in (0, 1))
    return Edges(triplet, src, dst, _columns([end[2] for end in ends], str(triplet), edge_type))


def _keys(nodes: list[Any], name: str) -> pa.Array:
    whole = all(isinstance(node, Integral) and not isinstance(node, bool) for node in nodes)
    if whole or all(isinstance(node, str) for node in nodes):
        return as_column(nodes, f"{name} (its nodes)")
    kinds = sorted({type(node).__name__ for node in nodes})
    raise TableError(
        explain(
            f"nodes of type {name!r} were read",
            f"they are of the types {', '.join(kinds)}",
            "all integers, or all texts",
            "Relabel them with networkx.convert_node_labels_to_integers(graph, label_attribute='name')",
        )
    )


def _columns(members: Iterable[Mapping[Any, Any]], owner: str, type_attribute: str | None) -> Attributes:
    """Columns of all attributes that any member has, in order of appearance; not the type's own."""
    rows = list(members)
    names = dict.fromkeys(name for row in rows for name in row if name != type_attribute)
    again = [name for name, count in Counter(map(str, names)).items() if count > 1]
    if again:
        got, do = f"several of {owner} would be the column {again[0]!r}", "Name attributes by texts"
        raise TableError(explain("attributes of a networkx graph were read", got, "one name each", do))
    return {
        str(name): Attribute(as_column([_plain(row.get(name)) for row in rows], f"{owner}.{name}"))
        for name in names
    }


def _plain(value: Any) -> Any:
    """Arrow takes lists, not tuples of numbers or sets."""
    return list(value) if isinstance(value, (tuple, set, frozenset)) else value
