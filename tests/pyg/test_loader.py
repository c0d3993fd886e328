"""PyGLoader and stock loaders over our stores yield the same, and stock models train on both."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch_geometric.loader import NodeLoader
from torch_geometric.nn import GraphSAGE, to_hetero

from workbench.errors import LoaderError
from workbench.plan.fanout import Fanout
from workbench.pyg.convert import hide_future
from workbench.pyg.loader import PyGLoader
from workbench.pyg.sampler import PyGSampler
from workbench.pyg.sections import without_future
from workbench.pyg.stores import PyGFeatureStore, PyGGraphStore
from workbench.testing.sizes import cases

ON_TOP = {"y", "edge_time", "edge_attr"}
SECTIONS = {"numerical", "categorical", "timestamp", "embedding", "present"}


def stock(world, ours, sampler, workers=0, epoch=0, input_type=True, **options):
    """The stock loader for the batches that ``ours`` makes."""
    if input_type:
        options.setdefault("transform", partial(hide_future, groups=world.features.groups))
    seeds, order = world.seeds, ours.loader.order
    ids = torch.from_numpy(seeds.node_id)
    return NodeLoader(
        (PyGFeatureStore(world.graph, world.features), PyGGraphStore(world.graph)),
        node_sampler=PyGSampler(sampler, epoch),
        input_nodes=(seeds.node_type, ids) if input_type else ids,
        input_time=torch.from_numpy(seeds.visible_until),
        batch_sampler=[order[i].tolist() for i in range(len(order))],
        num_workers=workers,
        **options,
    )


def assert_attributes_equal(theirs, ours, edges):
    extra = set(ours.keys()) - set(theirs.keys())
    assert extra <= (ON_TOP | SECTIONS if edges else {"y"})
    for name, value in theirs.items():
        mine = ours[name]
        assert type(mine) is type(value), name
        if torch.is_tensor(value):
            assert mine.dtype == value.dtype, name
            assert torch.equal(mine, value), name
        else:
            assert mine == value, name
    return extra


def assert_hetero_equal(theirs, ours):
    assert set(theirs.node_types) == set(ours.node_types)
    assert set(theirs.edge_types) == set(ours.edge_types)
    extra = set()
    for kind in [*theirs.node_types, *theirs.edge_types]:
        extra |= assert_attributes_equal(theirs[kind], ours[kind], isinstance(kind, tuple))
    return extra


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("workers", [0, 2])
def test_stock_loader_equals_ours(world, workers, joint):
    sampler = world.joint if joint else world.sampler
    ours = PyGLoader(sampler, world.features, world.seeds, 30, shuffle=True, epoch=3)
    theirs = stock(world, ours, sampler, workers, epoch=3)
    extra = set()
    assert len(theirs) == len(ours)
    for reference, batch in zip(theirs, ours, strict=True):
        extra |= assert_hetero_equal(reference, batch)
    assert {"y", "edge_time"} <= extra, "ours carries labels and edges on top"


@pytest.mark.filterwarnings("ignore:The node types")  # types without edges are meant
@pytest.mark.parametrize("joint", [False, True])
def test_stock_loader_equals_ours_in_any_world(make_world, joint):
    for number in range(cases(25, 300)):
        world = make_world(number)
        if not len(world.seeds):
            continue  # a stock loader of nothing is refused by torch
        sampler = world.joint if joint else world.sampler
        ours = PyGLoader(sampler, world.features, world.seeds, 40, shuffle=True, key=number)
        for reference, batch in zip(stock(world, ours, sampler), ours, strict=True):
            assert_hetero_equal(reference, batch)
            assert batch.validate()


@pytest.mark.parametrize("joint", [False, True])
def test_bare_stock_loaders_differ_in_later_timestamps_alone(world, joint):
    sampler = world.joint if joint else world.sampler
    ours = PyGLoader(sampler, world.features, world.seeds, 30)
    bare = stock(world, ours, sampler, transform=None)
    (table,) = (name for name in ours.batch(0).node_types if "timestamp" in ours.batch(0)[name])
    (bit,) = (
        i for i, column in enumerate(world.features.groups[table].columns) if column.section == "timestamp"
    )
    hidden = 0
    for reference, batch in zip(bare, ours, strict=True):
        theirs, mine, anchors = reference[table], batch[table], batch[world.seeds.node_type].seed_time
        later = theirs.timestamp[:, 0] > anchors[0 if joint else theirs.batch]
        assert (mine.timestamp[later] == 0).all()
        assert not mine.present[later, bit].any()
        hidden += int((theirs.present[later, bit]).sum())
        theirs.timestamp[later], theirs.present[later, bit] = 0, False
        assert_hetero_equal(reference, batch)
    assert hidden


def test_stock_loader_with_threaded_features_and_workers(world):
    world = replace(world, features=world.threaded)
    world.features.multi_get([])  # the parent's threads are up before the fork
    ours = PyGLoader(world.sampler, world.features, world.seeds, 30)
    for reference, batch in zip(stock(world, ours, world.sampler, 2), ours, strict=True):
        assert_hetero_equal(reference, batch)


def test_workers_that_persist_see_a_new_epoch(world):
    ours = PyGLoader(world.sampler, world.features, world.seeds, 50)
    theirs = stock(world, ours, world.sampler, 2, persistent_workers=True)
    for epoch in range(3):
        theirs.node_sampler.set_epoch(epoch)
        for reference, batch in zip(theirs, ours.with_epoch(epoch), strict=True):
            assert_hetero_equal(reference, batch)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_homogeneous_graph_yields_the_same_data(make_world, workers):
    world = make_world(23)
    edge_type = world.graph.schema.edge_types[-2]
    sampler = replace(world.sampler, fanout=Fanout([{edge_type: 4}] * 2))
    ours = PyGLoader(sampler, world.features, world.seeds, 30, homogeneous=True)
    theirs = stock(world, ours, sampler, workers, input_type=False)
    layout = world.features.groups[world.seeds.node_type]
    for reference, batch in zip(theirs, ours, strict=True):
        stamped = {name: reference[name] for name in ("timestamp", "present")}
        reference.update(without_future(layout, stamped, reference.seed_time[reference.batch]))
        extra = set(batch.keys()) - set(reference.keys())
        assert extra <= {"y", "edge_time", "edge_attr"} | {f"edge_{name}" for name in SECTIONS}
        assert_attributes_equal(reference, {name: batch[name] for name in reference.keys()}, edges=False)  # noqa: SIM118


def train(loader, seed_type, epochs=4):
    """Losses of a stock model: the first passes over the loader."""
    first = next(iter(loader))
    torch.manual_seed(0)  # after the iterator, for stock ones draw from the global state
    model = GraphSAGE((-1, -1), hidden_channels=8, num_layers=2, out_channels=1)
    model = to_hetero(model, first.metadata())
    with torch.no_grad():
        model(first.x_dict, first.edge_index_dict)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(epochs):
        for data in loader:
            store = data[seed_type]
            out = model(data.x_dict, data.edge_index_dict)[seed_type][: store.batch_size, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(out, labels(store))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def labels(store):
    # The world's labels are noise; whether the seed's first number is positive can be learnt.
    return (store.x[: store.batch_size, 0] > 0).float()


def test_a_stock_model_trains_on_both_to_the_same_losses(world):
    ours = PyGLoader(world.sampler, world.features, world.seeds, 25)
    mine = train(ours, world.seeds.node_type)
    assert np.mean(mine[-4:]) < 0.8 * np.mean(mine[:4])
    assert mine == train(stock(world, ours, world.sampler), world.seeds.node_type)


def test_the_seeds_time_hides_the_future_in_both(world):
    ours = PyGLoader(world.sampler, world.features, world.seeds, 50)
    for data in ours:
        anchors = data[world.seeds.node_type].seed_time
        for store in data.node_stores:
            if "time" in store:
                drawn = torch.arange(store.num_nodes) >= store.num_sampled_nodes[0]
                assert (store.time[drawn] <= anchors[store.batch][drawn]).all()


def test_ours_has_the_options_of_the_loader(world):
    ours = PyGLoader(
        world.sampler, world.features, world.seeds, 30, start_batch=2, transform=lambda d: (d, 1)
    )
    assert len(ours) == len(list(ours)) == 2
    assert len(ours.with_epoch(1)) == 4
    made, mark = ours.batch(3)
    assert mark == 1
    assert made[world.seeds.node_type].input_id.tolist() == list(range(90, 100))


def test_a_device_is_where_tensors_are(world):
    for data in PyGLoader(world.sampler, world.features, world.seeds, 50, device="meta"):
        assert all(
            value.is_meta for store in data.stores for value in store.values() if torch.is_tensor(value)
        )


def test_unexpanded_batches_pass_through(world):
    data = PyGLoader(world.sampler, world.features, world.seeds, 50, expand=False).batch(0)
    assert "row" in data["n0"]
    assert "x" not in data["n0"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cuda_loader_yields_what_the_cpu_loader_yields(world):
    on_gpu = PyGLoader(world.sampler, world.features, world.seeds, 20, device="cuda")
    for ours, theirs in zip(
        PyGLoader(world.sampler, world.features, world.seeds, 20), list(on_gpu), strict=True
    ):
        assert_hetero_equal(theirs.cpu(), ours)


def test_an_unknown_option_is_refused(world):
    with pytest.raises(
        LoaderError, match=r"num_workers= of a loader was given: .* Allowed: .*threads, prefetch"
    ):
        PyGLoader(world.sampler, world.features, world.seeds, 20, num_workers=2)
    with pytest.raises(LoaderError, match=r"Did you mean 'shuffle'\?"):
        PyGLoader(world.sampler, world.features, world.seeds, 20, shufle=True)
