"""Which order each table gets: as it is said, by the rule, as measured; and never one that does not pay."""

import numpy as np
import pytest

from workbench.ingestion import pilot
from workbench.ingestion.build import ingest
from workbench.ingestion.lay_out import chosen, moved
from workbench.ingestion.locality import STORED, Locality, TableLocality, stored_slots
from workbench.ingestion.orders import ARRIVAL, Orders
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.protocols import Read
from workbench.stores.ram_graph import RamGraph
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.versions import Histories
from workbench.testing.changing_shop import (
    DAY,
    SCHEMA,
    as_tables,
    check_block,
    random_frames,
    versions_of,
)
from workbench.testing.edited_shop import make_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop")
    make_shop(path, np.random.default_rng(0), order={"orders": "user_id"})
    dataset = Dataset.open(path)
    return dataset, Orders(GraphArrays.open(dataset))


def unasked():
    raise AssertionError("nothing was to be measured")


def test_words_are_for_all_tables_and_a_mapping_for_those_that_it_names(shop):
    dataset, orders = shop
    assert chosen(dataset, orders, "key", unasked) == {"users": ARRIVAL, "orders": "user_id"}
    assert chosen(dataset, orders, "community", unasked) == {"users": ARRIVAL, "orders": ARRIVAL}
    assert chosen(dataset, orders, {"orders": "key"}, unasked) == {"orders": "user_id"}
    assert chosen(dataset, orders, {"users": ARRIVAL}, unasked) == {"users": ARRIVAL}


@pytest.mark.parametrize(("pages", "best"), [(80.0, "user_id"), (90.0, ARRIVAL), (110.0, ARRIVAL)])
def test_a_measure_decides_once_and_only_where_an_order_pays(shop, pages, best):
    dataset, orders = shop
    calls = []

    def replay():
        calls.append(1)
        return Locality((TableLocality("orders", 9, {ARRIVAL: 100, "user_id": pages}),), 1)

    assert chosen(dataset, orders, "measured", replay) == {"users": ARRIVAL, "orders": best}
    assert chosen(dataset, orders, {"orders": "measured", "users": ARRIVAL}, replay)["orders"] == best
    assert len(calls) == 2


def test_only_what_lies_otherwise_is_moved(shop):
    dataset, orders = shop
    assert moved(dataset, orders, {"users": ARRIVAL, "orders": "user_id"}) == {}
    assert moved(dataset, orders, {"users": ARRIVAL, "orders": ARRIVAL}) == {"orders": None}


def test_a_measured_ingest_lays_rows_out_as_its_pilot_says(tmp_path, monkeypatch):
    monkeypatch.setattr(pilot, "BATCH", 8)
    make_shop(tmp_path, np.random.default_rng(1), users=400, orders=6000, order="measured")
    dataset = Dataset.open(tmp_path)
    assert dataset.manifest.report["order"] == {"users": ARRIVAL, "orders": "user_id"}
    assert (dataset.file("slot", "orders") is None, dataset.file("slot", "users")) == (False, None)
    make_shop(tmp_path / "small", np.random.default_rng(1), order="measured")
    assert Dataset.open(tmp_path / "small").manifest.report["order"]["orders"] == ARRIVAL, "all on one page"
    assert ingest.__kwdefaults__["order"] == ARRIVAL


@pytest.mark.parametrize("order", ["key", {"plans": "user_id"}])
def test_versions_of_a_node_lie_together(tmp_path, order):
    frames = random_frames(np.random.default_rng(0), users=300, versions=4000)
    ingest(as_tables(frames), SCHEMA, tmp_path, order=order)
    dataset = Dataset.open(tmp_path)
    user = frames["plans"]["user_id"].to_numpy()
    slots = stored_slots(dataset, "plans")
    assert (np.argsort(slots) == np.argsort(user, kind="stable")).all()
    store, ids = SsdFeatures.open(dataset), np.arange(300)
    expected, _ = versions_of(frames["plans"], "plans", ids * 10, np.full(300, 9 * DAY))
    block = store.multi_get([Read("plans", ids, np.full(300, 9 * DAY))])[0]
    check_block(dataset, block, ids, expected)
    graph = GraphArrays.open(dataset)
    found = pilot.pilot(dataset, RamGraph(graph), Orders(graph, Histories(dataset)))
    pages = {each.table: each.pages for each in found.tables}["plans"]
    assert pages[STORED] == pages["user_id"]
    assert min(pages.values()) > 0
