"""The pilot: seeds spread over the history, and the very rows that their samples hold."""

import numpy as np
import pytest

import workbench as wb
from workbench.ingestion import pilot as module
from workbench.ingestion.orders import ARRIVAL, COMMUNITY, Orders
from workbench.ingestion.pilot import BATCHES, drawn_seeds, pilot, rows_read
from workbench.loading.join import plan_join
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.ram_graph import RamGraph
from workbench.testing.commerce import commerce
from workbench.testing.graphs import toy_shop
from workbench.testing.planted import planted


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    path = tmp_path_factory.mktemp("pilot")
    shop = commerce(1500, periods=10, reviews=1.0).tables
    tables = wb.read_tables(shop)
    wb.ingest(tables, wb.infer_schema(tables).as_edge("reviews"), path)
    return wb.open(path)


def test_seeds_are_known_at_their_anchor_and_spread(engine):
    drawn = list(drawn_seeds(engine.graph, 50, 4))
    assert {batch.node_type for batch in drawn} <= {"users", "products"}
    anchors = [int(batch.anchors[0]) for batch in drawn]
    assert anchors == sorted(set(anchors))
    for batch, anchor in zip(drawn, anchors, strict=True):
        assert (batch.anchors == anchor).all()
        born = engine.graph.times(batch.node_type)
        assert born is None or (born[batch.ids] <= anchor).all()
    assert len(list(drawn_seeds(RamGraph(toy_shop()), 50, 4))) == 4


def test_rows_are_those_that_a_batch_joins(engine):
    sampler = NeighborSampler(engine.graph, wb.Fanout([9, 4]), purpose="pilot")
    (seeds,) = drawn_seeds(engine.graph, 40, 1)
    sample = sampler.sample(seeds)
    reads = plan_join(engine.schema, [table.name for table in engine.schema], sample).reads
    found = dict(rows_read(engine.schema, sample))
    assert found.keys() == {read.group for read in reads}
    assert all((found[read.group] == np.sort(read.ids)).all() for read in reads)
    assert len(found["reviews"])


def test_it_finds_the_key_by_which_rows_are_read(engine):
    found = pilot(engine.dataset, engine.graph, Orders(engine.graph.arrays))
    assert found.batches == BATCHES
    assert found == pilot(engine.dataset, engine.graph, Orders(engine.graph.arrays))
    (orders,) = (each for each in found.tables if each.table == "orders")
    assert orders.pages.keys() == {ARRIVAL, "user_id", "product_id"}


def test_it_finds_communities_where_there_are_no_keys(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 16)
    monkeypatch.setattr(module, "FANOUT", (10,))
    tables, schema = planted(12_000, 40, 20, 0.95, np.random.default_rng(0)).tables(15)
    wb.ingest(tables, schema, tmp_path, order="measured")
    engine = wb.open(tmp_path)
    assert engine.dataset.manifest.report["order"] == {"nodes": COMMUNITY}
    assert engine.dataset.file("slot", "nodes") is not None
    found = engine.features.locality(wb.Fanout([10]), batch_size=32)
    assert found.order == {"nodes": COMMUNITY}
    (nodes,) = found.tables
    assert nodes.now * 2 < nodes.pages[ARRIVAL]
    rows = engine.features.multi_get([wb.Read("nodes", np.array([7, 11_999]))])[0].column("vector")
    assert rows[:, 0].tolist() == [7 * 15, 11_999 * 15]
