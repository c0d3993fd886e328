"""Data and HeteroData become parts with the same numbers; what cannot is refused in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch_geometric.data import Data, HeteroData
from torch_geometric.transforms import ToUndirected

from workbench.errors import TableError
from workbench.ingestion.pyg_source import pyg_parts
from workbench.schema import EdgeType, Stype


def shop() -> HeteroData:
    data = HeteroData()
    data["user"].x = torch.arange(6.0).reshape(3, 2)
    data["item"].num_nodes = 2
    data["user", "buys", "item"].edge_index = torch.tensor([[0, 2, 2], [1, 0, 1]])
    data["user", "buys", "item"].edge_attr = torch.ones(3, 4)
    return data


def test_every_attribute_goes_to_the_nodes_or_edges_that_pyg_gives_it_to() -> None:
    data = Data(
        x=torch.rand(4, 3),
        edge_index=torch.tensor([[0, 1, 2], [1, 2, 3]]),
        edge_weight=torch.rand(3),
        y=torch.tensor([0, 1, 1, 0]),
        name=list("abcd"),
        classes=2,
    )
    parts = pyg_parts(data)
    (nodes,), (edges,) = parts.nodes, parts.edges
    assert sorted(nodes.attributes) == ["name", "x", "y"]
    assert nodes.keys.to_pylist() == [0, 1, 2, 3]
    assert nodes.attributes["name"].values.to_pylist() == list("abcd")
    assert np.array_equal(nodes.attributes["x"].values.to_pylist(), data.x)
    assert edges.edge_type == EdgeType("nodes", "edges", "nodes")
    assert list(edges.attributes) == ["edge_weight"]
    assert np.array_equal(np.stack([edges.src, edges.dst]), data.edge_index)
    assert parts.notes == ("graph: left out, for they belong to no node and no edge: classes",)


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        (torch.bfloat16, pa.float32()),
        (torch.float16, pa.float32()),
        (torch.float64, pa.float64()),
        (torch.int64, pa.int64()),
        (torch.bool, pa.float32()),
    ],
)
def test_matrices_of_every_dtype_are_embeddings(dtype: torch.dtype, kind: pa.DataType) -> None:
    data = shop()
    data["user"].x = torch.tensor([[0, 1], [1, 0], [1, 1]]).to(dtype)
    column = pyg_parts(data).nodes[0].attributes["x"]
    assert column.stype is Stype.EMBEDDING
    assert column.values.type.value_type == kind
    assert column.values.to_pylist() == [[0, 1], [1, 0], [1, 1]]


def test_a_reverse_that_pyg_added_is_left_out_and_one_of_its_own_kept() -> None:
    both = ToUndirected()(shop())
    parts = pyg_parts(both)
    assert [part.edge_type.rel for part in parts.edges] == ["buys"]
    assert parts.notes == ("item-rev_buys->user: left out, as it is user-buys->item backwards",)
    both["item", "rev_buys", "user"].edge_attr = torch.zeros(3, 4)
    assert [part.edge_type.rel for part in pyg_parts(both).edges] == ["buys", "rev_buys"]


def broken(change: Any) -> HeteroData:
    data = shop()
    change(data)
    return data


def index(value: Any) -> Any:
    return lambda data: data["user", "buys", "item"].__setitem__("edge_index", value)


def x(value: Any) -> Any:
    return lambda data: data["user"].__setitem__("x", value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            index(torch.tensor([[0], [2]])),
            "edge_index holds 2, and there are 2 'item' nodes. Allowed: 0 .. 1",
        ),
        (index(torch.tensor([[-1], [0]])), "edge_index holds -1, and there are 3 'user' nodes"),
        (index(torch.rand(2, 3)), r"edge_index is float32 of shape \[2, 3\]. Allowed: integers of shape"),
        (index(torch.zeros(3, 2, dtype=torch.int64)), r"edge_index is int64 of shape \[3, 2\]"),
        (lambda d: d["user", "buys", "item"].__delitem__("edge_index"), "there is no edge_index"),
        (lambda d: d["item"].__delitem__("num_nodes"), "nodes of type 'item' were read: its number is not"),
        (x(torch.rand(3, 2, 2)), r"attribute user.x was read: it is float32 of shape \[3, 2, 2\]"),
        (x(torch.eye(3).to_sparse()), "attribute user.x was read: it is sparse. Allowed: a dense tensor"),
    ],
)
@pytest.mark.filterwarnings("ignore:Unable to infer")
def test_what_is_no_graph_is_refused(change: Any, message: str) -> None:
    data = broken(change)
    if "number" in message:
        del data["user", "buys", "item"]  # PyG would guess the number of nodes from the edges
    with pytest.raises(TableError, match=message):
        pyg_parts(data)


def test_edges_to_a_type_without_nodes_are_refused() -> None:
    data = shop()
    data["user", "likes", "song"].edge_index = torch.tensor([[0], [0]])
    with pytest.raises(TableError, match=r"there are no nodes of type 'song'\. Allowed: user, item"):
        pyg_parts(data)
