"""Over a dataset on disk: stock loaders equal ours, with workers that were forked or spawned."""

from types import SimpleNamespace

import pytest
import torch
from torch_geometric.loader import LinkLoader, NodeLoader

import workbench as wb
from workbench.pyg.loader import PyGLoader
from workbench.pyg.sampler import PyGSampler
from workbench.pyg.stores import PyGFeatureStore, PyGGraphStore
from workbench.testing.commerce import commerce


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "store"
    made = commerce(120)
    tables = wb.read_tables(made.tables)
    schema = wb.infer_schema(tables).as_edge("reviews", "user_id", "product_id")
    wb.ingest(tables, schema, path)
    engine = wb.open(path)
    seeds = engine.task(made.query, val=made.val, test=made.test).seeds("train")[:300]
    sampler = wb.NeighborSampler(engine.graph, wb.Fanout([8, 4]), key=1)
    return SimpleNamespace(engine=engine, seeds=seeds, sampler=sampler)


@pytest.fixture
def ours(shop):
    return PyGLoader(shop.sampler, shop.engine.features, shop.seeds, 64, shuffle=True, epoch=1)


@pytest.mark.parametrize(
    ("workers", "start"),
    [
        (0, None),
        (2, "fork"),
        pytest.param(1, "spawn", marks=pytest.mark.slow),
    ],  # a spawned worker imports torch
)
def test_stock_loader_equals_ours(shop, ours, workers, start):
    order = ours.loader.order
    stock = NodeLoader(
        (PyGFeatureStore(shop.engine.graph, shop.engine.features), PyGGraphStore(shop.engine.graph)),
        node_sampler=PyGSampler(shop.sampler, epoch=1),
        input_nodes=("users", torch.from_numpy(shop.seeds.node_id)),
        input_time=torch.from_numpy(shop.seeds.visible_until),
        batch_sampler=[order[i].tolist() for i in range(len(order))],
        num_workers=workers,
        multiprocessing_context=start,
    )
    for theirs, batch in zip(stock, ours, strict=True):
        for kind in [*theirs.node_types, *theirs.edge_types]:
            for name, value in theirs[kind].items():
                mine = batch[kind][name]
                same = (
                    torch.equal(mine, value) and mine.dtype == value.dtype
                    if torch.is_tensor(value)
                    else mine == value
                )
                assert same, (kind, name)


def test_what_was_stored_reaches_the_model(shop, ours):
    table = shop.engine.dataset.duckdb().sql("SELECT * FROM users ORDER BY __row__").df()
    layout = shop.engine.features.groups["users"]
    numerical = [column.name for column in layout.columns if column.section == "numerical"]
    assert numerical
    for data in ours:
        store = data["users"]
        expected = torch.tensor(table[numerical].to_numpy("float32"))[store.n_id]
        assert torch.equal(store.numerical, expected.nan_to_num(0))
        clock = table[shop.engine.schema["users"].time].to_numpy("datetime64[us]").astype("int64")
        assert torch.equal(store.time, torch.tensor(clock)[store.n_id])


def test_a_folded_table_brings_its_columns_as_edge_attributes(shop, ours):
    name = next(kind for kind in ours.batch(0).edge_types if kind[1] == "reviews")
    table = shop.engine.dataset.duckdb().sql("SELECT * FROM reviews ORDER BY __row__").df()
    data = ours.batch(0)
    assert data[name].edge_attr.shape[0] == data[name].edge_index.shape[1] > 0
    for position, column in enumerate(
        column.name
        for column in shop.engine.features.groups["reviews"].columns
        if column.section == "numerical"
    ):
        expected = torch.tensor(table[column].to_numpy("float32"))[data[name].e_id]
        assert torch.equal(data[name].numerical[:, position], expected.nan_to_num(0))


def test_a_list_of_unexpanded_batches_is_safe(shop):
    # Sections are views of the store's arenas here: nothing that is held may be lent again.
    loader = PyGLoader(
        shop.sampler, shop.engine.features, shop.seeds, 10, expand=False, threads=4, prefetch=8
    )
    for held, index in zip(list(loader), range(len(loader)), strict=True):
        fresh = loader.batch(index)
        for kind in [*fresh.node_types, *fresh.edge_types]:
            for name, value in fresh[kind].items():
                mine = held[kind][name]
                assert torch.equal(mine, value) if torch.is_tensor(value) else mine == value, (kind, name)


@pytest.mark.parametrize(("factor", "unit"), [(10**6, "seconds"), (10**3, "milliseconds")])
def test_anchors_of_another_unit_are_refused_and_not_sampled_to_nothing(shop, factor, unit):
    sampler = PyGSampler(shop.sampler)
    stores = PyGFeatureStore(shop.engine.graph, shop.engine.features), PyGGraphStore(shop.engine.graph)
    ids, anchors = torch.from_numpy(shop.seeds.node_id), torch.from_numpy(shop.seeds.anchor_time)
    nodes = NodeLoader(stores, sampler, ("users", ids), anchors // factor, batch_size=64)
    with pytest.raises(wb.AnchorError, match=f"; as {unit} it is 20"):
        next(iter(nodes))
    edges = ("users", "reviews", "products"), torch.stack([ids[:8], torch.arange(8)])
    links = LinkLoader(stores, sampler, edges, edge_label_time=anchors[:8] // factor)
    with pytest.raises(wb.AnchorError, match=f"; as {unit} it is 20"):
        next(iter(links))
