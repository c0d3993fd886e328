"""Stale views: how old they are, what they depend on, and what they leave alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workbench.errors import PlanError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.temporal import FOREVER
from workbench.testing.shop import Shop
from workbench.training.loaders import predict_loader, train_loader
from workbench.training.stale import stale_view

DAY = 86_400_000_000
PLAN = ModelPlan(Fanout([4], strategy="recent")).replace(layers=1, batch_size=64, stale="60 days")


def test_views_are_as_old_as_the_plan_says_and_follow_from_the_key(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    view = stale_view(shop.parts.graph, PLAN, 3)
    assert view is not None
    found, born = view(seeds, 0), shop.parts.graph.times("users")
    age = seeds.visible_until - found
    assert 0 <= age.min() < 10 * DAY
    assert 50 * DAY < age.max() <= 60 * DAY
    assert born is not None
    assert (found >= born[seeds.node_id]).all()
    assert len(np.unique(age[age > 0])) == (age > 0).sum() > len(seeds) // 3
    again = stale_view(shop.parts.graph, PLAN, 3)
    assert again is not None
    assert np.array_equal(again(seeds[::-1], 0)[::-1], found)
    assert not np.array_equal(view(seeds, 1), found)


def test_seeds_of_an_anchor_share_their_age_in_a_joint_fanout(shop: Shop) -> None:
    joint = PLAN.replace(fanout=PLAN.fanout.with_choices(disjoint=False))
    seeds = shop.task.seeds("train")
    view = stale_view(shop.parts.graph, joint, 3)
    assert view is not None
    found = view(seeds, 0)
    assert (found < seeds.visible_until).any()
    for anchor in np.unique(seeds.anchor_time):
        # One age, and that of seeds whose own row is younger.
        assert set(found[seeds.anchor_time == anchor]) <= {anchor, found[seeds.anchor_time == anchor].min()}


def test_training_batches_are_stale_and_predictions_are_not(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    batches = train_loader(shop.parts, PLAN, seeds, 3, expand=False)
    first, later = (batches.with_epoch(epoch).batch(0)["users"] for epoch in (0, 1))
    for store in (first, later):
        lead = seeds.anchor_time[store.input_id.numpy()] - store.seed_time.numpy()
        assert (lead >= 0).all()
        assert (lead > DAY).any()
    known = predict_loader(shop.parts, PLAN, seeds, 3, expand=False).batch(0)["users"]
    assert np.array_equal(known.seed_time.numpy(), seeds.visible_until[known.input_id.numpy()])
    assert np.array_equal(first.y.numpy(), np.asarray(seeds.label)[first.input_id.numpy()])


def test_a_seed_without_a_time_stays_and_a_plan_without_ages_has_no_view(shop: Shop) -> None:
    seeds = shop.task.seeds("train")[:2]
    timeless = type(seeds)(seeds.node_type, seeds.node_id, seeds.key, np.full(2, FOREVER))
    view = stale_view(shop.parts.graph, PLAN, 3)
    assert view is not None
    assert (view(timeless, 0) == FOREVER).all()
    assert stale_view(shop.parts.graph, PLAN.replace(stale=None), 3) is None


def test_the_choice_reads_back_and_refuses_what_is_no_length(tmp_path: Path) -> None:
    PLAN.save(tmp_path / "plan.json")
    assert ModelPlan.load(tmp_path / "plan.json") == PLAN
    assert "views up to 60 days old" in repr(PLAN)
    for wrong in ("soon", "0 days", 5):
        with pytest.raises(PlanError, match="'stale' of a plan"):
            PLAN.replace(stale=wrong)
