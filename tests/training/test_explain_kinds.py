"""Explanations of every kind of input: versions, folded edges, added edges, metapaths, attention."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_as_of import planted, split, trained

import workbench as wb

PLANS = {
    "added edges": wb.Fanout([3, 2], subgraph="induced", disjoint=True),
    "metapaths": wb.Metapaths(
        [
            wb.Metapath("orders-user_id->users", fanouts=[3]),
            wb.Metapath("products-rev_reviews->users", "orders-product_id->products", fanouts=[3, 1]),
        ]
    ),
    "joint": wb.Fanout([3, 2], disjoint=False),
}


def test_a_version_that_makes_the_label_is_found(tmp_path: Path) -> None:
    _, task, run = trained(tmp_path, split(planted())[0])
    seeds = task.seeds("test")
    explanation = run.explain(seeds[:48])
    assert explanation.columns["column"][0].as_py() == "plans.quota"
    own = explanation.contents.filter(np.array(explanation.contents["column"].to_pylist()) == "plans.quota")
    assert set(own["node_type"].to_pylist()) == {"users"}
    told = np.bincount(own["seed"].to_numpy(), own["contribution"].to_numpy(), len(explanation))
    assert np.mean((told > 0) == (explanation.prediction > 0.5)) > 0.9
    first = run.importance(seeds, repeats=1, resamples=10).of("column")[0]
    assert first.name == "plans.quota"
    assert first.low > 0.1


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> tuple[wb.Engine, wb.Task]:
    truth = wb.commerce(60, periods=6, reviews=0.9)
    schema = wb.infer_schema(truth.tables).as_edge("reviews", src="user_id", dst="product_id")
    path = tmp_path_factory.mktemp("folded") / "shop"
    wb.ingest(truth.tables, schema, path)
    engine = wb.open(path)
    return engine, engine.task(truth.query, val=truth.val, test=truth.test)


@pytest.mark.parametrize("kind", PLANS)
def test_contributions_add_up_under_every_plan(folded: tuple[wb.Engine, wb.Task], kind: str) -> None:
    engine, task = folded
    plan = wb.ModelPlan(PLANS[kind]).replace(
        channels=8, layer="gat", heads=2, epochs=1, max_steps=2, batch_size=32, dropout=0.0
    )
    run = engine.train(task, plan, callbacks=[], device="cpu").wait()
    seeds = task.seeds("val")[:20]
    explanation = run.explain(seeds)
    assert np.allclose(explanation.prediction, run.predict(seeds).values, atol=1e-5)
    total = explanation.base + explanation.gap
    for table in (explanation.contents, explanation.presence):
        total = total + np.bincount(table["seed"].to_numpy(), table["contribution"].to_numpy(), len(seeds))
    assert np.allclose(total, explanation.value)
    assert (
        np.abs(explanation.gap) < 0.01 * np.maximum(np.abs(explanation.value - explanation.base), 1)
    ).all()
    assert "reviews.rating" in explanation.columns["column"].to_pylist()
    rated = explanation.contents.filter(
        np.array(explanation.contents["column"].to_pylist()) == "reviews.rating"
    )
    assert np.abs(rated["contribution"].to_numpy()).max() > 0
    assert any("reviews" in name for name in explanation.presence["edge_type"].to_pylist())
    effects = {effect.name: effect for effect in run.importance("val", repeats=1, resamples=1).effects}
    assert "reviews.rating" in effects
    assert effects["reviews.rating"].high == np.inf  # of one draw no interval is known
