"""A run refuses a store in which it would read something else, and says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from workbench.errors import TrainingError
from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.query.task import Task
from workbench.schema import Schema
from workbench.testing.shop import Shop, open_parts, open_shop
from workbench.training.begin import load_run, start
from workbench.training.identity import dataset_hash, package_versions, schema_hash
from workbench.training.parts import Parts
from workbench.training.run import Run

PLAN = ModelPlan(Fanout([4, {"products-rev_product_id->orders": 1}], strategy="recent")).replace(
    channels=4, epochs=1
)


@pytest.fixture(scope="module")
def saved(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = start(shop.parts, shop.task, PLAN, callbacks=[lambda _: None], device="cpu")
    return run.save(tmp_path_factory.mktemp("identity") / "run")


def other(shop: Shop, path: Path, **tables: pa.Table) -> Parts:
    changed = {**shop.truth.tables, **tables}
    ingest(changed, infer_schema(changed), path)
    return open_parts(path)


def test_the_same_tables_ingested_again_fit(shop: Shop, saved: Path, tmp_path: Path) -> None:
    assert isinstance(load_run(saved, other(shop, tmp_path / "s"), task=shop.task), Run)


def test_a_missing_column(shop: Shop, saved: Path, tmp_path: Path) -> None:
    parts = other(shop, tmp_path / "s", users=shop.truth.tables["users"].drop_columns(["age"]))
    with pytest.raises(TrainingError, match=r"column users\.age is not stored"):
        load_run(saved, parts)


def test_a_missing_table(shop: Shop, saved: Path, tmp_path: Path) -> None:
    kept = {name: table for name, table in shop.truth.tables.items() if name in ("users", "orders")}
    ingest(kept, infer_schema(kept), tmp_path / "s")
    with pytest.raises(TrainingError, match="there is no table 'products'"):
        load_run(saved, open_parts(tmp_path / "s"))


def test_category_codes_that_mean_other_values(shop: Shop, saved: Path, tmp_path: Path) -> None:
    orders = shop.truth.tables["orders"]
    place = orders.schema.get_field_index("channel")
    renamed = pa.array([f"{value}!" for value in orders["channel"].to_pylist()])
    parts = other(shop, tmp_path / "s", orders=orders.set_column(place, "channel", renamed))
    with pytest.raises(TrainingError, match=r"orders\.channel mean other values"):
        load_run(saved, parts)


def test_a_column_of_another_kind_says_what_it_is_and_was(shop: Shop, saved: Path, tmp_path: Path) -> None:
    schema = shop.parts.schema.set_stype("users", "age", "categorical").set_time("users", None)
    ingest(shop.truth.tables, schema, tmp_path / "s")
    said = (
        r"time of 'users' is None, not 'signup_time'; column users\.age is categorical, .*, not numerical, "
    )
    with pytest.raises(TrainingError, match=said):
        load_run(saved, open_parts(tmp_path / "s"))


def test_a_ranking_refuses_other_rows_to_rank(shop: Shop, tmp_path: Path) -> None:
    """Products are known by their number, so the same ones in another order are others."""
    plan = PLAN.replace(loss="softmax", metric="map", max_steps=1)
    plan = plan.replace(fanout=plan.fanout.with_choices(disjoint=True))
    when = {"val": shop.truth.val, "test": shop.truth.test, "begin": shop.truth.start}
    query = "PREDICT LIST_DISTINCT(orders.product_id, 0, 30, days) FOR EACH users.user_id"
    task = Task.build(shop.parts.dataset, query, observed_until=shop.truth.end, **when)
    run = start(shop.parts, task, plan, callbacks=[], device="cpu", folder=tmp_path / "run").wait()
    products = shop.truth.tables["products"]
    place = products.schema.get_field_index("product_id")
    keys = pa.array(products["product_id"].to_pylist()[::-1])
    turned = other(shop, tmp_path / "turned", products=products.set_column(place, "product_id", keys))
    with pytest.raises(TrainingError, match="rows of 'products', which are ranked, are others"):
        load_run(run.folder, turned)
    fewer = other(shop, tmp_path / "fewer", products=products[:-1])
    with pytest.raises(TrainingError, match=r"has \d+ rows, and \d+ are ranked"):
        load_run(run.folder, fewer)
    assert load_run(run.folder, other(shop, tmp_path / "same")).state == "finished"


def test_the_hash_names_the_structure(shop: Shop) -> None:
    schema = shop.parts.schema
    assert schema_hash(schema) == schema_hash(replace(schema, notes=("a note",)))
    assert schema_hash(schema) == schema_hash(Schema.from_dict(schema.to_dict()))
    assert schema_hash(schema) != schema_hash(replace(schema, tables=schema.tables[:-1]))


def test_the_same_data_have_the_same_hash_wherever_they_lie(tmp_path: Path) -> None:
    one, two, other = (open_shop(tmp_path / str(i), users=30, periods=5, seed=i // 2) for i in range(3))
    names = [dataset_hash(shop.parts.dataset) for shop in (one, two, other)]
    assert names[0] == names[1] != names[2]
    assert len(names[0]) == 16


def test_versions_of_what_learns_are_known() -> None:
    import torch

    found = package_versions()
    assert found["torch"] == torch.__version__
    assert found["python"].count(".") >= 2
