"""Which seeds are learned from, and which judge."""

from __future__ import annotations

import numpy as np

from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.learned import learned_from

PLAN = ModelPlan(Fanout([4]))


def test_val_judges_unless_it_is_learned_from(shop: Shop) -> None:
    graph, seeds = shop.parts.graph, {split: shop.task.seeds(split) for split in ("train", "val")}
    train, val = learned_from(graph, PLAN, shop.task)
    assert val is not None
    assert (len(train), len(val)) == (len(seeds["train"]), len(seeds["val"]))
    both, none = learned_from(graph, PLAN.replace(train_on="train+val"), shop.task)
    assert none is None
    assert np.array_equal(both.node_id, np.concatenate([seeds["train"].node_id, seeds["val"].node_id]))
    assert both.key.to_pylist() == [*seeds["train"].key.to_pylist(), *seeds["val"].key.to_pylist()]


def test_features_are_frozen_for_both(shop: Shop) -> None:
    until = int(np.median(shop.task.seeds("train").anchor_time))
    both, _ = learned_from(shop.parts.graph, PLAN.replace(train_on="train+val", until=until), shop.task)
    assert both.visible_until.max() == until
