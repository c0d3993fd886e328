"""What time decides of a plan: past labels where there are some, and what a frozen task asks for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from workbench.advise.history import LABELS_EACH, LAST, choose_history
from workbench.advise.modes import suggest
from workbench.advise.suggest import suggest_plan
from workbench.query.task import Task
from workbench.testing.shop import Shop

DAY = 86_400_000_000


def test_past_labels_are_read_where_entities_have_some(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    once = seeds[np.unique(seeds.node_id, return_index=True)[1]]
    often = once[np.arange(int(LABELS_EACH) * len(once)) % len(once)]
    found = choose_history(shop.task, often)
    assert (found.past_labels, found.refit, found.until, found.candidates) == (LAST, True, None, ())
    assert any(choice == f"past_labels {LAST}" for choice, _ in found.reasons)
    assert choose_history(shop.task, often[1:]).past_labels == 0


def test_tasks_without_a_past_are_told_of_none(shop: Shop) -> None:
    static = Task.build(shop.parts.dataset, "PREDICT users.age FOR EACH users.user_id")
    assert choose_history(static, static.seeds("train")).past_labels == 0
    assert suggest_plan(static, shop.parts).model.past_labels == 0
    silent = SimpleNamespace(task_type="binary", says_horizon=False)
    often = shop.task.seeds("train")
    found = choose_history(silent, often[np.zeros(9, np.int64)])
    assert (found.past_labels, found.reasons[0][0]) == (0, "no past labels")
    ranking = SimpleNamespace(task_type="ranking")
    assert choose_history(ranking, shop.task.seeds("train")).past_labels == 0


@pytest.mark.parametrize("late", [0, 45])
def test_a_frozen_task_says_so_and_tries_views_as_old_as_its_test(shop: Shop, late: int) -> None:
    last = int(shop.task.splits.test.max())
    frozen = SimpleNamespace(task_type="binary", until=last - late * DAY, splits=shop.task.splits)
    found = choose_history(frozen, shop.task.seeds("train"))
    assert found.until == last - late * DAY
    assert found.candidates == (() if not late else ((("stale", "45 days"),),))
    assert any(choice.startswith("until ") for choice, _ in found.reasons)


def test_a_plan_of_a_frozen_task_is_one_that_can_be_searched(shop: Shop) -> None:
    text = shop.task.query
    when = {"val": shop.truth.val, "test": shop.truth.test, "observed_until": shop.truth.end}
    task = Task.build(shop.parts.dataset, text, until=shop.truth.val, **when)
    plan = suggest_plan(task, shop.parts)
    assert plan.until == task.until
    assert [each.optimisation.stale is None for each in plan.tried()] == [True, False]
    assert (plan.job.refit, plan.job.averaged) == (True, 2)
    assert plan.job.candidates[0] in suggest(task, shop.parts, "best").job.candidates
