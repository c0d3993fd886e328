"""Loaders of a run: frozen features, disjoint predictions, labels that can be learned from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.loaders import check_labels, frozen, predict_loader, train_loader

PLAN = ModelPlan(Fanout([3], strategy="recent", disjoint=False)).replace(batch_size=16)


def test_training_may_share_and_prediction_never_does(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    trained = next(iter(train_loader(shop.parts, PLAN, seeds, 0, expand=False)))
    predicted = next(iter(predict_loader(shop.parts, PLAN, seeds, 0, expand=False)))
    assert "batch" not in trained["orders"]
    assert "batch" in predicted["orders"]
    assert predicted["users"].input_id.tolist() == list(range(16))


def test_epochs_are_shuffled_differently(shop: Shop) -> None:
    loader = train_loader(shop.parts, PLAN, shop.task.seeds("train"), 0, expand=False)
    first, second = (next(iter(loader.with_epoch(e)))["users"].input_id for e in (0, 1))
    assert first.tolist() != second.tolist()


def test_until_freezes_whichever_is_earlier(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    cut = int(np.median(seeds.anchor_time))
    assert frozen(PLAN, seeds) is seeds
    assert frozen(PLAN.replace(until=cut), seeds).visible_until.max() == cut
    earlier = replace(seeds, until=cut - 5)
    assert frozen(PLAN.replace(until=cut), earlier).visible_until.max() == cut - 5
    assert np.array_equal(frozen(PLAN.replace(until=cut), seeds).anchor_time, seeds.anchor_time)


def test_seeds_that_nothing_can_be_learned_from(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    with pytest.raises(TrainingError, match="there are none"):
        check_labels(seeds[:0], PLAN)
    with pytest.raises(TrainingError, match="no labels"):
        check_labels(replace(seeds, label=None), PLAN)
    with pytest.raises(TrainingError, match="both classes"):
        check_labels(replace(seeds, label=np.ones(len(seeds))), PLAN)
    check_labels(replace(seeds, label=np.ones(len(seeds))), PLAN.replace(loss="l1", metric="mae"))
