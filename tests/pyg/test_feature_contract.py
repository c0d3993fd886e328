"""What PyG expects of a feature store, written anew; HeteroData and Data are such stores, so the oracle."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Data, FeatureStore, HeteroData, TensorAttr
from torch_geometric.data.feature_store import AttrView
from torch_geometric.loader import NodeLoader

from workbench.errors import AttributeAbsent, IdError, SchemaError, StoreError
from workbench.plan.fanout import Fanout
from workbench.pyg.sampler import PyGSampler
from workbench.pyg.stores import PyGFeatureStore, PyGGraphStore
from workbench.sampling.sampler import NeighborSampler
from workbench.schema import Column, Schema, Stype, Table
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.ram_graph import RamGraph
from workbench.testing.ram_features import RamFeatures, random_block
from workbench.testing.sizes import cases

ROWS = 9


def store_of(*groups: str) -> PyGFeatureStore:
    """A store of node types without edges, each with two numbers and a category."""
    rng = np.random.default_rng(1)
    schema = Schema(tuple(Table(name, (Column("n", Stype.NUMERICAL),)) for name in groups))
    graph = RamGraph(GraphArrays(schema, dict.fromkeys(groups, ROWS), dict.fromkeys(groups), {}))
    widths = {"numerical": 2, "categorical": 1}
    return PyGFeatureStore(graph, RamFeatures(random_block(name, ROWS, rng, widths) for name in groups))


def twin_of(store: PyGFeatureStore) -> HeteroData:
    """The same attributes in a HeteroData."""
    data = HeteroData()
    for group in store.graph.schema.node_types:
        data[group].num_nodes = ROWS
    for attr in store.get_all_tensor_attrs():
        data[attr.group_name][attr.attr_name] = store.get_tensor(
            attr.group_name, attr.attr_name, None
        ).clone()
    return data


@pytest.fixture
def store() -> PyGFeatureStore:
    return store_of("users", "items")


def names(store: FeatureStore) -> set[tuple[str, str]]:
    return {(attr.group_name, attr.attr_name) for attr in store.get_all_tensor_attrs()}


INDICES = st.one_of(
    st.none(),
    st.lists(st.integers(0, ROWS - 1), max_size=6, unique=True).map(
        lambda ids: torch.tensor(ids, dtype=torch.long)
    ),
    st.lists(st.booleans(), min_size=ROWS, max_size=ROWS).map(torch.tensor),
    st.builds(slice, st.integers(0, ROWS), st.integers(0, ROWS), st.integers(1, 3)),
    st.integers(0, ROWS - 1),
)
GROUP, NAME = (
    st.sampled_from(["users", "items"]),
    st.sampled_from(["x", "numerical", "categorical", "mine", "y"]),
)
EDITS = st.lists(st.tuples(st.sampled_from(["put", "update", "remove"]), GROUP, NAME, INDICES), max_size=8)


@settings(max_examples=cases(120, 3000))
@given(EDITS, st.lists(st.tuples(GROUP, NAME, INDICES), max_size=5))
def test_edits_and_reads_are_those_of_hetero_data(edits, reads) -> None:
    store = store_of("users", "items")
    twin = twin_of(store)
    for number, (verb, group, name, index) in enumerate(edits):
        there = (group, name) in names(twin)
        if verb == "remove":
            assert store.remove_tensor(group, name, index) == twin.remove_tensor(group, name, index) == there
            continue
        like = twin[group][name] if there else torch.zeros(ROWS, 3)
        tensor = (torch.rand(ROWS, *like.shape[1:]) * 9 + number).to(like.dtype)
        tensor = tensor if index is None else tensor[index]
        write = store.put_tensor if verb == "put" else store.update_tensor
        if there or (verb == "put" and index is None):
            assert write(tensor, group, name, index)
            twin[group][name] = (
                tensor if index is None else twin[group][name].index_put((torch.arange(ROWS)[index],), tensor)
            )
        else:
            with pytest.raises(AttributeAbsent):
                write(tensor, group, name, index)
    assert names(store) == names(twin)
    for group, name, index in reads:
        if (group, name) in names(twin):
            expected = twin.get_tensor(group, name, index)
            assert torch.equal(store.get_tensor(group, name, index), expected)
            assert store.get_tensor_size(TensorAttr(group, name, index)) == tuple(expected.shape)
        else:
            assert store.get_tensor_size(group, name, index) is None


def test_put_get_update_remove(store) -> None:
    attr = TensorAttr("users", "mine", index=None)
    tensor = torch.arange(ROWS * 2).view(ROWS, 2)
    assert store.put_tensor(tensor, attr)
    assert torch.equal(store.get_tensor(attr), tensor)
    assert store.get_tensor_size(attr) == (ROWS, 2)
    assert torch.equal(store.get_tensor("users", "mine", index=torch.tensor([2, 0])), tensor[[2, 0]])
    assert store.update_tensor(tensor + 1, attr)
    assert torch.equal(store.get_tensor(attr), tensor + 1)
    assert store.update_tensor(torch.tensor([7, 7]), "users", "mine", torch.tensor([3]))
    assert store["users", "mine", 3].tolist() == [7, 7]
    assert store.remove_tensor(attr)
    assert not store.remove_tensor(attr)
    with pytest.raises(KeyError, match="attribute 'mine' of 'users' was asked for"):
        store.get_tensor(attr)
    with pytest.raises(KeyError):
        store.update_tensor(tensor, attr)
    assert store.get_tensor_size(attr) is None


def test_many_at_once_mixed_with_what_is_stored(store) -> None:
    mine = torch.rand(ROWS)
    store.put_tensor(mine, "items", "mine", None)
    store.put_tensor(torch.tensor([5.0, 6.0]), "users", "numerical", torch.tensor([4]))
    attrs = [
        TensorAttr("items", "mine", torch.tensor([8, 8])),
        TensorAttr("users", "numerical", slice(3, 5)),
        TensorAttr("items", "numerical", None),
        TensorAttr("users", "x", 0),
    ]
    for attr, found in zip(attrs, store.multi_get_tensor(attrs), strict=True):
        assert torch.equal(found, store.get_tensor(attr))
    assert store["users", "numerical", 4].tolist() == [5, 6]
    assert store["users", "x", 4].tolist() != [5, 6], "x is an attribute of its own, as in HeteroData"


def test_views_fill_in_what_is_open(store) -> None:
    view = store["users"]
    assert isinstance(view, AttrView)
    assert view == AttrView(store, TensorAttr("users"))
    assert store.view(group_name="users") == view
    assert store["users"].numerical == store["users", "numerical"] == store.view("users", "numerical")
    whole = store.get_tensor("users", "numerical", None)
    assert torch.equal(store["users"].numerical(), whole)
    assert torch.equal(store["users", "numerical"][torch.tensor([1, 1])], whole[[1, 1]])
    assert torch.equal(store["users"]["numerical"][2:5], whole[2:5])
    assert torch.equal(store["users", "numerical", None], whole)
    view = store.view("users")
    view.attr_name = "numerical"
    view["index"] = torch.tensor([0])
    assert torch.equal(view(), whole[:1])
    with pytest.raises(ValueError, match="nonexistent attribute 'size'"):
        view.size = 3


def test_items_are_set_and_deleted(store) -> None:
    tensor = torch.rand(ROWS, 1)
    store["users", "mine", None] = tensor
    assert torch.equal(store["users", "mine", None], tensor)
    store["users", "mine", slice(0, 2)] = 0 * tensor[:2]
    assert store["users"].mine[:3].tolist() == [[0], [0], tensor[2].tolist()]
    del store["users", "mine"]
    assert ("users", "mine") not in names(store)
    del store[TensorAttr("users", "numerical")]
    assert ("users", "numerical") not in names(store)
    store["users", "numerical", None] = tensor
    assert store.get_tensor_size("users", "numerical") == (ROWS, 1)
    with pytest.raises(ValueError, match="not fully specified"):
        store.get_tensor("users", "numerical")
    with pytest.raises(ValueError, match="not fully specified"):
        store.put_tensor(tensor, "users")


def test_arrays_come_back_as_what_they_were_asked_with(store) -> None:
    assert store.put_tensor(np.arange(ROWS), "users", "mine", None)
    # One row: PyG itself cannot compare longer arrays with "unset".
    found = store.get_tensor("users", "mine", np.array([3]), convert_type=True)
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [3]
    assert isinstance(store.get_tensor("users", "mine", np.array([3])), torch.Tensor)
    assert store.get_tensor("users", "mine", np.int64(3)).shape == ()
    assert store.get_tensor("users", "mine", torch.tensor(3)).shape == ()
    (found,) = store.multi_get_tensor([TensorAttr("users", "mine", np.array([5]))], convert_type=True)
    assert isinstance(found, np.ndarray)


def test_one_node_type_needs_no_name_as_in_data() -> None:
    store = store_of("things")
    whole = store.get_tensor("things", "numerical", None)
    data = Data(numerical=whole.clone())
    index = torch.tensor([1, 5])
    mine = TensorAttr(None, "numerical", index)
    theirs = data.get_tensor(attr_name="numerical", index=index)
    assert torch.equal(store.get_tensor(mine), theirs)
    assert store.put_tensor(theirs + 1, mine)
    assert data.put_tensor(theirs + 1, attr_name="numerical", index=index)
    assert torch.equal(store.get_tensor("things", "numerical", None), data.numerical)
    assert store.remove_tensor(None, "numerical", None)
    assert ("things", "numerical") not in names(store)
    with pytest.raises(SchemaError, match=r"its group is None\. Allowed: users, items"):
        store_of("users", "items").get_tensor(None, "x", None)


def test_edges_take_attributes_too(world) -> None:
    store = PyGFeatureStore(world.graph, world.features)
    before = names(store)
    for spec in world.graph.schema.edge_specs:
        rows = store._count(TensorAttr(tuple(spec.edge_type)))
        weights = torch.rand(rows)
        store.put_tensor(weights, tuple(spec.edge_type), "weight", None)
        assert torch.equal(store.get_tensor(tuple(spec.edge_type), "weight", None), weights)
    assert names(store) == before, "stock loaders ask for what nodes have"


def test_stock_loaders_serve_what_was_put(world) -> None:
    seeds = torch.arange(min(20, world.graph.num_nodes("n0")))
    store = PyGFeatureStore(world.graph, world.features)
    mark = torch.arange(world.graph.num_nodes("n0"))
    store.put_tensor(mark, "n0", "mark", None)
    store.remove_tensor("n0", "x", None)
    sampler = PyGSampler(NeighborSampler(world.graph, Fanout([3, 2])))
    anchors = torch.full((len(seeds),), 2**62)
    asked = {"input_nodes": ("n0", seeds), "input_time": anchors, "batch_size": 7}
    loader = NodeLoader((store, PyGGraphStore(world.graph)), node_sampler=sampler, **asked)
    for batch in loader:
        assert torch.equal(batch["n0"].mark, mark[batch["n0"].n_id])
        assert "x" not in batch["n0"]


def test_edits_belong_to_one_object_and_travel_with_it(store) -> None:
    twin = PyGFeatureStore(store.graph, store.features)
    store["users", "mine", None] = torch.ones(ROWS)
    store.put_tensor(torch.zeros(2), "users", "numerical", 3)
    del store["items", "x"]
    assert ("users", "mine") not in names(twin)
    assert ("items", "x") in names(twin)
    again = pickle.loads(pickle.dumps(store))
    assert names(again) == names(store)
    assert again["users", "numerical", 3].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: s.put_tensor(torch.ones(3), "users", "x", None), StoreError, "Allowed: 9 rows"),
        (
            lambda s: s.put_tensor(torch.ones(2, 5), "users", "x", slice(0, 2)),
            StoreError,
            r"Allowed: \(2, 2\)",
        ),
        (lambda s: s.put_tensor(torch.ones(1), "users", "x", ROWS), IdError, "got row 9"),
        (lambda s: s.get_tensor("users", "x", torch.tensor([-1])), IdError, "got row -1"),
        (lambda s: s.get_tensor("users", "x", torch.ones(3, dtype=torch.bool)), IdError, "a mask of 9"),
        (lambda s: s.get_tensor("users", "x", torch.zeros(2, 2).long()), IdError, r"shape \(2, 2\)"),
        (lambda s: s.put_tensor(torch.ones(1), "nobody", "x", None), SchemaError, "table 'nobody'"),
        (lambda s: s.put_tensor(torch.ones(ROWS), "users", None, None), SchemaError, "its name is None"),
        (lambda s: s.put_tensor(torch.ones(1), "users", "new", 3), AttributeAbsent, "'new' of 'users'"),
        (lambda s: s.put_tensor([1.0], "users", "x", None), StoreError, "got a list"),
    ],
)
def test_what_cannot_be_put_or_read_is_explained(store, call, error, message) -> None:
    with pytest.raises(error, match=message):
        call(store)
