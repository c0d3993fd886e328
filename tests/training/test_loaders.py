"""Loaders of a run: frozen features, disjoint predictions, labels that can be learned from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.pyg.loader import PyGLoader
from workbench.pyg.pinned import PinnedPool
from workbench.query.seed_table import SeedTable
from workbench.testing.shop import Shop
from workbench.training import loaders
from workbench.training.begin import start
from workbench.training.loaders import check_labels, frozen, predict_loader, seen, train_loader, unseen

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


def test_seeds_whose_own_row_came_later_are_dropped_from_training_and_refused_elsewhere(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    joined = shop.parts.graph.times("users")
    assert joined is not None
    until = int(np.median(joined[seeds.node_id]))
    late = joined[seeds.node_id] > until
    for plan, given in ((PLAN.replace(until=until), seeds), (PLAN, replace(seeds, until=until))):
        with pytest.warns(UserWarning, match=f"the rows of {late.sum()} in 'users'"):
            kept = seen(shop.parts.graph, plan, given)
        assert np.array_equal(kept.node_id, seeds.node_id[~late])
        assert kept.visible_until.max() == until
        with pytest.warns(UserWarning, match="left out"):
            loader = train_loader(shop.parts, plan, given, 0, expand=False)
        assert sum(int(batch["users"].batch_size) for batch in loader) == (~late).sum()
        with pytest.raises(TrainingError, match=f"the rows of {late.sum()} in 'users'"):
            predict_loader(shop.parts, plan, given, 0, expand=False)
        assert not unseen(shop.parts.graph, kept).any()


def test_rows_without_a_time_are_always_seen(shop: Shop) -> None:
    ids = np.arange(5)
    seeds = SeedTable("products", ids, pa.array(ids), np.full(5, -(2**62)))
    assert not unseen(shop.parts.graph, seeds).any()


def test_seeds_that_nothing_can_be_learned_from(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    with pytest.raises(TrainingError, match="there are none"):
        check_labels(seeds[:0], PLAN, "binary")
    with pytest.raises(TrainingError, match="no labels"):
        check_labels(replace(seeds, label=None), PLAN, "binary")
    with pytest.raises(TrainingError, match="two classes"):
        check_labels(replace(seeds, label=np.ones(len(seeds))), PLAN, "binary")
    check_labels(replace(seeds, label=np.ones(len(seeds))), PLAN, "regression")
    # Classes need not be told apart by a metric that does not ask for it, where nothing is learned.
    judged = replace(seeds, label=np.ones(len(seeds)), split="val")
    check_labels(judged, PLAN.replace(metric="log_loss"), "binary")
    with pytest.raises(TrainingError, match="two classes"):
        check_labels(judged, PLAN, "binary")


def test_joint_plans_predict_jointly_only_where_that_changes_nothing(shop: Shop) -> None:
    exact = Fanout([3, {"products-rev_product_id->orders": 1}], strategy="recent", disjoint=False)
    seeds = shop.task.seeds("test")
    plan = PLAN.replace(fanout=exact, layers=2, channels=4, epochs=1)
    assert "batch" not in next(iter(predict_loader(shop.parts, plan, seeds, 0, expand=False)))["orders"]
    for other in (plan.replace(layers=3), plan.replace(fanout=exact.with_choices(strategy="uniform"))):
        assert "batch" in next(iter(predict_loader(shop.parts, other, seeds, 0, expand=False)))["orders"]
    run = start(shop.parts, shop.task, plan, callbacks=[lambda _: None], device="cpu").wait()
    shared = run.predict(seeds).values
    run.plan = plan.replace(fanout=exact.with_choices(disjoint=True))
    assert np.abs(shared - run.predict(seeds).values).max() <= 1e-6


def test_batches_for_cuda_are_pinned_and_moved_by_the_loader(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[PyGLoader] = []

    class Spy(PyGLoader):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr(loaders, "PyGLoader", Spy)
    seeds = shop.task.seeds("val")
    for place, pool in (("cuda", PinnedPool), ("cpu", type(None)), ("mps", type(None))):
        device = torch.device(place)
        train_loader(shop.parts, PLAN, seeds, 0, expand=False, device=device)
        predict_loader(shop.parts, PLAN, seeds, 0, expand=False, device=device)
        for loader in made[-2:]:
            assert loader.device == (device if place == "cuda" else None)
            assert isinstance(loader.with_epoch(1).loader.pool, pool)


def test_a_run_asks_its_loaders_for_its_device(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[torch.device | None] = []
    monkeypatch.setattr(loaders, "_ahead", asked.append)
    plan = PLAN.replace(epochs=1, channels=4)
    run = start(shop.parts, shop.task, plan, callbacks=[lambda _: None], device="cpu").wait()
    run.predict(shop.task.seeds("test"))
    assert asked == [torch.device("cpu")] * 3
