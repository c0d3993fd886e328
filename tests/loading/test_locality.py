"""Locality under a plan: the order that is chosen is the order that is found, and serves the same rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import workbench as wb
from workbench.errors import FanoutError, LoaderError, SchemaError, StoreError
from workbench.ingestion.locality import PAGE, STORED
from workbench.ingestion.orders import ARRIVAL
from workbench.ingestion.pilot import drawn_seeds
from workbench.loading.join import plan_join
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.commerce import Commerce, commerce

PLAN = wb.ModelPlan(wb.Fanout([16], strategy="recent")).replace(batch_size=40)


@pytest.fixture(scope="module")
def truth() -> Commerce:
    return commerce(3000, periods=10, reviews=0.0)


def engine_of(truth: Commerce, path: Path, order: str | dict[str, str] = "arrival") -> wb.Engine:
    tables = {name: table for name, table in truth.tables.items() if name != "reviews"}
    wb.ingest(tables, wb.infer_schema(tables), path, order=order)
    return wb.open(path)


@pytest.fixture(scope="module")
def engine(truth: Commerce, tmp_path_factory: pytest.TempPathFactory) -> wb.Engine:
    return engine_of(truth, tmp_path_factory.mktemp("locality") / "time")


def seeds_of(engine: wb.Engine, truth: Commerce) -> wb.SeedTable:
    dates = {"val": truth.val, "test": truth.test, "begin": truth.start, "observed_until": truth.end}
    return engine.task(truth.query, **dates).seeds("val")


def test_the_order_that_is_chosen_is_found_and_serves_the_same_rows(
    truth: Commerce, engine: wb.Engine, tmp_path: Path
) -> None:
    before = engine.features.locality(PLAN, seeds_of(engine, truth))
    assert before.order == {"orders": "user_id"}
    assert before.after * 1.2 < before.before
    moved = engine_of(truth, tmp_path / "moved", order=before.order)
    after = moved.features.locality(PLAN, seeds_of(moved, truth))
    assert after.before == after.after == before.after
    (orders,) = (each for each in after.tables if each.table == "orders")
    assert orders.pages[STORED] == orders.pages["user_id"]
    assert {name: pages for name, pages in orders.pages.items() if name != STORED} == next(
        each.pages for each in before.tables if each.table == "orders"
    )
    ids = np.arange(0, engine.dataset.manifest.rows("orders"), 7)
    rows = [each.features.multi_get([wb.Read("orders", ids)])[0].data for each in (engine, moved)]
    assert (rows[0] == rows[1]).all()


def test_pages_are_those_of_the_very_rows_that_batches_read(truth: Commerce, engine: wb.Engine) -> None:
    seeds = seeds_of(engine, truth)[:30]
    found = engine.features.locality(PLAN, seeds, batch_size=30, batches=1)
    sample = NeighborSampler(engine.graph, PLAN.fanout, purpose="locality").sample(seeds.seed_set())
    reads = {read.group: read.ids for read in plan_join(engine.schema, engine.features.groups, sample).reads}
    assert {each.table for each in found.tables} == set(reads)
    with engine.dataset.duckdb() as connection:
        keys = connection.sql("SELECT user_id FROM orders ORDER BY __row__").df()["user_id"]
    for each in found.tables:
        stride = engine.features.groups[each.table].stride
        assert each.rows == len(reads[each.table])
        assert each.pages[ARRIVAL] == len({int(i) * stride // PAGE for i in reads[each.table]})
    orders = next(each for each in found.tables if each.table == "orders")
    slot = np.argsort(np.argsort(engine.node_ids("users", pa.array(keys)), kind="stable"))
    pages = {int(slot[i]) * engine.features.groups["orders"].stride // PAGE for i in reads["orders"]}
    assert orders.pages["user_id"] == len(pages)


def test_without_seeds_the_history_is_replayed(engine: wb.Engine) -> None:
    drawn = list(drawn_seeds(engine.graph, 50, 4))
    assert [batch.node_type for batch in drawn] == ["users"] * 4
    anchors = [int(batch.anchors[0]) for batch in drawn]
    assert anchors == sorted(set(anchors))
    signup = engine.graph.times("users")
    assert signup is not None
    for batch, anchor in zip(drawn, anchors, strict=True):
        assert (batch.anchors == anchor).all()
        assert (signup[batch.ids] <= anchor).all()
    found = engine.features.locality(PLAN.fanout, batch_size=50, batches=4)
    assert found.batches == 4
    assert found == engine.features.locality(PLAN.fanout, batch_size=50, batches=4)
    assert found.order == {"orders": "user_id"}
    assert "orders: " in repr(found)
    assert "with order={'orders': 'user_id'}" in repr(found)


def test_what_cannot_be_replayed_is_explained(truth: Commerce, engine: wb.Engine) -> None:
    with pytest.raises(StoreError, match=r"the store knows no graph.*engine\.features"):
        SsdFeatures.open(engine.dataset).locality(PLAN)
    with pytest.raises(FanoutError, match="Take a ModelPlan"):
        engine.features.locality([16])
    with pytest.raises(LoaderError, match=r"got a list.*task\.seeds"):
        engine.features.locality(PLAN, [1, 2])
    with pytest.raises(LoaderError, match="there are no seeds"):
        engine.features.locality(PLAN, seeds_of(engine, truth)[:0])


def test_a_plan_lays_a_dataset_out_anew_and_takes_back_what_does_not_pay(
    truth: Commerce, tmp_path: Path
) -> None:
    engine = engine_of(truth, tmp_path, order={"orders": "product_id"})
    found = engine.features.locality(PLAN, seeds_of(engine, truth))
    done = engine.reorder(PLAN, seeds_of(engine, truth)).result()
    assert done.order == {"orders": "user_id"}
    after = engine.refresh().features.locality(PLAN, seeds_of(engine, truth))
    assert after.before == found.after < found.before
    few = engine.refresh().reorder(PLAN.fanout).result()
    assert few.order == {"orders": "arrival"}, "batches of 512 seeds touch nearly every page in any order"
    assert engine.refresh().dataset.file("slot", "orders") is None
    with pytest.raises(SchemaError, match="'orders' were to lie by 'user'"):
        engine.refresh().reorder({"orders": "user"}).result()
    with pytest.raises(FanoutError, match="Take a ModelPlan"):
        engine.refresh().reorder(7).result()  # type: ignore[arg-type]
