"""PyG's stores over ours: what is served equals what is stored."""

import pickle

import numpy as np
import pytest
import torch
from torch_geometric.data import EdgeAttr, TensorAttr
from torch_geometric.data.remote_backend_utils import num_nodes
from torch_geometric.testing import MyGraphStore

from workbench.errors import FanoutError, IdError, SchemaError, StoreError
from workbench.pyg.sampler import PyGSampler
from workbench.pyg.stores import PyGFeatureStore, PyGGraphStore
from workbench.schema import EdgeType
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HopRequest
from workbench.stores.sharded_graph import ShardedGraph
from workbench.stores.steps import ALL, Step
from workbench.temporal import NO_TIME
from workbench.testing.graphs import random_rows, toy_shop
from workbench.testing.ram_features import RamFeatures


@pytest.fixture
def features(world):
    return PyGFeatureStore(world.graph, world.features)


@pytest.fixture
def edges(world):
    return PyGGraphStore(world.graph)


def test_every_attribute_is_served_whole(world, features):
    stored = {block.layout.group: block for block in world.features.blocks}
    served = {(attr.group_name, attr.attr_name) for attr in features.get_all_tensor_attrs()}
    for node_type in world.graph.schema.node_types:
        count = world.graph.num_nodes(node_type)
        times = world.graph.times(node_type)
        assert ((node_type, "time") in served) == (times is not None)
        if times is not None:
            assert np.array_equal(features.get_tensor(node_type, "time", None), times)
        assert features.get_tensor(node_type, "x", None).shape[0] == count
        for name in {"numerical", "categorical", "timestamp", "embedding"}:
            width = stored[node_type].layout.width(name) if node_type in stored else 0
            assert ((node_type, name) in served) == bool(width)
            if width:
                assert np.array_equal(
                    features.get_tensor(node_type, name, None), stored[node_type].section(name)
                )
    assert len(served) == len(features.get_all_tensor_attrs())


def test_attributes_are_fresh_objects(features):
    first = features.get_all_tensor_attrs()[0]
    first.index = torch.arange(3)
    assert not features.get_all_tensor_attrs()[0].is_set("index")


@pytest.mark.parametrize(
    "index",
    [
        torch.tensor([3, 0, 3]),
        slice(2, 9, 3),
        None,
        torch.arange(59) % 3 == 0,
        torch.tensor([], dtype=torch.int64),
    ],
    ids=["tensor", "slice", "all", "mask", "empty"],
)
def test_every_kind_of_index(world, features, index):
    (group, name) = ("n0", "numerical")
    whole = features.get_tensor(group, name, None)
    expected = whole if index is None else whole[index]
    assert torch.equal(features.get_tensor(group, name, index), expected)
    assert features.get_tensor(group, name, index).is_contiguous()


@pytest.mark.parametrize(
    ("index", "match"),
    [
        (torch.tensor([0, -1]), r"got row -1\. Allowed: 0 \.\. 58"),
        (torch.tensor([59]), r"got row 59\. Allowed: 0 \.\. 58"),
        (-1, "got row -1"),
        (torch.tensor([[0, 1]]), r"an index of int64 in shape \(1, 2\)\. Allowed: integers, or a mask of 59"),
        (torch.ones(58, dtype=torch.bool), r"an index of bool in shape \(58,\)"),
        (torch.ones(60, dtype=torch.bool), r"an index of bool in shape \(60,\)"),
        (torch.tensor([0.5]), "an index of float32"),
    ],
)
@pytest.mark.parametrize("name", ["numerical", "time"])
def test_rows_that_are_not_there_are_refused(features, name, index, match):
    with pytest.raises(IdError, match=match):
        features.get_tensor("n0", name, index)


def test_rows_of_a_table_without_features_are_checked_too():
    graph, features = RamGraph(toy_shop()), PyGFeatureStore(RamGraph(toy_shop()), RamFeatures([]))
    ratings = ("users", "ratings", "products")
    assert torch.equal(
        features.get_tensor(ratings, "time", None), torch.from_numpy(graph.times("ratings").copy())
    )
    for group, name, row in (("users", "time", -1), ("users", "x", 3), (ratings, "time", -1)):
        with pytest.raises(IdError, match=rf"got row {row}"):
            features.get_tensor(group, name, torch.tensor([row]))


def test_one_index_gives_one_row(features):
    whole = features.get_tensor("n0", "numerical", None)
    assert torch.equal(features.get_tensor("n0", "numerical", 5), whole[5])
    assert torch.equal(features["n0"].numerical[5], whole[5])


def test_sizes_tell_the_number_of_nodes(world, features, edges):
    for attr in features.get_all_tensor_attrs():
        attr.index = None
        assert features.get_tensor_size(attr) == tuple(features.get_tensor(attr).shape)
    for node_type in world.graph.schema.node_types:
        assert num_nodes(features, edges, node_type) == world.graph.num_nodes(node_type)
    for attr in edges.get_all_edge_attrs():
        src, _, dst = attr.edge_type
        assert attr.size == (world.graph.num_nodes(src), world.graph.num_nodes(dst))


def test_columns_of_edge_tables_are_served_by_edge_type(world, features):
    stored = {block.layout.group: block for block in world.features.blocks}
    folded = [
        spec for spec in world.graph.schema.edge_specs if spec.table in stored and spec.layout == "edges"
    ]
    assert folded
    for spec in folded:
        ids = torch.tensor([4, 0, 4])
        for name in features._widths(tuple(spec.edge_type)):
            whole = features.get_tensor(tuple(spec.edge_type), name, None)
            assert features.get_tensor_size(tuple(spec.edge_type), name) == tuple(whole.shape)
        for name in {"x", "edge_attr"} - set(features._widths(tuple(spec.edge_type))):
            with pytest.raises(SchemaError, match=f"attribute '{name}' of .* it is not served"):
                features.get_tensor(tuple(spec.edge_type), name, None)
        for name in ("categorical", "present"):
            found = features.get_tensor(tuple(spec.edge_type), name, ids)
            whole = stored[spec.table].section(name) if name != "present" else stored[spec.table].present()
            assert np.array_equal(found, whole[ids])


def test_one_call_reads_each_group_once(world):
    asked = []

    class Counting(type(world.features)):
        def multi_get(self, reads, pool=None, snapshot=None):
            asked.append([(read.group, len(read.ids)) for read in reads])
            return super().multi_get(reads, pool, snapshot)

    features = PyGFeatureStore(world.graph, Counting(world.features.blocks))
    attrs = features.get_all_tensor_attrs()
    ids = {name: torch.tensor([1, 2, 1, 1]) for name in world.graph.schema.node_types}
    for attr in attrs:
        attr.index = ids[attr.group_name]
    features.multi_get_tensor(attrs)
    groups = [group for call in asked for group, _ in call]
    assert len(asked) == 1
    assert len(groups) == len(set(groups))
    assert all(rows == 2 for call in asked for _, rows in call)


def test_one_call_may_ask_for_different_rows_of_one_group(features):
    names = {"numerical": torch.tensor([5, 6]), "x": torch.tensor([7]), "time": torch.tensor([1, 1, 2])}
    found = features.multi_get_tensor([TensorAttr("n0", name, ids) for name, ids in names.items()])
    for (name, ids), value in zip(names.items(), found, strict=True):
        assert torch.equal(value, features.get_tensor("n0", name, None)[ids])


def test_one_table_may_be_asked_as_nodes_and_as_edges_at_once(world, features):
    spec = next(s for s in world.graph.schema.edge_specs if s.layout != "edges" and s.table == "n0")
    asked = [TensorAttr("n0", "x", None), TensorAttr(tuple(spec.edge_type), "present", None)]
    for attrs in (asked, asked[::-1]):
        for attr, found in zip(attrs, features.multi_get_tensor(attrs), strict=True):
            assert torch.equal(found, features.get_tensor(attr.group_name, attr.attr_name, None))


def test_unknown_names_are_explained(features):
    with pytest.raises(SchemaError, match=r"attribute 'numerica' of 'n0'.*Did you mean 'numerical'"):
        features.get_tensor("n0", "numerica", None)
    with pytest.raises(SchemaError, match="table 'nope'"):
        features.get_tensor("nope", "x", None)


LIKES = ("users", "likes", "products")


@pytest.fixture
def shop():
    return PyGGraphStore(RamGraph(toy_shop()))


@pytest.mark.parametrize("layout", ["coo", "csc", "csr"])
def test_edges_are_put_in_every_layout_and_got_in_every_layout(shop, layout):
    users, products = (shop.graph.num_nodes(name) for name in ("users", "products"))
    rng = np.random.default_rng(0)
    row, col = torch.from_numpy(rng.integers(0, users, 50)), torch.from_numpy(rng.integers(0, products, 50))
    held = MyGraphStore()
    held.put_edge_index((row, col), edge_type=LIKES, layout="coo", size=(users, products))
    (first, second, _) = (held.coo if layout == "coo" else held.csc if layout == "csc" else held.csr)()
    assert shop.put_edge_index((first[LIKES], second[LIKES]), edge_type=LIKES, layout=layout)
    pairs = sorted(zip(row.tolist(), col.tolist(), strict=True))
    for name, wanted in ((LIKES, pairs), (("products", "rev_likes", "users"), [(b, a) for a, b in pairs])):
        found = shop.get_edge_index(name, "coo")
        assert sorted(zip(found[0].tolist(), found[1].tolist(), strict=True)) == sorted(wanted)
        attr = next(attr for attr in shop.get_all_edge_attrs() if attr.edge_type == name)
        assert attr.size == tuple(shop.graph.num_nodes(end) for end in (name[0], name[2]))
    colptr = shop.csc()[1][LIKES]
    assert np.diff(colptr).tolist() == np.bincount(col, minlength=products).tolist()


def test_put_edges_are_sampled_and_removed_ones_are_not(shop):
    before = shop.get_all_edge_attrs()
    shop.put_edge_index((torch.tensor([0, 1]), torch.tensor([1, 1])), LIKES, "coo")
    request = HopRequest(Step(1, EdgeType(*LIKES), ALL), np.array([1]), np.array([0]), np.zeros(1, np.uint64))
    assert shop.graph.sample_hop(request).neighbors.tolist() == [0, 1]
    shop.remove_edge_index(LIKES, "coo")
    assert [str(attr) for attr in shop.get_all_edge_attrs()] == [str(attr) for attr in before]
    with pytest.raises(SchemaError, match="edge type 'users-likes->products'"):
        shop.get_edge_index(LIKES, "coo")
    with pytest.raises(SchemaError, match="edge type 'users-likes->products'"):
        del shop[EdgeAttr(LIKES, "coo")]


def test_what_cannot_be_put_is_refused(shop, world):
    ends = (torch.tensor([0]), torch.tensor([1]))
    with pytest.raises(IdError, match=r"got a size of \(2, 2\)"):
        shop.put_edge_index(ends, LIKES, "coo", False, (2, 2))
    with pytest.raises(SchemaError, match="its name is None"):
        shop.put_edge_index(ends, None, "coo")
    with pytest.raises(SchemaError, match="'nobody'"):
        shop.put_edge_index(ends, ("nobody", "likes", "products"), "coo")
    sharded = PyGGraphStore(ShardedGraph(toy_shop()))
    for edit in (
        lambda: sharded.put_edge_index(ends, LIKES, "coo"),
        lambda: sharded.remove_edge_index(LIKES, "coo"),
    ):
        with pytest.raises(StoreError, match="the graph is a ShardedGraph, which is read-only"):
            edit()


@pytest.mark.parametrize("number", range(8))
def test_edge_indices_are_those_of_the_tables(number):
    rows = random_rows(np.random.default_rng(number), 20, 6)
    edges = PyGGraphStore(RamGraph(rows.arrays()))
    coo_row, coo_col, _ = edges.coo()
    _csc_row, csc_ptr, _ = edges.csc()
    csr_ptr, csr_col, _ = edges.csr()
    for spec in rows.schema.edge_specs:
        name = tuple(spec.edge_type)
        expected = sorted(_edges(rows, spec))
        found = list(zip(coo_row[name].tolist(), coo_col[name].tolist(), strict=True))
        assert sorted(found) == expected
        assert (
            csc_ptr[name].tolist()
            == np.searchsorted(
                sorted(col for _, col in expected), np.arange(rows.num_rows[name[2]] + 1)
            ).tolist()
        )
        again = np.repeat(np.arange(len(csr_ptr[name]) - 1), np.diff(csr_ptr[name]))
        assert sorted(zip(again.tolist(), csr_col[name].tolist(), strict=True)) == expected


def _edges(rows, spec):
    """(src, dst) of every row of the edge type's table that the end of time sees."""
    table = spec.table

    def end(column):
        ids = np.arange(rows.num_rows[table])
        return ids if column is None else rows.foreign_keys[table, column]

    for src, dst in zip(end(spec.src_column), end(spec.dst_column), strict=True):
        times = rows.times.get(spec.edge_type.src)
        undated = times is not None and src >= 0 and times[src] == NO_TIME
        if src >= 0 and dst >= 0 and not undated:
            yield int(src), int(dst)


def test_unknown_edge_types_are_explained(edges):
    with pytest.raises(SchemaError, match="edge type 'a-b->c'"):
        edges.get_edge_index(("a", "b", "c"), "coo")


def test_both_travel_to_other_processes(world, features, edges):
    again = pickle.loads(pickle.dumps((features, edges)))
    assert torch.equal(again[0].get_tensor("n0", "x", None), features.get_tensor("n0", "x", None))
    assert [str(attr) for attr in again[1].get_all_edge_attrs()] == [
        str(a) for a in edges.get_all_edge_attrs()
    ]


def test_other_kinds_are_refused_at_once(world, features):
    with pytest.raises(StoreError, match=r"got a RamFeatures\. Allowed: a GraphStore"):
        PyGFeatureStore(world.features, world.graph)
    with pytest.raises(StoreError, match=r"got a NoneType\. Allowed: a FeatureStore"):
        PyGFeatureStore(world.graph, None)
    with pytest.raises(StoreError, match=r"got a RamFeatures\. Allowed: a GraphStore"):
        PyGGraphStore(world.features)
    with pytest.raises(FanoutError, match=r"got a RamGraph\. Allowed: a NeighborSampler"):
        PyGSampler(world.graph)
    with pytest.raises(IdError, match="got an index of float32"):
        features.get_tensor("n0", "x", torch.arange(3.0))
