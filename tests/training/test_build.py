"""Fresh models: weights are a function of the key, statistics end at the last train anchor."""

from __future__ import annotations

import torch

from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.build import build_model, fit_for

PLAN = ModelPlan(Fanout([4, 4], strategy="recent")).replace(channels=4)


def test_weights_follow_the_key_and_leave_torch_alone(shop: Shop) -> None:
    train = shop.task.seeds("train")
    statistics = fit_for(shop.parts.graph, shop.parts.features, PLAN, train)
    before = torch.get_rng_state()
    one, two, other = (build_model(shop.parts.schema, PLAN, statistics, "users", key) for key in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    pairs = zip(one.state_dict().values(), two.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(one.head[1].weight, other.head[1].weight)


def test_statistics_end_at_the_last_train_anchor(shop: Shop) -> None:
    train = shop.task.seeds("train")
    assert fit_for(shop.parts.graph, shop.parts.features, PLAN, train).last_anchor == train.anchor_time.max()
    assert fit_for(shop.parts.graph, shop.parts.features, PLAN, train).target == (0.0, 1.0)
