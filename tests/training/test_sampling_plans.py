"""Runs under every kind of sampling plan: they train, predict, and come back from disk with their plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.plan.model_plan import ModelPlan
from workbench.plan.sampling_plan import SamplingPlan
from workbench.testing.shop import Shop
from workbench.training.begin import load_run, start

ORDERS, BACK = "orders-user_id->users", "users-rev_user_id->orders"

PLANS = {
    "draws": Fanout([{ORDERS: Draw(0.5, cap=8, window="90 days")}, {BACK: 1}], half_life="30 days"),
    "tree": Fanout([{ORDERS: Draw(4, replace=True)}, {BACK: 1}], mode="tree", strict=True),
    "budget": Fanout([5, 5], strategy="recent", mode="joint", cutoff="path", max_nodes=200),
    "metapaths": Metapaths(
        [
            Metapath(ORDERS, fanouts=6, strategy="recent"),
            Metapath(ORDERS, BACK, ORDERS, fanouts=[Draw(6, strategy="recent"), 1, 2]),
        ]
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_run_keeps_its_plan(shop: Shop, tmp_path: Path, name: str) -> None:
    sampling: SamplingPlan = PLANS[name]
    plan = ModelPlan(sampling).replace(epochs=1, channels=8, batch_size=64)
    run = start(shop.parts, shop.task, plan, callbacks=[], device="cpu")
    assert 0 <= run.metrics("val")["auroc"] <= 1
    run.save(tmp_path / "run")
    again = load_run(tmp_path / "run", shop.parts)
    assert again.plan == plan
    assert again.plan.fanout == sampling
    seeds = shop.task.seeds("test")[:9]
    assert np.array_equal(again.predict(seeds).values, run.predict(seeds).values)
    # the subgraphs of predictions do not depend on who else is in the batch
    alone = np.concatenate([run.predict(seeds[[i]]).values for i in range(9)])
    assert np.allclose(alone, run.predict(seeds).values, atol=1e-5)
