"""The loader: complete batches, the same ones however they are made."""

from dataclasses import replace

import numpy as np
import pytest

from workbench.errors import LoaderError
from workbench.events import StageTimes
from workbench.loading.loader import Loader
from workbench.stores.buffers import ArenaPool
from workbench.stores.sharded_graph import ShardedGraph
from workbench.testing.sizes import cases
from workbench.testing.small_world import small_world


def assert_same(first, second):
    assert first.index == second.index
    assert first.subgraph.same_as(second.subgraph)
    assert np.array_equal(first.input_ids, second.input_ids)
    assert np.array_equal(first.label, second.label)
    for part in ("nodes", "edges"):
        ours, theirs = getattr(first, part), getattr(second, part)
        assert ours.keys() == theirs.keys()
        for name in ours:
            assert np.array_equal(ours[name].index, theirs[name].index)
            assert np.array_equal(ours[name].block.data, theirs[name].block.data)
    for part in ("node_time", "edge_time"):
        ours, theirs = getattr(first, part), getattr(second, part)
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def all_same(first, second):
    first, second = list(first), list(second)
    assert len(first) == len(second)
    for ours, theirs in zip(first, second, strict=True):
        assert_same(ours, theirs)


def assert_complete(batch, world):
    """Every row, time and label of the batch, compared with its source."""
    schema = world.graph.schema
    stored = {block.layout.group: block.data for block in world.features.blocks}
    assert batch.nodes.keys() == set(schema.node_types) & stored.keys()
    for name, rows in batch.nodes.items():
        ids = batch.subgraph.node_id[name]
        assert np.array_equal(rows.block.data[rows.index], stored[name][ids])
        assert len(rows.block) == len(np.unique(ids)), "each distinct row is fetched once"
    tables = {name: schema.edge_spec(name) for name in batch.subgraph.edge_id}
    folded = {name: spec.table for name, spec in tables.items() if spec.layout == "edges"}
    assert batch.edges.keys() == {name for name, table in folded.items() if table in stored}
    for name, rows in batch.edges.items():
        ids = batch.subgraph.edge_id[name]
        assert np.array_equal(rows.block.data[rows.index], stored[folded[name]][ids])
    for name, ids in batch.subgraph.node_id.items():
        times = world.graph.times(name)
        assert (name in batch.node_time) == (times is not None)
        assert times is None or np.array_equal(batch.node_time[name], times[ids])
    for name, ids in batch.subgraph.edge_id.items():
        times = world.graph.times(tables[name].table)
        assert (name in batch.edge_time) == (times is not None)
        assert times is None or np.array_equal(batch.edge_time[name], times[ids])
    assert np.array_equal(batch.label, world.seeds.label[batch.input_ids].astype(np.float32))
    assert np.array_equal(batch.anchors, world.seeds.anchor_time[batch.input_ids])


@pytest.mark.parametrize("joint", [False, True])
def test_batches_are_complete(world, joint):
    sampler = world.joint if joint else world.sampler
    loader = Loader(sampler, world.features, world.seeds, 9, shuffle=True)
    batches = list(loader)
    assert len(batches) == len(loader) >= 12
    assert [batch.index for batch in batches] == list(range(len(batches)))
    for batch in batches:
        assert_complete(batch, world)
    assert any(len(rows) for batch in batches for rows in batch.edges.values()), "the graph shows too little"
    assert sorted(np.concatenate([batch.input_ids for batch in batches])) == list(range(100))


@pytest.mark.parametrize("joint", [False, True])
def test_batches_of_any_world_are_complete(joint):
    for number in range(cases(30, 500)):
        world = small_world(number)
        sampler = world.joint if joint else world.sampler
        loader = Loader(sampler, world.threaded, world.seeds, 17, shuffle=True, key=number)
        seen = [np.empty(0, np.int64)]
        for batch in loader:
            assert_complete(batch, world)
            seen.append(batch.input_ids)
        assert np.array_equal(np.sort(np.concatenate(seen)), np.arange(len(world.seeds)))


def test_an_edge_table_that_two_directions_read_is_read_once(world):
    asked = []

    class Counting(type(world.features)):
        def multi_get(self, reads, pool=None, snapshot=None):
            asked.append([read.group for read in reads])
            return super().multi_get(reads, pool, snapshot)

    batch = Loader(world.sampler, Counting(world.features.blocks), world.seeds, 50).batch(0)
    assert len(batch.edges) > len(asked[0]) - len(batch.nodes) > 0
    assert len(asked[0]) == len(set(asked[0]))


def test_edge_features_can_be_left_out(world):
    batch = Loader(world.sampler, world.features, world.seeds, 50, edge_features=False).batch(0)
    assert not batch.edges
    assert batch.edge_time


@pytest.mark.parametrize("joint", [False, True])
def test_threads_and_stores_change_nothing(world, joint):
    sampler = world.joint if joint else world.sampler
    reference = list(Loader(sampler, world.features, world.seeds, 7, shuffle=True, threads=1, prefetch=1))
    for threads, prefetch, features in ((4, 4, world.features), (4, 9, world.threaded)):
        made = Loader(sampler, features, world.seeds, 7, shuffle=True, threads=threads, prefetch=prefetch)
        all_same(reference, made)


def test_two_shards_make_the_same_batches(world):
    sharded = replace(world.sampler, graph=ShardedGraph(world.graph.arrays, shards=2))
    all_same(
        Loader(world.sampler, world.features, world.seeds, 30, shuffle=True),
        Loader(sharded, world.features, world.seeds, 30, shuffle=True),
    )


def test_epochs_differ_in_order_and_draws_and_repeat(world):
    loader = Loader(world.sampler, world.features, world.seeds, 100, shuffle=True)
    again, other = loader.with_epoch(0).batch(0), loader.with_epoch(1).batch(0)
    assert_same(loader.batch(0), again)
    assert not np.array_equal(other.input_ids, again.input_ids)
    plain = Loader(world.sampler, world.features, world.seeds, 100)
    other = plain.with_epoch(1).batch(0)
    assert np.array_equal(other.input_ids, plain.batch(0).input_ids)
    assert not other.subgraph.same_as(plain.batch(0).subgraph)


def test_disjoint_batches_depend_on_no_neighbour_in_the_batch(world):
    small = list(Loader(world.sampler, world.features, world.seeds, 1))
    large = Loader(world.sampler, world.features, world.seeds, 100).batch(0)
    assert sum(batch.subgraph.num_edges for batch in small) == large.subgraph.num_edges


def test_joint_batches_hold_one_anchor(world):
    for batch in Loader(world.joint, world.features, world.seeds, 8, shuffle=True):
        assert len(np.unique(batch.anchors)) == 1


def test_until_clamps_what_a_joint_batch_groups_by(world):
    frozen = replace(world.seeds, until=int(np.sort(world.seeds.anchor_time)[40]))
    loader = Loader(world.joint, world.features, frozen, 1000)
    assert len(loader) == len(np.unique(frozen.visible_until)) < len(np.unique(frozen.anchor_time))
    for batch in loader:
        assert (batch.anchors <= frozen.until).all()


@pytest.mark.parametrize("start", [0, 1, 5, 12])
def test_a_resumed_loader_goes_on_where_it_was(world, start):
    options = {"batch_size": 9, "shuffle": True, "epoch": 3}
    whole = list(Loader(world.sampler, world.features, world.seeds, **options))
    rest = Loader(world.sampler, world.features, world.seeds, start_batch=start, **options)
    assert len(rest) == len(whole) - start
    all_same(whole[start:], rest)
    assert len(rest.with_epoch(4)) == len(whole)


def test_a_batch_made_alone_is_the_one_that_iterating_yields(world):
    loader = Loader(world.sampler, world.threaded, world.seeds, 9, shuffle=True)
    for batch in loader:
        assert_same(batch, loader.batch(batch.index))


def test_a_list_of_batches_is_safe(world):
    pool = ArenaPool()
    loader = Loader(world.sampler, world.threaded, world.seeds, 4, pool=pool, threads=3)
    held = list(loader)
    for batch in held:
        assert_complete(batch, world)
    full = pool.held_bytes()
    # a view of a view keeps its arena as well
    views = [rows.block.section("numerical")[:1] for rows in held[0].nodes.values()]
    before = [view.copy() for view in views]
    del held, batch
    for _ in loader:
        pass
    assert all(np.array_equal(view, copy) for view, copy in zip(views, before, strict=True))
    assert pool.held_bytes() <= full, "arenas are used again once nothing refers to them"


def test_labels_are_float32_whole_numbers_int64_or_absent(world):
    def label(value):
        seeds = replace(world.seeds, label=value)
        return Loader(world.sampler, world.features, seeds, 10).batch(0).label

    assert label(None) is None
    assert label(np.zeros(100)).dtype == np.float32
    assert label(np.zeros(100, bool)).dtype == np.float32
    assert label(np.zeros(100, np.int32)).dtype == np.int64


def test_stage_times_add_up_and_come_in_the_consumers_thread(world, monkeypatch):
    monkeypatch.setattr("workbench.loading.iterator.EVENT_SECONDS", 0.0)
    events = []
    loader = Loader(world.sampler, world.threaded, world.seeds, 9, epoch=2, callbacks=[events.append])
    batches = list(loader)
    assert all(isinstance(event, StageTimes) and event.epoch == 3 for event in events)  # epoch=0 is the first
    assert not any("wait" in event.stages for event in events)  # the consumer's to measure
    assert len(events) >= len(batches)
    assert set(batches[0].seconds) == {"sample", "fetch", "assemble"}
    for stage in ("sample", "fetch", "assemble"):
        told = sum(event.stages.get(stage, 0) for event in events)
        assert told == pytest.approx(sum(batch.seconds[stage] for batch in batches))
    assert [event.seconds for event in events] == sorted(event.seconds for event in events)
    assert set(events[0].queues) == {"sampled", "ready"}


def test_stage_times_are_throttled_but_complete(world, monkeypatch):
    monkeypatch.setattr("workbench.loading.iterator.EVENT_SECONDS", 1e9)
    events = []
    list(Loader(world.sampler, world.features, world.seeds, 1, callbacks=[events.append]))
    assert [event.batch for event in events] == [100]


def test_converted_items_carry_their_time(world, monkeypatch):
    monkeypatch.setattr("workbench.loading.iterator.EVENT_SECONDS", 0.0)
    events = []
    loader = Loader(world.sampler, world.features, world.seeds, 9, callbacks=[events.append])
    assert list(loader.iterate(lambda batch: batch.index)) == list(range(12))
    assert all("convert" in event.stages for event in events)


def test_an_empty_table_has_no_batches(world):
    loader = Loader(world.sampler, world.features, world.seeds[:0], 9)
    assert len(loader) == 0
    assert list(loader) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threads": 0}, "threads of a loader"),
        ({"prefetch": 0}, "prefetch of a loader"),
        ({"batch_size": 0}, "a positive number of seeds"),
        ({"start_batch": 13}, "0 to 12"),
        ({"start_batch": -1}, "0 to 12"),
        ({"start_batch": 1.0}, "got 1.0"),
        ({"callbacks": print}, "got one callable"),
        ({"sampler": None}, r"got a NoneType\. Allowed: a NeighborSampler"),
        ({"features": None}, r"got a NoneType\. Allowed: a FeatureStore"),
        ({"seeds": [1, 2]}, r"got a list\. Allowed: a SeedTable\. Take task\.seeds"),
        ({"batch_size": 101, "drop_last": True}, "drop_last=False"),
    ],
)
def test_bad_options_are_refused_at_once(world, options, message):
    parts = {"sampler": world.sampler, "features": world.features, "seeds": world.seeds}
    with pytest.raises(LoaderError, match=message):
        Loader(**{**parts, "batch_size": 9, **options})


@pytest.mark.parametrize("index", [-1, 12, 0.5])
def test_a_batch_that_the_epoch_does_not_have(world, index):
    with pytest.raises(LoaderError, match=rf"got {index}\. Allowed: 0 to 11"):
        Loader(world.sampler, world.features, world.seeds, 9).batch(index)
    with pytest.raises(LoaderError, match="none: there are no seeds"):
        Loader(world.sampler, world.features, world.seeds[:0], 9).batch(0)


def test_it_prints_what_it_yields(world):
    text = repr(Loader(world.sampler, world.features, world.seeds, 9, epoch=2))
    assert text.startswith("Loader(12 batches of up to 9 of SeedTable(train: 100 x n0")
    assert text.endswith("epoch 2)")
