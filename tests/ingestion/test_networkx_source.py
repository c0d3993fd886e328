"""networkx graphs of every kind become parts with networkx's own neighbours and attributes."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest

from workbench.errors import TableError
from workbench.ingestion.networkx_source import networkx_parts
from workbench.schema import EdgeType


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_rows_are_networkx_s_own_adjacency(kind: Any) -> None:
    rng = np.random.default_rng(3)
    graph = kind()
    graph.add_nodes_from(range(12))
    graph.add_edges_from(rng.integers(0, 10, (40, 2)).tolist())
    (edges,) = networkx_parts(graph, None, None).edges
    rows = sorted(zip(edges.src.to_pylist(), edges.dst.to_pylist(), strict=True))
    adjacency = [(u, v) for u in graph for v, data in graph.adj[u].items() for _ in copies(graph, data)]
    assert rows == sorted(adjacency)


def copies(graph: Any, data: Any) -> list[Any]:
    return list(data) if graph.is_multigraph() else [data]


def test_attributes_are_columns_and_missing_where_a_node_has_none() -> None:
    graph = nx.DiGraph()
    graph.add_node("a", size=1, tags=(1.0, 2.0))
    graph.add_node("b", name="bee")
    graph.add_edge("a", "b", weight=0.5)
    parts = networkx_parts(graph, None, None)
    (nodes,), (edges,) = parts.nodes, parts.edges
    assert {name: own.values.to_pylist() for name, own in nodes.attributes.items()} == {
        "size": [1, None],
        "tags": [[1.0, 2.0], None],
        "name": [None, "bee"],
    }
    assert edges.attributes["weight"].values.to_pylist() == [0.5]


def test_types_make_triplets_and_an_undirected_edge_runs_from_the_type_met_first() -> None:
    graph = nx.Graph()
    graph.add_nodes_from([1, 2], kind="user")
    graph.add_nodes_from(["x"], kind="item")
    graph.add_edge("x", 1, rel="bought")
    graph.add_edge(1, 2, rel="knows")
    parts = networkx_parts(graph, "kind", "rel")
    assert [(node.name, node.keys.to_pylist()) for node in parts.nodes] == [("user", [1, 2]), ("item", ["x"])]
    assert {part.edge_type: (part.src.to_pylist(), part.dst.to_pylist()) for part in parts.edges} == {
        EdgeType("user", "bought", "item"): ([1], ["x"]),
        EdgeType("user", "knows", "user"): ([1, 2], [2, 1]),
    }
    assert not any(part.attributes for part in [*parts.nodes, *parts.edges])


def typed(**edge: Any) -> Any:
    graph = nx.Graph()
    graph.add_node(1, kind="user")
    graph.add_edge(1, 1, **edge)
    return graph


def mixed_keys() -> Any:
    return nx.Graph([(1, "a")])


def mixed_values() -> Any:
    graph = nx.path_graph(2)
    graph.nodes[0]["a"], graph.nodes[1]["a"] = 1, "one"
    return graph


def twin_names() -> Any:
    graph = nx.path_graph(2)
    graph.nodes[0][5], graph.nodes[1]["5"] = 1, 2
    return graph


def numpy_keys() -> Any:
    return nx.Graph(list(zip(np.arange(3), np.arange(1, 4), strict=True)))


def test_keys_may_be_numpy_s_integers() -> None:
    (nodes,) = networkx_parts(numpy_keys(), None, None).nodes
    assert nodes.keys.to_pylist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (
            twin_names(),
            r"several of nodes would be the column '5'\. Allowed: one name each",
        ),
        (nx.Graph([(1 << 70, 1)]), "it holds a whole number that 64 bits cannot"),
        (nx.Graph([(True, False)]), "they are of the types bool"),
        (nx.Graph(), "it has no nodes"),
        (nx.empty_graph(3), "it has no edges"),
        (mixed_keys(), "they are of the types int, str. Allowed: all integers, or all texts. Relabel them"),
        (mixed_values(), r"attribute nodes.a was read: its values are of the types int, str"),
    ],
)
def test_what_no_table_can_hold_is_refused(graph: Any, message: str) -> None:
    with pytest.raises(TableError, match=message):
        networkx_parts(graph, None, None)


def test_a_node_or_edge_without_its_type_is_refused_by_name() -> None:
    with pytest.raises(TableError, match=r"the type of edge \(1, 1\) was read: it has no attribute 'rel'"):
        networkx_parts(typed(cost=1), "kind", "rel")
    with pytest.raises(TableError, match="the type of node 1 was read: it has no attribute 'sort'"):
        networkx_parts(typed(rel="r"), "sort", "rel")
