"""A ranking from plan to table of keys: learned, measured, saved, resumed, beside its baselines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from ranked_shop import Ranked

from workbench.advise.suggest import suggest_plan
from workbench.engine import open_engine
from workbench.errors import PlanError
from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.plan.objective import metrics_of
from workbench.stores.key_map import KeyMap
from workbench.testing.commerce import commerce
from workbench.testing.shop import Shop
from workbench.training import build
from workbench.training.baselines import baselines
from workbench.training.begin import load_run, start

PLAN = ModelPlan(Fanout([2, 1], strategy="recent")).replace(
    loss="softmax", metric="map", channels=8, layers=1, epochs=12, patience=12, batch_size=64,
    learning_rate=0.02, dropout=0.0,
)  # fmt: skip


def test_habits_are_learned_ranked_by_keys_and_come_back(shop: Shop, tmp_path: Path) -> None:
    task, folder = Ranked(shop), tmp_path / "run"
    done = start(shop.parts, task, PLAN, callbacks=[], device="cpu", folder=folder).wait()
    test = task.seeds("test")
    assert list(done.metrics(test)) == metrics_of("ranking")
    naive = baselines(shop.parts, task, PLAN)
    assert list(naive) == ["popular", "own_past"]
    assert done.metrics(test)["map"] > 0.8 > naive["popular"].scores["test"]["map"]
    assert np.isclose(done.metrics("val")["map"], max(e.value for e in done.history), atol=1e-9)
    predicted = done.predict(test)
    table = predicted.to_arrow()
    keys = KeyMap.open(shop.parts.dataset, "products").keys_of(predicted.values[:, 0].astype(int).ravel())
    assert np.concatenate(table["prediction"].to_pylist()).tolist() == keys.to_pylist()
    scores = np.array(table["score"].to_pylist())
    assert scores.shape == (len(test), 3)
    assert (np.diff(scores) <= 0).all()
    assert "|" in predicted.write(tmp_path / "p.csv").read_text()
    alone = done.predict(test[[4]]).values
    assert np.abs(alone - predicted.values[[4]]).max() <= 1e-5
    again = load_run(folder, shop.parts)
    assert again.target == done.target
    assert again.predict(test).to_arrow().equals(table)


def test_a_plan_is_suggested_that_keeps_neighbourhoods_apart(shop: Shop) -> None:
    plan = suggest_plan(Ranked(shop), shop.parts)
    assert (plan.optimisation.loss, plan.metric, plan.fanout.disjoint) == ("softmax", "map", True)
    joint = PLAN.replace(fanout=Fanout([4], strategy="recent", disjoint=False))
    with pytest.raises(PlanError, match=r"with_choices\(disjoint=True\)"):
        start(shop.parts, Ranked(shop), joint)


def test_scores_that_do_not_fit_are_refused_with_a_batch_size_that_does(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "MOST_SCORES", 640)
    with pytest.raises(PlanError, match=r"batches of 64 seeds .* plan\.replace\(batch_size=10\)"):
        start(shop.parts, Ranked(shop), PLAN)


def test_products_that_came_after_the_training_are_ranked_by_their_features(tmp_path: Path) -> None:
    truth = commerce(40, periods=5, seed=1)
    ingest(truth.tables, infer_schema(truth.tables), tmp_path / "s")
    engine = open_engine(tmp_path / "s")
    asked = "PREDICT LIST_DISTINCT(orders.product_id, 0, 30, days) RANK TOP 999 FOR EACH users.user_id"
    when = {"val": truth.val, "test": truth.test, "begin": truth.start, "observed_until": truth.end}
    plan = PLAN.replace(channels=4, epochs=1)
    folders = {by: tmp_path / by for by in ("ids", "features")}
    task = engine.task(asked, **when)
    for by, folder in folders.items():
        engine.train(task, plan.replace(ranked_by=by), callbacks=[], folder=folder, device="cpu").wait()
    old = {by: engine.load_run(folder).predict(task.seeds("test")).values for by, folder in folders.items()}
    products = truth.tables["products"]
    key = int(pc.max(products["product_id"]).as_py()) + 1
    new = products.slice(0, 1).set_column(0, "product_id", pa.array([key], products["product_id"].type))
    ingest({"products": new}, infer_schema(truth.tables), tmp_path / "s", append=True)
    newer = engine.refresh()
    task = newer.task(asked, **when)
    named = {by: newer.load_run(folder).predict(task.seeds("test")) for by, folder in folders.items()}
    listed = {by: np.concatenate(said.to_arrow()["prediction"].to_pylist()) for by, said in named.items()}
    assert key not in listed["ids"]
    assert (listed["features"] == key).any()
    assert np.array_equal(named["ids"].values, old["ids"])
