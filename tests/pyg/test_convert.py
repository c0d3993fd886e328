"""Names, shapes and dtypes of what a model sees."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from workbench.errors import LoaderError
from workbench.loading.loader import Loader
from workbench.plan.fanout import Fanout
from workbench.pyg.convert import hide_future, to_data, to_hetero
from workbench.sampling.sampler import NeighborSampler
from workbench.schema import EdgeType
from workbench.stores.ram_graph import RamGraph
from workbench.temporal import FOREVER
from workbench.testing.graphs import random_graph
from workbench.testing.ram_features import RamFeatures, random_block, random_features
from workbench.testing.seeds import random_seeds


@pytest.fixture
def batch(world):
    return Loader(world.sampler, world.features, world.seeds, 20).batch(1)


def test_node_stores_hold_ids_times_and_sections(world, batch):
    data = to_hetero(batch)
    assert set(data.node_types) == set(world.graph.schema.node_types)
    for name, ids in batch.subgraph.node_id.items():
        store = data[name]
        assert store.num_nodes == len(ids)
        assert store.n_id.dtype == torch.int64
        assert np.array_equal(store.n_id, ids)
        assert store.batch.dtype == torch.int64
        assert np.array_equal(store.batch, batch.subgraph.batch[name])
        assert store.num_sampled_nodes == batch.subgraph.nodes_per_hop[name].tolist()
        if name in batch.node_time:
            assert np.array_equal(store.time, batch.node_time[name])
        assert ("time" in store) == (name in batch.node_time)


def as_seen(rows, anchors):
    """Timestamps and ``present`` of many nodes or edges, what is later than their anchors missing."""
    stamps, present = rows.block.section("timestamp")[rows.index], rows.block.present()[rows.index]
    for position, column in enumerate(rows.block.layout.columns):
        if column.section == "timestamp":
            later = stamps[:, column.start] > anchors
            stamps[later, column.start], present[later, position] = 0, False
    return stamps, present


def edge_anchors(batch, name):
    return batch.subgraph.node_anchors(name.dst)[batch.subgraph.col[name]]


def test_sections_are_the_stored_values_and_x_their_numbers(batch):
    data = to_hetero(batch)
    dtypes = {"numerical": "float32", "categorical": "int64", "timestamp": "int64", "embedding": "float32"}
    seen = set()
    for name, rows in batch.nodes.items():
        block, store = rows.block, data[name]
        stamps, present = as_seen(rows, batch.subgraph.node_anchors(name))
        for section, dtype in dtypes.items():
            if block.layout.width(section):
                seen.add(section)
                assert str(store[section].dtype) == f"torch.{dtype}"
                expected = stamps if section == "timestamp" else block.section(section)[rows.index]
                assert np.array_equal(store[section], expected)
            else:
                assert section not in store
        assert np.array_equal(store.present, present)
        numbers = [block.section(part)[rows.index] for part in ("numerical", "embedding")]
        expected = np.concatenate(numbers, 1)
        expected = expected if expected.shape[1] else np.ones((len(rows), 1))
        assert store.x.dtype == torch.float32
        assert np.array_equal(store.x, expected)
        for position, column in enumerate(block.layout.columns):
            if column.section in ("numerical", "embedding"):
                missing = ~store.present[:, position]
                cells = store[column.section][:, column.start : column.start + column.width]
                assert (cells[missing] == 0).all()
    assert seen == dtypes.keys()


def test_types_without_columns_have_a_constant_x(world, batch):
    bare = set(world.graph.schema.node_types) - batch.nodes.keys()
    assert bare
    for name in bare:
        assert torch.equal(to_hetero(batch)[name].x, torch.ones(len(batch.subgraph.node_id[name]), 1))


def test_edge_stores_point_from_source_to_destination(batch):
    data = to_hetero(batch)
    assert {tuple(name) for name in batch.subgraph.row} == set(data.edge_types)
    for name, row in batch.subgraph.row.items():
        store = data[tuple(name)]
        assert store.edge_index.dtype == store.e_id.dtype == torch.int64
        assert np.array_equal(store.edge_index, np.stack([row, batch.subgraph.col[name]]))
        assert np.array_equal(store.e_id, batch.subgraph.edge_id[name])
        assert store.num_sampled_edges == batch.subgraph.edges_per_hop[name].tolist()
        assert ("edge_time" in store) == (name in batch.edge_time)
        if name in batch.edge_time:
            assert np.array_equal(store.edge_time, batch.edge_time[name])


def test_folded_tables_give_edge_attributes(batch):
    assert batch.edges
    for name, rows in batch.edges.items():
        store, block = to_hetero(batch)[tuple(name)], batch.edges[name].block
        stamps, present = as_seen(rows, edge_anchors(batch, name))
        assert np.array_equal(store.present, present)
        assert not stamps.shape[1] or np.array_equal(store.timestamp, stamps)
        numbers = np.concatenate([block.section("numerical"), block.section("embedding")], 1)[rows.index]
        assert ("edge_attr" in store) == bool(numbers.shape[1])
        if numbers.shape[1]:
            assert np.array_equal(store.edge_attr, numbers)


def test_the_seed_store_says_what_is_predicted(world, batch):
    store = to_hetero(batch)[world.seeds.node_type]
    assert np.array_equal(store.input_id, np.arange(20, 40))
    assert np.array_equal(store.seed_time, world.seeds.anchor_time[20:40])
    assert store.batch_size == 20
    assert store.y.dtype == torch.float32
    assert np.array_equal(store.y, world.seeds.label[20:40])
    assert np.array_equal(store.n_id[:20], world.seeds.node_id[20:40])


def test_unexpanded_rows_expand_to_the_same(batch):
    whole, compact = to_hetero(batch), to_hetero(batch, expand=False)
    shrunk, node_anchors = 0, batch.subgraph.node_anchors
    for kind in [*batch.nodes, *(tuple(name) for name in batch.edges)]:
        ours, theirs = whole[kind], compact[kind]
        assert theirs.row.dtype == torch.int64
        rows = batch.edges[kind] if isinstance(kind, tuple) else batch.nodes[kind]
        own = edge_anchors(batch, EdgeType(*kind)) if rows is batch.edges.get(kind) else node_anchors(kind)
        seen = dict(zip(("timestamp", "present"), as_seen(rows, own), strict=True))
        for name in ("numerical", "categorical", "timestamp", "embedding", "present"):
            assert (name in ours) == (name in theirs)
            if name in ours:
                expected = seen[name] if name in seen else theirs[name][theirs.row]
                assert np.array_equal(ours[name], expected)
                shrunk += len(theirs[name]) < len(ours[name])
    assert shrunk
    assert all("x" not in compact[name] for name in compact.node_types)
    assert compact.num_nodes == whole.num_nodes == batch.subgraph.num_nodes


def test_int32_edges(batch):
    data = to_hetero(batch, index_dtype=torch.int32)
    assert all(store.edge_index.dtype == torch.int32 for store in data.edge_stores)


def test_other_index_types_are_refused(batch):
    with pytest.raises(LoaderError, match=r"torch.int64 or torch.int32"):
        to_hetero(batch, index_dtype=torch.int16)


def test_static_seeds_have_the_last_instant(world):
    static = replace(world.seeds, anchor_time=np.full(100, FOREVER))
    data = to_hetero(Loader(world.sampler, world.features, static, 10).batch(0))
    assert (data[static.node_type].seed_time == FOREVER).all()


def test_joint_batches_have_no_batch_vector(world):
    data = to_hetero(Loader(world.joint, world.features, world.seeds, 10).batch(0))
    assert all("batch" not in store for store in data.node_stores)


def test_a_tensor_keeps_its_rows_alive(world):
    from workbench.stores.buffers import ArenaPool

    loader = Loader(world.sampler, world.features, world.seeds, 5, pool=ArenaPool())
    held = list(loader.iterate(lambda batch: to_hetero(batch, expand=False)))
    fresh = [
        to_hetero(Loader(world.sampler, world.features, world.seeds, 5).batch(i), expand=False)
        for i in range(20)
    ]
    for ours, theirs in zip(held, fresh, strict=True):
        for name in theirs.node_types:
            for key, value in theirs[name].items():
                assert (
                    torch.equal(ours[name][key], value)
                    if torch.is_tensor(value)
                    else ours[name][key] == value
                )


@pytest.mark.parametrize("id_dtype", [np.uint32, np.int64])
def test_both_id_widths_become_int64(id_dtype):
    rng = np.random.default_rng(4)
    graph = RamGraph(random_graph(rng, 60, 20, id_dtype))
    features = random_features(graph.arrays.num_rows, rng)
    seeds = random_seeds(graph, rng, 20)
    data = to_hetero(Loader(NeighborSampler(graph, Fanout([3])), features, seeds, 20).batch(0))
    for store in data.node_stores:
        assert store.n_id.dtype == torch.int64
        assert store.n_id.numel() == 0 or int(store.n_id.max()) < 60


def test_a_homogeneous_graph_becomes_data():
    rng = np.random.default_rng(23)  # one timed node type, two edge tables on it
    graph = RamGraph(random_graph(rng, 60, 20))
    (node_type,), edge_type = graph.schema.node_types, graph.schema.edge_types[-2]
    features = random_features(graph.arrays.num_rows, rng)
    seeds = random_seeds(graph, rng, 30)
    one = Loader(NeighborSampler(graph, Fanout([{edge_type: 4}] * 2)), features, seeds, 30).batch(0)
    data, hetero = to_data(one), to_hetero(one)
    for key, value in hetero[node_type].items():
        assert torch.equal(data[key], value) if torch.is_tensor(value) else data[key] == value
    for key, value in hetero[tuple(edge_type)].items():
        name = key if key in ("edge_index", "e_id", "edge_time", "num_sampled_edges") else f"edge_{key}"
        assert torch.equal(data[name], value) if torch.is_tensor(value) else data[name] == value
    assert data.num_nodes == hetero.num_nodes
    assert data.validate()
    several = Loader(NeighborSampler(graph, Fanout([4])), features, seeds, 30).batch(0)
    with pytest.raises(LoaderError, match="1 node types and its subgraph 6 edge types"):
        to_data(several)


def test_the_result_is_valid_for_pyg(batch):
    for expand in (True, False):
        data = to_hetero(batch, expand=expand)
        assert data.validate()
        assert data.to("cpu").num_edges == batch.subgraph.num_edges


def dated_features(world, anchor, later):
    """Two timestamp columns in every table; what is after the anchor lies at ``later``, None: nowhere."""
    rng, blocks = np.random.default_rng(1), []
    for table, rows in world.graph.arrays.num_rows.items():
        block = random_block(table, rows, rng, {"timestamp": 2, "numerical": 1})
        stamps, mask = block.section("timestamp"), block.data[:, block.layout.mask_offset]
        drawn = rng.integers(-2, 3, stamps.shape) + anchor
        stamps[:] = np.where(drawn > anchor, drawn if later is None else later, drawn)
        mask[:] = 0b111
        if later is None:  # bits in the order of the columns: both timestamps come first
            mask -= ((drawn > anchor) * np.array([1, 2])).sum(1).astype(np.uint8)
            stamps[drawn > anchor] = 0
        blocks.append(block)
    return RamFeatures(blocks)


@pytest.mark.parametrize("joint", [False, True])
def test_timestamps_after_the_anchor_change_no_expanded_batch(world, joint):
    edges = 0
    for anchor in np.unique(world.seeds.anchor_time):
        seeds = world.seeds[world.seeds.anchor_time == anchor]
        sampler = world.joint if joint else world.sampler
        bare, soon, late = (
            to_hetero(Loader(sampler, dated_features(world, anchor, later), seeds, 50).batch(0))
            for later in (None, anchor + 1, anchor + 10**12)
        )
        for other in (soon, late):
            for kind in [*bare.node_types, *bare.edge_types]:
                for name, value in bare[kind].items():
                    assert np.array_equal(other[kind][name], value), (kind, name)
        for kind in bare.edge_types:
            edges += "timestamp" in bare[kind] and int((~bare[kind].present[:, :2]).sum())
    assert edges, "rows of folded edge tables had something to hide"


def test_a_static_task_sees_every_timestamp(world):
    static = replace(world.seeds, anchor_time=np.full(100, FOREVER))
    features = dated_features(world, 0, 10**15)
    data = to_hetero(Loader(world.sampler, features, static, 100).batch(0))
    assert data["n0"].present.all()
    assert (data["n0"].timestamp == 10**15).any()


def test_a_batch_without_anchors_is_refused(batch):
    data = to_hetero(batch)
    del data[batch.seed_type].seed_time
    with pytest.raises(LoaderError, match="no node type has a seed_time and there are no links"):
        hide_future(data, {})
    with pytest.raises(LoaderError, match=r"got a Data\. .*Give the type with the seeds"):
        hide_future(Data(), {})


@pytest.mark.parametrize("convert", [to_hetero, to_data])
def test_a_subgraph_is_no_batch(world, convert):
    with pytest.raises(
        LoaderError, match=r"got a SampledSubgraph\. Allowed: a Batch\. Batches come from wb\.Loader"
    ):
        convert(world.sampler.sample(world.seeds.seed_set()))
