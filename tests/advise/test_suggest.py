"""suggest_plan: a plan that fits, with a reason for each choice, and that trains well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from workbench.advise import suggest
from workbench.advise.suggest import suggest_plan
from workbench.errors import BudgetError
from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.query.task import Task
from workbench.schema import EdgeType
from workbench.stores.ram_graph import RamGraph
from workbench.testing.shop import Shop, open_parts, open_shop
from workbench.training.begin import start
from workbench.training.parts import Parts

ORDERS = EdgeType("orders", "user_id", "users")


def test_every_choice_has_a_reason(shop: Shop) -> None:
    plan = suggest_plan(shop.task, shop.parts)
    assert ModelPlan.from_dict(plan.to_dict()) == plan
    plan.fanout.check(shop.parts.schema)
    assert plan.model.layers == plan.fanout.hops_deep
    assert plan.metric == "auroc"
    assert len(plan.reasons) >= 6
    assert all(choice and why for choice, why in plan.reasons)
    assert len(repr(plan).splitlines()) < 30


def test_it_is_a_function_of_the_data(shop: Shop) -> None:
    assert suggest_plan(shop.task, shop.parts) == suggest_plan(shop.task, shop.parts)


def test_regression_tasks_get_an_absolute_loss(shop: Shop) -> None:
    query = "PREDICT SUM(orders.amount, 0, 30, days) FOR EACH users.user_id"
    task = Task.build(
        shop.parts.dataset, query, val=shop.truth.val, test=shop.truth.test, observed_until=shop.truth.end
    )
    plan = suggest_plan(task, shop.parts)
    assert (plan.optimisation.loss, plan.metric) == ("l1", "mae")
    run = start(
        shop.parts, task, plan.replace(epochs=2, channels=8), callbacks=[lambda _: None], device="cpu"
    )
    assert run.metrics("test")["mae"] < 500
    assert np.ptp(run.predict(task.seeds("test")).values) > 0


def test_many_seeds_of_one_anchor_share_their_neighbours(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggest, "SHARED", 2)
    assert not suggest_plan(shop.task, shop.parts).fanout.disjoint
    monkeypatch.setattr(suggest, "SHARED", 10**6)
    assert suggest_plan(shop.task, shop.parts).fanout.disjoint


def test_wide_fanouts_are_halved_until_they_fit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggest, "BATCH_NODES", 20)
    plan = suggest_plan(shop.task, shop.parts)
    assert any("halved" in why for _, why in plan.reasons)


def test_the_widest_hop_is_halved_first_the_last_of_equals() -> None:
    fanout = Fanout([{"a-b->c": 64, "d-e->c": 3}, {"f-g->d": 16}, {"h-i->f": 16}])
    widest = []
    for _ in range(5):
        fanout = suggest._halved(fanout, 4)
        widest.append([fanout.get(1, "a-b->c"), fanout.get(2, "f-g->d"), fanout.get(3, "h-i->f")])
    assert widest == [[32, 16, 16], [16, 16, 16], [16, 16, 8], [16, 8, 8], [8, 8, 8]]
    assert fanout.get(1, "d-e->c") == 3
    assert suggest._halved(Fanout([{"a-b->c": 4}]), 4) == Fanout([{"a-b->c": 4}])


def budgeted(shop: Shop, room: int) -> Parts:
    """The shop's parts, with so many bytes for samples beside the graph."""
    graph = RamGraph.open(shop.parts.dataset)
    budget = graph.arrays.nbytes + room
    return replace(shop.parts, graph=RamGraph.open(shop.parts.dataset, memory_budget=budget))


@pytest.mark.parametrize("room", [200_000, 60_000])
def test_a_plan_fits_into_a_small_memory_budget_and_trains(shop: Shop, room: int) -> None:
    plan, free = suggest_plan(shop.task, budgeted(shop, room)), suggest_plan(shop.task, shop.parts)
    assert plan.fanout.hops_deep == free.fanout.hops_deep
    assert plan.fanout.get(1, ORDERS) < free.fanout.get(1, ORDERS)
    assert plan.optimisation.batch_size < free.optimisation.batch_size
    assert any("halved until it fits into the memory budget" in why for _, why in plan.reasons)
    assert any(f"batch_size {plan.optimisation.batch_size}" == choice for choice, _ in plan.reasons)
    small = plan.replace(epochs=1, channels=8)
    run = start(budgeted(shop, room), shop.task, small, callbacks=[lambda _: None], device="cpu")
    assert 0 <= run.metrics("val")["auroc"] <= 1


def test_room_enough_changes_nothing(shop: Shop) -> None:
    assert suggest_plan(shop.task, budgeted(shop, 10**8)) == suggest_plan(shop.task, shop.parts)


def test_a_budget_without_room_for_one_seed_is_refused(shop: Shop) -> None:
    with pytest.raises(BudgetError, match="Nothing fits: raise the memory budget"):
        suggest_plan(shop.task, budgeted(shop, 5_000))


def test_few_seeds_get_a_small_model(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    many = seeds[np.arange(300_000) % len(seeds)]
    big = SimpleNamespace(task_type="binary", seeds=lambda _: replace(many))
    few, lots = suggest_plan(shop.task, shop.parts), suggest_plan(big, shop.parts)
    assert few.model.channels < lots.model.channels
    assert few.optimisation.batch_size < lots.optimisation.batch_size
    assert lots.optimisation.max_steps is not None


@pytest.mark.slow
def test_the_planted_signal_is_found_and_not_overshot(tmp_path: Path) -> None:
    shop = open_shop(tmp_path / "shop", users=1500, periods=12)
    plan = suggest_plan(shop.task, shop.parts)
    run = start(shop.parts, shop.task, plan, callbacks=[lambda _: None], device="cpu")
    found, best = run.metrics("test")["auroc"], shop.truth.bayes_auc(shop.task.seeds("test"))
    assert best - 0.02 <= found <= best + 0.01


@pytest.mark.slow
def test_a_first_training_on_rel_f1(
    shared_data: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = read_tables(shared_data("rel-f1/db"))
    ingest(tables, infer_schema(tables), tmp_path / "f1")
    parts = open_parts(tmp_path / "f1")
    query = (
        "PREDICT COUNT(results.* WHERE results.statusId != 1, 0, 30, days) > 0 FOR EACH drivers.driverId "
        "ASSUMING COUNT(results.*, 0, 30, days) > 0"
    )
    task = Task.build(parts.dataset, query, val="2005-01-01", test="2010-01-01", eval_windows=40)
    plan = suggest_plan(task, parts)
    run = start(parts, task, plan, device="cpu").wait()
    assert len(capsys.readouterr().out.splitlines()) < 40
    assert run.metrics("test")["auroc"] > 0.7
