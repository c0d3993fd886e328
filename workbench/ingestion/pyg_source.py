"""PyG's ``Data`` and ``HeteroData`` as the parts of a graph; tensors are read through numpy.

    x, other float matrices  -> a list column: an embedding     edge_index -> the two keys of an edge table
    vectors, lists           -> a column, typed by its values   edge_attr  -> like x, of the edge table

Nodes are keyed by their position. Which attribute belongs to nodes and which to edges is PyG's own
``is_node_attr`` and ``is_edge_attr``; what belongs to neither is left out, and said.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import TableError, explain
from workbench.ingestion.graph_parts import Attribute, Attributes, Edges, GraphParts, Nodes, as_column
from workbench.schema import EdgeType, Stype
from workbench.types import AnyArray, Int64Array

NODES, EDGES = "nodes", "edges"
"""Tables of a homogeneous graph, whose types have no names."""

_STRUCTURE = ("edge_index", "num_nodes", "adj", "adj_t")


def pyg_parts(data: Any) -> GraphParts:
    """The nodes and edges of a ``Data`` or ``HeteroData``.

    Raises
    ------
    TableError
        If a number of nodes is not known, an edge index is missing or points outside, or an attribute is
        no vector or matrix of numbers.
    """
    notes: list[str] = []
    if hasattr(data, "edge_types"):
        counts = {name: _num_nodes(data[name], name) for name in data.node_types}
        nodes = [_nodes(data[name], name, notes) for name in counts]
        listed = [(EdgeType(*triplet), data[triplet]) for triplet in data.edge_types]
        edges = [_edges(store, edge_type, counts, notes) for edge_type, store in listed]
        return GraphParts(nodes, _without_mirrors(edges, notes), tuple(notes))
    store, edge_type = data.stores[0], EdgeType(NODES, EDGES, NODES)
    neither = [name for name in store if name not in {*store.node_attrs(), *store.edge_attrs(), *_STRUCTURE}]
    _left_out("graph", neither, notes)
    counts = {NODES: _num_nodes(store, NODES)}
    node_part = Nodes(
        NODES, pa.array(np.arange(counts[NODES])), _attributes(store, store.node_attrs(), NODES)
    )
    # the one store holds attributes of nodes and edges, so what each leaves to the other is no news
    return GraphParts([node_part], [_edges(store, edge_type, counts, [])], tuple(notes))


def _num_nodes(store: Any, name: str) -> int:
    count = store.num_nodes
    if count is None:
        got, do = "its number is not known", "Set x or num_nodes"
        raise TableError(explain(f"nodes of type {name!r} were read", got, do=do))
    return int(count)


def _nodes(store: Any, name: str, notes: list[str]) -> Nodes:
    own = store.node_attrs()
    _left_out(name, [key for key in store if key not in {*own, *_STRUCTURE}], notes)
    return Nodes(name, pa.array(np.arange(_num_nodes(store, name))), _attributes(store, own, name))


def _edges(store: Any, edge_type: EdgeType, counts: dict[str, int], notes: list[str]) -> Edges:
    index = _edge_index(store, edge_type, counts)
    own = [key for key in store.edge_attrs() if key not in _STRUCTURE]
    _left_out(str(edge_type), [key for key in store if key not in {*own, *_STRUCTURE}], notes)
    return Edges(edge_type, pa.array(index[0]), pa.array(index[1]), _attributes(store, own, str(edge_type)))


def _edge_index(store: Any, edge_type: EdgeType, counts: dict[str, int]) -> Int64Array:
    asked = f"edges {str(edge_type)!r} were read"
    if "edge_index" not in store:
        got = "there is no edge_index" + (", only adj_t" if "adj_t" in store else "")
        raise TableError(explain(asked, got, "edge_index, integers of shape [2, edges]"))
    index = _numpy(store["edge_index"], f"edge_index of {edge_type}")
    if index.ndim != 2 or len(index) != 2 or index.dtype.kind not in "iu":
        got = f"edge_index is {index.dtype} of shape {list(index.shape)}"
        raise TableError(explain(asked, got, "integers of shape [2, edges]"))
    for row, node_type in zip(index, (edge_type.src, edge_type.dst), strict=True):
        if node_type not in counts:
            raise TableError(
                explain(asked, f"there are no nodes of type {node_type!r}", ", ".join(counts) or "none")
            )
        outside = (row < 0) | (row >= counts[node_type])
        if outside.any():
            got = f"edge_index holds {row[outside][0]}, and there are {counts[node_type]} {node_type!r} nodes"
            raise TableError(explain(asked, got, f"0 .. {counts[node_type] - 1}"))
    wide: Int64Array = index.astype(np.int64)
    return wide


def _attributes(store: Any, names: Iterable[str], owner: str) -> Attributes:
    return {
        name: _attribute(store[name], f"{owner}.{name}") for name in sorted(names) if name not in _STRUCTURE
    }


def _attribute(value: Any, what: str) -> Attribute:
    if isinstance(value, (list, tuple)):
        return Attribute(as_column(value, what))
    array = _numpy(value, what)
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    if array.ndim == 1:
        return Attribute(pa.array(array))
    if array.ndim != 2 or array.dtype.kind not in "biuf" or not array.shape[1]:
        got = f"it is {array.dtype} of shape {list(array.shape)}"
        raise TableError(explain(f"attribute {what} was read", got, "a vector, or a matrix of numbers"))
    flat = np.ascontiguousarray(array, np.float32 if array.dtype.kind == "b" else array.dtype)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), flat.shape[1])
    return Attribute(lists, Stype.EMBEDDING)


def _numpy(value: Any, what: str) -> AnyArray:
    """A tensor, dense and on any device, as an array; bfloat16, which numpy lacks, widened."""
    if getattr(value, "is_sparse", False) or not hasattr(value, "__array__"):
        got = "it is sparse" if getattr(value, "is_sparse", False) else f"it is a {type(value).__name__}"
        raise TableError(explain(f"attribute {what} was read", got, "a dense tensor, an array or a list"))
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
    return np.asarray(value)


def _left_out(owner: str, names: list[str], notes: list[str]) -> None:
    if names:
        notes.append(f"{owner}: left out, for they belong to no node and no edge: {', '.join(sorted(names))}")


def _without_mirrors(edges: list[Edges], notes: list[str]) -> list[Edges]:
    """Leave out ``rev_x`` where it is only ``x`` backwards: every edge type has its reverse here anyway."""
    forward = {part.edge_type: part for part in edges}
    kept = []
    for part in edges:
        src, rel, dst = part.edge_type
        origin = forward.get(EdgeType(dst, rel.removeprefix("rev_"), src)) if rel.startswith("rev_") else None
        if origin is not None and _is_mirror(part, origin):
            notes.append(f"{part.edge_type}: left out, as it is {origin.edge_type} backwards")
        else:
            kept.append(part)
    return kept


def _is_mirror(part: Edges, origin: Edges) -> bool:
    """The same edges in the same order with the same attributes, which is what ``ToUndirected`` makes."""
    same = part.src.equals(origin.dst) and part.dst.equals(origin.src)
    return same and all(
        name in origin.attributes and value.values.equals(origin.attributes[name].values)
        for name, value in part.attributes.items()
    )
