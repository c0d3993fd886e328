"""PyG's BaseSampler over ours: nodes with defaults, links with negatives of their time."""

from functools import partial

import numpy as np
import pytest
import torch
from torch_geometric.loader import LinkLoader, NodeLoader
from torch_geometric.sampler import EdgeSamplerInput, NegativeSampling, NodeSamplerInput

from workbench.errors import AnchorError, FanoutError
from workbench.plan.fanout import Fanout
from workbench.pyg.convert import hide_future
from workbench.pyg.sampler import PyGSampler
from workbench.pyg.stores import PyGFeatureStore, PyGGraphStore
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.request import SeedSet
from workbench.temporal import FOREVER, NO_TIME
from workbench.testing.small_world import small_world

LINKED = ("n2", "e0", "n0")  # the timed edge table of the small world; n0 has a time, n2 none


@pytest.fixture
def stores(world):
    return PyGFeatureStore(world.graph, world.features), PyGGraphStore(world.graph)


@pytest.fixture
def links(world):
    """Every visible link of the edge table, with the time of its row."""
    seeds = SeedSet.of("n0", np.arange(world.graph.num_nodes("n0")))
    fanout = Fanout([{"n2-e0->n0": -1}])
    found = NeighborSampler(world.graph, fanout).sample(seeds)
    (edge_type,) = found.row
    ends = found.node_id["n2"][found.row[edge_type]], found.node_id["n0"][found.col[edge_type]]
    times = world.graph.times("e0")[found.edge_id[edge_type]]
    # a link's anchor is when both its ends exist
    times = np.maximum(times, world.graph.times("n0")[ends[1]])
    kept = times != NO_TIME
    pairs = torch.from_numpy(np.stack(ends).astype(np.int64)[:, kept])
    return pairs, torch.from_numpy(times[kept])


def test_nodes_without_time_are_static(world):
    sampler = PyGSampler(world.sampler)
    with pytest.warns(UserWarning, match=r"no input_time was given: every seed sees all rows of .*e0"):
        out = sampler.sample_from_nodes(NodeSamplerInput(None, torch.tensor([3, 3, 5]), None, "n0"))
    expected = world.sampler.sample(SeedSet.of("n0", [3, 3, 5]))
    assert out.metadata[0].tolist() == [0, 1, 2]
    assert out.metadata[1].tolist() == [FOREVER] * 3
    assert set(out.node) == set(world.graph.schema.node_types), "an entry for every node type"
    for name, ids in expected.node_id.items():
        assert out.node[name].dtype == torch.int64
        assert np.array_equal(out.node[name], ids)
    assert sampler.edge_permutation is None


def test_the_epoch_is_that_of_the_sampler(world):
    sampler = PyGSampler(world.sampler)
    seeds = NodeSamplerInput(None, torch.arange(40), None, "n0")

    def drawn():
        return {name: ids.tolist() for name, ids in sampler.sample_from_nodes(seeds).node.items()}

    first = drawn()
    sampler.set_epoch(1)
    assert sampler.epoch == 1
    assert drawn() != first
    sampler.set_epoch(0)
    assert drawn() == first


def test_seeds_without_a_type_need_a_homogeneous_graph(world):
    with pytest.raises(FanoutError, match="the graph has 3 node types"):
        PyGSampler(world.sampler).sample_from_nodes(NodeSamplerInput(None, torch.arange(3)))
    homogeneous = small_world(23)
    with pytest.raises(FanoutError, match="its subgraphs have 6 edge types"):
        PyGSampler(homogeneous.sampler).sample_from_nodes(NodeSamplerInput(None, torch.arange(3)))


def test_all_nodes_of_a_type_can_be_asked_for_by_name(world, stores):
    loader = NodeLoader(stores, PyGSampler(world.sampler), input_nodes="n1", batch_size=10)
    assert sorted(torch.cat([data["n1"].input_id for data in loader]).tolist()) == list(range(33))


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize(
    "negatives",
    [None, NegativeSampling("binary", 1), NegativeSampling("binary", 2.5), NegativeSampling("triplet", 2)],
)
def test_link_loader(world, stores, links, negatives, joint, timed):
    pairs, times = links
    if timed and joint:  # a joint batch has one anchor
        chosen = times == times.mode().values
        pairs, times = pairs[:, chosen], times[chosen]
    loader = LinkLoader(
        stores,
        PyGSampler(world.joint if joint else world.sampler),
        edge_label_index=(LINKED, pairs),
        edge_label_time=times if timed else None,
        neg_sampling=negatives,
        batch_size=16,
        shuffle=True,
    )
    seen = 0
    for data in loader:
        count = len(data[LINKED].input_id) if "input_id" in data[LINKED] else 0
        chosen = data[LINKED].input_id
        ends = positives(data, negatives, count)
        assert torch.equal(data["n2"].n_id[ends[0]], pairs[0, chosen])
        assert torch.equal(data["n0"].n_id[ends[1]], pairs[1, chosen])
        anchors = times[chosen] if timed else torch.full((count,), FOREVER)
        for name, places in negative_places(data, negatives, count).items():
            stamps = world.graph.times(name)
            if stamps is not None:
                found = torch.from_numpy(stamps)[data[name].n_id[places]]
                assert (found <= anchors.repeat(len(places) // count + 1)[: len(places)]).all()
        check_labels(data, negatives, count, times[chosen] if timed else None)
        if joint:
            assert all("batch" not in store for store in data.node_stores)
            assert all(len(store.n_id.unique()) == len(store.n_id) for store in data.node_stores)
        else:
            check_batches(data, anchors)
        seen += count
    assert seen == pairs.shape[1]


def positives(data, negatives, count):
    if negatives is None or negatives.is_binary():
        return data[LINKED].edge_label_index[:, :count]
    return torch.stack([data["n2"].src_index, data["n0"].dst_pos_index])


def negative_places(data, negatives, count):
    """Local ids of negatives per type, copy after copy."""
    if negatives is None:
        return {}
    if negatives.is_binary():
        row, col = data[LINKED].edge_label_index[:, count:]
        return {"n2": row, "n0": col}
    assert data["n0"].dst_neg_index.shape == (count, 2)
    return {"n0": data["n0"].dst_neg_index.t().reshape(-1)}


def check_labels(data, negatives, count, times):
    if negatives is not None and negatives.is_triplet():
        for name in ("n0", "n2"):
            assert ("seed_time" in data[name]) == (times is not None)
            assert times is None or torch.equal(data[name].seed_time, times)
        return
    store = data[LINKED]
    total = store.edge_label_index.shape[1]
    assert total == count + (0 if negatives is None else int(np.ceil(count * negatives.amount)))
    if negatives is not None:
        assert store.edge_label.tolist() == [1.0] * count + [0.0] * (total - count)
    if times is not None:
        assert torch.equal(store.edge_label_time, times.repeat(4)[:total])


def check_batches(data, anchors):
    """Every node belongs to a link, and is no later than that link."""
    for store in data.node_stores:
        assert len(store.batch) == store.num_nodes
        assert store.num_nodes == 0 or int(store.batch.max()) < len(anchors)
        if "time" in store:
            drawn = torch.arange(store.num_nodes) >= store.num_sampled_nodes[0]
            assert (store.time[drawn] <= anchors[store.batch][drawn]).all()


def test_links_within_one_node_type():
    world = small_world(23)
    (name,) = world.graph.schema.node_types
    pairs = torch.tensor([[1, 2, 3], [4, 2, 6]])
    for hetero in (True, False):
        edge_type = tuple(world.graph.schema.edge_types[-2])
        sampler = NeighborSampler(world.graph, Fanout([{world.graph.schema.edge_types[-2]: 3}]))
        loader = LinkLoader(
            (PyGFeatureStore(world.graph, world.features), PyGGraphStore(world.graph)),
            PyGSampler(sampler),
            edge_label_index=(edge_type, pairs) if hetero else (None, pairs),
            edge_label=torch.tensor([2, 0, 1]),
            neg_sampling=NegativeSampling("binary", 1),
            batch_size=3,
        )
        (data,) = loader
        where, nodes = (data[edge_type], data[name]) if hetero else (data, data)
        assert torch.equal(nodes.n_id[where.edge_label_index[:, :3]], pairs)
        assert where.edge_label.tolist() == [3, 1, 2, 0, 0, 0]
        assert nodes.batch[:12].tolist() == [0, 1, 2] * 4
        assert nodes.x.shape[0] == nodes.num_nodes


def test_the_two_ends_of_a_negative_are_independent():
    world = small_world(23)
    edge_type = tuple(world.graph.schema.edge_types[-2])
    pairs = torch.arange(30).repeat(2, 1)
    out = PyGSampler(world.sampler).sample_from_edges(
        EdgeSamplerInput(None, pairs[0], pairs[1], input_type=edge_type), NegativeSampling("binary", 1)
    )
    row, col = out.node[edge_type[0]][out.metadata[1][:, 30:]]
    assert (row != col).sum() > 20


def test_negatives_repeat_with_their_key_and_change_with_the_epoch(world, stores, links):
    def drawn(epoch, key=7):
        sampler = PyGSampler(NeighborSampler(world.graph, Fanout([2]), key=key), epoch)
        loader = LinkLoader(
            stores, sampler, (LINKED, links[0]), None, links[1], NegativeSampling("binary", 3), batch_size=64
        )
        return [
            data[name].n_id[places].tolist()
            for data in loader
            for name, places in negative_places(data, NegativeSampling("binary", 3), 64).items()
        ]

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
    assert drawn(0) != drawn(0, key=8)


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("negatives", [None, NegativeSampling("binary", 1.5), NegativeSampling("triplet", 2)])
def test_link_loaders_hide_timestamps_later_than_the_link(world, stores, links, negatives, joint, timed):
    pairs, times = links
    if joint:
        chosen = times == times.mode().values
        pairs, times = pairs[:, chosen], times[chosen]

    def batches(transform=None):
        sampler = PyGSampler(world.joint if joint else world.sampler)
        anchors = times if timed else None
        ends = (LINKED, pairs)
        return LinkLoader(stores, sampler, ends, None, anchors, negatives, transform=transform, batch_size=16)

    hidden = 0
    hide = partial(hide_future, groups=world.features.groups)
    for plain, masked in zip(batches(), batches(hide), strict=True):
        anchors = times[plain[LINKED].input_id] if timed else torch.full((16,), FOREVER)
        for name in plain.node_types:
            whole, shown = plain[name], masked[name]
            if "timestamp" not in whole:
                continue
            columns = world.features.groups[name].columns
            stamped = torch.tensor([column.section == "timestamp" for column in columns])
            late = whole.timestamp > anchors[whole.batch if "batch" in whole else whole.n_id * 0][:, None]
            assert torch.equal(shown.timestamp, whole.timestamp.masked_fill(late, 0))
            assert torch.equal(shown.present[:, stamped], whole.present[:, stamped] & ~late)
            assert torch.equal(shown.present[:, ~stamped], whole.present[:, ~stamped])
            hidden += int(late.sum())
    assert (hidden > 0) == timed


def test_link_loader_with_workers(world, stores, links):
    def batches(workers):
        return list(
            LinkLoader(
                stores,
                PyGSampler(world.sampler),
                (LINKED, links[0]),
                None,
                links[1],
                NegativeSampling("triplet", 1),
                batch_size=16,
                num_workers=workers,
            )
        )

    for alone, worked in zip(batches(0), batches(2), strict=True):
        assert alone["n0"].dst_neg_index.dim() == 1
        for name in ("n0", "n2"):
            assert torch.equal(alone[name].n_id, worked[name].n_id)


def test_two_anchors_in_a_joint_batch_are_refused(world, stores, links):
    pairs, times = links
    assert len(times.unique()) > 1
    loader = LinkLoader(
        stores, PyGSampler(world.joint), (LINKED, pairs), edge_label_time=times, batch_size=len(times)
    )
    with pytest.raises(AnchorError, match="one anchor per joint batch"):
        next(iter(loader))
