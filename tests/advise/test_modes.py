"""Modes: each costs what it says, gives a reason for each choice, and runs."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.advise.modes import (
    AVERAGED,
    FAST_CHANNELS,
    FAST_STEPS,
    FAST_WIDTH,
    FEW,
    MANY,
    MODES,
    _advised,
    best,
    fast,
    suggest,
)
from workbench.advise.suggest import suggest_plan
from workbench.errors import PlanError
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.search import search

WIDE = ModelPlan(Fanout([{"default": 64, "a-b->c": 4, "d-e->c": -1}, 16, 16], strategy="recent")).replace(
    layers=3, channels=32, dropout=0.3, epochs=15, aggregations=("mean", "count")
)


def test_normal_is_what_is_suggested(shop: Shop) -> None:
    assert suggest(shop.task, shop.parts) == suggest_plan(shop.task, shop.parts)
    one, two = suggest(shop.task, shop.parts, "normal"), suggest_plan(shop.task, shop.parts)
    assert [choice for choice, _ in one.reasons] == [choice for choice, _ in two.reasons]  # whys tell times


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_a_plan_of_the_task_with_reasons(shop: Shop, mode: str) -> None:
    plan = suggest(shop.task, shop.parts, mode)
    usual = suggest_plan(shop.task, shop.parts)
    plan.fanout.check(shop.parts.schema)
    assert ModelPlan.from_dict(plan.to_dict()) == plan
    assert (plan.optimisation.loss, plan.metric) == (usual.optimisation.loss, usual.metric)
    labels = [label for label, _ in plan.reasons]
    assert {"recent", "disjoint"} <= set(labels), "how neighbours are drawn is the same, for the same reasons"
    assert not [why for _, why in plan.reasons if "set by you" in why]
    assert all(why for _, why in plan.reasons)
    if mode == "best":
        for change in plan.job.candidates:
            assert any(label.startswith(f"candidate {change[0][0]}") for label in labels)
        assert len(plan.tried()) == 1 + len(plan.job.candidates)
        assert f"{len(plan.job.keys)} keys" in labels
        assert "refit" in labels


def test_fast_is_less_of_everything() -> None:
    plan = WIDE.replace(**fast(WIDE).changes)
    settings = plan.optimisation
    assert settings.epochs * (settings.max_steps or 10**9) <= FAST_STEPS
    assert plan.model.channels == FAST_CHANNELS
    assert plan.fanout.hops_deep == plan.model.layers == 2
    assert isinstance(plan.fanout, Fanout)
    assert (plan.fanout.get(1, "x-y->c"), plan.fanout.get(1, "a-b->c")) == (FAST_WIDTH, 4)
    assert plan.fanout.get(1, "d-e->c") == FAST_WIDTH, "all of the neighbours may be any number"
    assert plan.tried() == (plan,)
    small = WIDE.replace(channels=8, epochs=1, max_steps=3)
    assert small.replace(**fast(small).changes).optimisation == small.optimisation
    assert small.replace(**fast(small).changes).model.channels == 8
    searched = WIDE.replace(candidates=[{"channels": 8}], keys=[0, 1], averaged=2, refit=True)
    assert searched.replace(**fast(searched).changes).job == WIDE.job


def test_best_decides_from_seeds_hops_and_widths() -> None:
    def changes(plan: ModelPlan, seeds: int, task_type: str = "binary") -> dict[str, Any]:
        return best(plan, seeds, task_type).changes

    few = changes(WIDE, FEW - 1)
    assert {"channels": 16, "dropout": 0.5} in few["candidates"]
    assert (few["keys"], few["averaged"], few["refit"]) == ((0, 1, 2), AVERAGED, True)
    assert {"channels": 64} in changes(WIDE, FEW)["candidates"]
    assert changes(WIDE, MANY)["keys"] == (0, 1)
    depths = [each["fanout"].hops_deep for each in few["candidates"] if "fanout" in each]
    assert depths == [2, 3]
    flat = WIDE.replace(fanout=Fanout([8]), layers=1, aggregations=("mean", "max"))
    assert [set(each) for each in changes(flat, 100)["candidates"]] == [
        {"channels", "dropout"},
        {"learning_rate"},
    ]
    paths = WIDE.replace(fanout=Metapaths([Metapath("a-b->c", fanouts=3)]))
    assert not [each for each in changes(paths, 100)["candidates"] if "fanout" in each]
    attending = WIDE.replace(layer="gat", channels=12, heads=4)
    attending.replace(**changes(attending, 100))  # heads divide the channels of each candidate


def test_where_normal_averages_candidates_best_averages_the_same_over_more_keys() -> None:
    plan = WIDE.replace(
        candidates=[{"channels": 8}], averaged=2, refit=True,
        reasons=(("candidate channels=8", "half of it"), ("refit", "it is nearer"), ("recent", "so")),
    )  # fmt: skip
    advice = best(plan, 100, "binary")
    job = plan.replace(**advice.changes).job
    assert (job.candidates, job.averaged, job.keys) == (plan.job.candidates, 2, (0, 1, 2))
    labels = [label for label, _ in _advised(plan, advice).reasons]
    assert labels == ["candidate channels=8", "recent", "3 keys", "the best 2 averaged", "refit"]
    assert [label for label, _ in _advised(plan, fast(plan)).reasons][:2] == ["recent", "fast"]


def test_rankings_are_not_averaged() -> None:
    ranked = best(WIDE, 1_000, "ranking")
    assert (ranked.changes["keys"], ranked.changes["averaged"]) == ((0,), 1)
    assert "rankings have no mean" in dict(ranked.reasons)["1 key"]


def test_the_best_plan_is_searched(shop: Shop) -> None:
    plan = suggest(shop.task, shop.parts, "best").replace(epochs=1, channels=4, keys=[0], averaged=2)
    plan = plan.replace(candidates=plan.job.candidates[:2])
    found = search(shop.parts, shop.task, plan, device="cpu")
    assert 0 <= found.metrics("test")["auroc"] <= 1
    assert len(found.runs) == 2


@pytest.mark.parametrize("mode", ["bset", "", None])
def test_other_modes_are_refused(shop: Shop, mode: Any) -> None:
    with pytest.raises(PlanError, match="fast, normal, best") as caught:
        suggest(shop.task, shop.parts, mode)
    assert mode != "bset" or "Did you mean 'best'" in str(caught.value)
