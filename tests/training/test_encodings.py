"""Encodings from plan to prediction: chosen per column, saved with the run, the same at inference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

import workbench as wb
from workbench.errors import PlanError
from workbench.testing.commerce import commerce

TAGS = ("new", "sale", "eco", "gift", "last")
ENCODINGS = {"orders.price": "log", "products.tags": {"rare": 5}}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> wb.Engine:
    truth = commerce(80, periods=6)
    rng = np.random.default_rng(0)
    products = truth.tables["products"]
    tags = [
        list(rng.choice(TAGS, rng.integers(0, 4))) if rng.random() < 0.9 else None
        for _ in range(len(products))
    ]
    tables = {
        **truth.tables,
        "products": products.append_column("tags", pa.array(tags, pa.list_(pa.string()))),
    }
    path = tmp_path_factory.mktemp("encodings") / "shop"
    schema = wb.infer_schema(tables)
    assert schema["products"].column("tags").stype is wb.Stype.MULTICATEGORICAL
    wb.ingest(tables, schema, path)
    return wb.open(path)


@pytest.fixture(scope="module")
def task(engine: wb.Engine) -> wb.Task:
    truth = commerce(80, periods=6)
    return engine.task(
        truth.query, val=truth.val, test=truth.test, begin=truth.start, observed_until=truth.end
    )


PLAN = wb.ModelPlan(wb.Fanout([8, 4], strategy="recent")).replace(channels=8, epochs=1, encodings=ENCODINGS)


def test_a_run_keeps_its_encodings(engine: wb.Engine, task: wb.Task, tmp_path: Path) -> None:
    price = next(c.name for c in engine.schema["orders"].columns if c.stype is wb.Stype.NUMERICAL)
    plan = PLAN.replace(encodings={f"orders.{price}": "log", "products.tags": {"rare": 5}})
    run = engine.train(task, plan, callbacks=[], folder=tmp_path / "run").wait()
    fitted = {c.column.name: c for columns in run.statistics.tables.values() for c in columns}
    assert fitted[price].method == "log"
    assert fitted["tags"].column.width == 3
    found = run.predict(task.seeds("test")).to_arrow()
    again = engine.load_run(tmp_path / "run")
    assert again.plan == plan
    assert again.statistics == run.statistics
    assert again.encoders == run.encoders == wb.Encoders.of(engine.dataset, run.statistics)
    assert run.encoders.statistics.last_anchor == task.seeds("train").visible_until.max()
    stored = engine.features.multi_get([wb.Read("products", np.arange(20))])[0]
    fresh = again.encoders.transform("products", engine.features.to_arrow("products", np.arange(20)))
    for name, numbers in run.encoders.transform("products", stored).items():
        np.testing.assert_array_equal(numbers, fresh[name])
    assert again.predict(task.seeds("test")).to_arrow().equals(found)
    usual = engine.train(task, plan.replace(encodings={}), callbacks=[]).wait()
    assert not usual.predict(task.seeds("test")).to_arrow().equals(found), "the choices reach the model"


def test_sets_of_categories_reach_the_model(engine: wb.Engine, task: wb.Task) -> None:
    from workbench.training.build import build_model, fit_for
    from workbench.training.loaders import train_loader

    plan = PLAN.replace(encodings={}, dropout=0.0)
    loader = train_loader(engine.parts, plan, task.seeds("train"), 0, expand=True)
    statistics = fit_for(engine.graph, engine.features, plan, task.seeds("train"))
    model = build_model(engine.schema, plan, statistics, "users", 3)
    tags = next(c for c in statistics.tables["products"] if c.column.name == "tags")
    data = next(iter(loader))
    before = model.eval()(data)
    start, end = tags.column.start, tags.column.start + tags.column.width
    data["products"].categorical[:, start:end] = 0
    assert not torch.allclose(model(data), before)


def test_encodings_are_no_promise_about_a_module_of_the_user(engine: wb.Engine, task: wb.Task) -> None:
    with pytest.raises(PlanError, match="they bind the built-in model only"):
        engine.train(task, PLAN, model=torch.nn.Linear(1, 1), callbacks=[])
    with pytest.raises(PlanError, match=r"the encoding of 'orders\.pricee'"):
        engine.train(task, PLAN.replace(encodings={"orders.pricee": "log"}), callbacks=[]).wait()
