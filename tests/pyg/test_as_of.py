"""Versions in PyG's batches: those of our loader, and the same added to those of stock loaders."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch_geometric.loader import LinkLoader, NodeLoader

import workbench as wb
from workbench.errors import LoaderError
from workbench.loading.loader import Loader
from workbench.pyg.convert import to_hetero
from workbench.pyg.loader import PyGLoader
from workbench.pyg.sampler import PyGSampler
from workbench.pyg.stores import PyGFeatureStore, PyGGraphStore
from workbench.temporal import FOREVER
from workbench.testing.changing_shop import DAY, DAYS, SCHEMA, as_tables, random_frames


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    path = tmp_path_factory.mktemp("pyg") / "s"
    rng = np.random.default_rng(2)
    wb.ingest(as_tables(random_frames(rng, versions=60)), SCHEMA, path)
    engine = wb.open(path)
    at = np.sort(rng.integers(0, DAYS, 40)) * DAY
    seeds = engine.seeds("users", (rng.integers(0, 8, 40) * 10).tolist(), at=at)
    return SimpleNamespace(engine=engine, seeds=seeds)


def sampler_of(shop, **choices):
    return wb.NeighborSampler(shop.engine.graph, wb.Fanout([3, 2], **choices), key=1)


def stores(shop):
    return PyGFeatureStore(shop.engine.graph, shop.engine.features), PyGGraphStore(shop.engine.graph)


def adding(shop, sampler):
    return partial(wb.add_versions, sampler=sampler, features=shop.engine.features)


def test_as_of_holds_the_versions_of_the_batch(shop):
    batch = Loader(sampler_of(shop), shop.engine.features, shop.seeds, 16).batch(0)
    wide, narrow = to_hetero(batch), to_hetero(batch, expand=False)
    assert "as_of" not in wide["orders"]
    for name, versions in batch.histories.items():
        store, rows = wide[versions.of]["as_of"][name], narrow[versions.of]["as_of"][name]
        block = versions.rows.block
        assert np.array_equal(store["time"], versions.time)
        assert np.array_equal(store["numerical"], block.section("numerical")[versions.rows.index])
        assert torch.equal(store["x"], store["numerical"])
        assert len(rows["numerical"]) == len(block) < len(rows["row"]) == len(store["x"])
        assert torch.equal(rows["numerical"][rows["row"]], store["numerical"])
        assert not store["present"][versions.time == FOREVER].any()


def test_what_a_version_says_of_later_is_hidden(shop):
    batch = Loader(sampler_of(shop), shop.engine.features, shop.seeds, 40).batch(0)
    store, versions = to_hetero(batch)["users"]["as_of"]["plans"], batch.histories["plans"]
    stamps, anchors = versions.rows.block.section("timestamp"), batch.subgraph.node_anchors("users")
    wanted = stamps[versions.rows.index]
    assert (wanted > anchors[:, None]).any()
    assert np.array_equal(store["timestamp"], np.where(wanted > anchors[:, None], 0, wanted))


@pytest.mark.parametrize("expand", [True, False])
def test_on_another_device_shapes_and_types_are_the_same(shop, expand):
    batch = Loader(sampler_of(shop), shop.engine.features, shop.seeds, 16).batch(0)
    here, there = (to_hetero(batch, expand=expand, device=device) for device in (None, "meta"))
    moved = here.to("meta")
    for kind, name in (("users", "plans"), ("items", "prices")):
        for key, value in here[kind]["as_of"][name].items():
            for other in (there[kind]["as_of"][name][key], moved[kind]["as_of"][name][key]):
                assert other.is_meta
                assert (other.shape, other.dtype) == (value.shape, value.dtype)


@pytest.mark.parametrize("choices", [{}, {"strict": True}, {"disjoint": False}])
def test_stock_loaders_with_versions_added_equal_ours(shop, choices):
    sampler = sampler_of(shop, **choices)
    ours = PyGLoader(sampler, shop.engine.features, shop.seeds, 8)
    stock = NodeLoader(
        stores(shop),
        node_sampler=PyGSampler(sampler),
        input_nodes=("users", torch.from_numpy(shop.seeds.node_id)),
        input_time=torch.from_numpy(shop.seeds.visible_until),
        batch_sampler=[ours.loader.order[i].tolist() for i in range(len(ours))],
        transform=adding(shop, sampler),
    )
    found = 0
    for theirs, mine in zip(stock, ours, strict=True):
        for kind in ("users", "items"):
            for name, attributes in mine[kind]["as_of"].items():
                added = theirs[kind]["as_of"][name]
                assert added.keys() == attributes.keys()
                for key, value in attributes.items():
                    assert torch.equal(added[key], value), (kind, name, key)
                found += int((added["time"] != FOREVER).sum())
    assert found > 40


def test_links_see_versions_at_their_own_times(shop):
    sampler, rng = sampler_of(shop), np.random.default_rng(0)
    pairs = torch.from_numpy(np.stack([rng.integers(0, 30, 12), rng.integers(0, 8, 12)]))
    times = torch.from_numpy(np.sort(rng.integers(0, DAYS, 12)) * DAY)
    links = LinkLoader(
        stores(shop),
        link_sampler=PyGSampler(sampler),
        edge_label_index=(("orders", "user_id", "users"), pairs),
        edge_label_time=times,
        batch_size=5,
        transform=adding(shop, sampler),
    )
    for data in links:
        store = data["users"]
        rows = shop.engine.features.rows_as_of(
            "plans",
            store.n_id.numpy(),
            data["orders", "user_id", "users"].edge_label_time[store.batch].numpy(),
        )
        clock = np.append(shop.engine.graph.times("plans"), FOREVER)
        assert np.array_equal(store["as_of"]["plans"]["time"], clock[rows])


def test_what_no_stock_batch_says_is_refused(shop):
    sampler = sampler_of(shop, cutoff="path")
    data = next(iter(PyGLoader(sampler, shop.engine.features, shop.seeds, 4)))
    with pytest.raises(LoaderError, match=r"cutoff='path'.*PyGLoader"):
        adding(shop, sampler)(data)
    plain = sampler_of(shop)
    del data["users"].seed_time
    with pytest.raises(LoaderError, match="no node type has a seed_time"):
        adding(shop, plain)(data)
    with pytest.raises(LoaderError, match=r"engine\.features"):
        wb.add_versions(data, plain, None)
