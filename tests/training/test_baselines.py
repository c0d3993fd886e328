"""Both baselines on the shop: they run, are scored on the right seeds and know no future."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.query.task import Task
from workbench.temporal import Span, instant
from workbench.testing.shop import Shop
from workbench.training import baselines as module
from workbench.training import window_features
from workbench.training.baselines import _known, baselines, past_rate
from workbench.training.begin import start
from workbench.training.metrics import metric

PLAN = ModelPlan(Fanout([4], strategy="recent"))


def test_both_baselines_are_scored_and_stay_below_bayes(shop: Shop) -> None:
    found = baselines(shop.parts, shop.task)
    assert list(found) == ["past_rate", "boosting"]
    test = shop.task.seeds("test")
    for baseline in found.values():
        assert len(baseline.predictions["test"]) == len(test)
        value = metric("auroc", "binary", test.label, baseline.predictions["test"])
        assert baseline.scores["test"]["auroc"] == value
        assert value < shop.truth.bayes_auc(test) + 0.01
        assert baseline.name in repr(baseline)
        assert baseline.chosen


def test_boosting_leaves_excluded_columns_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()
    monkeypatch.setattr(
        module, "flat_table", lambda *given: read.update(given[-1]) or window_features.flat_table(*given)
    )
    baselines(shop.parts, shop.task, PLAN.replace(exclude=("users.age",)))
    assert read == {"users.age"}


def test_frozen_baselines_are_scored_on_the_seeds_of_the_model(shop: Shop) -> None:
    train, test = shop.task.seeds("train"), shop.task.seeds("test")
    joined = shop.parts.graph.times("users")
    assert joined is not None
    until = int(np.median(joined[train.node_id]))
    late = joined[test.node_id] > until
    assert 0 < late.sum() < len(late)
    plan = PLAN.replace(until=until, epochs=1, channels=4)
    with pytest.warns(UserWarning, match=rf"the rows of {late.sum()} in 'users' .* left out"):
        found = baselines(shop.parts, shop.task, plan)
    with pytest.warns(UserWarning, match="left out"):
        run = start(shop.parts, shop.task, plan, callbacks=[lambda _: None], device="cpu")
    with pytest.warns(UserWarning, match="left out"):
        measured = run.metrics("test")
    for baseline in found.values():
        assert len(baseline.predictions["test"]) == (~late).sum()
        assert f"on {(~late).sum():,} seeds" in repr(baseline)
        value = metric("auroc", "binary", test.label[~late], baseline.predictions["test"])
        assert baseline.scores["test"]["auroc"] == value
        assert set(baseline.scores["test"]) == set(measured)


def test_odd_keys_are_refused(shop: Shop) -> None:
    with pytest.raises(TrainingError, match="a whole number"):
        baselines(shop.parts, shop.task, key="x")  # type: ignore[arg-type]


@pytest.mark.parametrize("split", ["train", "val"])
def test_labels_of_one_class_leave_baselines_undefined(shop: Shop, split: str) -> None:
    class OneClass:
        task_type, horizon, resolved = "binary", shop.task.horizon, shop.task.resolved

        @staticmethod
        def seeds(name: str) -> SeedTable:
            found = shop.task.seeds(name)
            return replace(found, label=np.zeros(len(found))) if name == split else found

    count = len(shop.task.seeds(split))
    for baseline in baselines(shop.parts, OneClass()).values():
        assert baseline.chosen == f"undefined: one class (all {count:,} {split} labels are 0)"
        assert "test auroc undefined" in repr(baseline)
        assert np.isnan(list(baseline.scores["test"].values())).all()
        assert len(baseline.predictions["test"]) == len(shop.task.seeds("test"))


def test_a_label_is_known_once_its_last_window_is_over(shop: Shop) -> None:
    # From 1 February the target's 30 days are over on 2 March, the month of ASSUMING on 1 March already;
    # from 1 January they are over on 31 January, and the month on 1 February.
    query = f"{shop.truth.query} ASSUMING COUNT(orders.*, 0, 1, months) > 0"
    task = Task.build(shop.parts.dataset, query, val="2024-06-01", test="2024-07-01", every="1 month")
    known = _known(task, {"train": task.seeds("train")})
    anchors = task.seeds("train").anchor_time
    ends = np.maximum(Span.read("30 days").after_each(anchors), Span.read("1 month").after_each(anchors))
    assert np.array_equal(known.end, ends)
    february = anchors == instant("2024-02-01")
    assert february.any()
    assert set(known.end[february].tolist()) == {instant("2024-03-02")}


def test_past_rate_at_the_first_anchor_knows_nothing_of_anyone(shop: Shop) -> None:
    seeds = {split: shop.task.seeds(split) for split in ("train", "val", "test")}
    first = int(seeds["train"].anchor_time.min())
    frozen = {split: replace(table, until=first) for split, table in seeds.items()}
    prior, found = seeds["train"].label.mean(), past_rate(shop.task, frozen, "log_loss")
    for split in ("val", "test"):
        assert np.allclose(found.predictions[split], prior), "no window is over by then"
        assert not np.allclose(past_rate(shop.task, seeds, "log_loss").predictions[split], prior)


@pytest.mark.parametrize("horizon", [None, "0 days", "30 days"])
def test_no_seed_of_your_own_is_told_its_label(shop: Shop, horizon: str | None) -> None:
    parts = [shop.task.seeds(split).to_pandas().assign(split=split) for split in ("train", "val", "test")]
    own = Task.from_table(shop.parts.dataset, pd.concat(parts), entity="users.user_id", horizon=horizon)
    seeds = {split: own.seeds(split) for split in ("train", "val", "test")}
    first = np.flatnonzero(seeds["test"].anchor_time == seeds["test"].anchor_time.min())
    turned = np.array(seeds["test"].label)
    turned[first] = 1.0 - turned[first]
    one = past_rate(own, seeds, "auroc")
    two = past_rate(own, seeds | {"test": replace(seeds["test"], label=turned)}, "auroc")
    # Sums of labels run on from one entity to the next, so rounding differs.
    np.testing.assert_allclose(one.predictions["test"][first], two.predictions["test"][first], rtol=1e-9)
    assert np.isnan(one.predictions["test"]).all() == (horizon is None)
    if horizon == "30 days":
        assert np.array_equal(one.predictions["test"], baselines_of_query(shop).predictions["test"])


def baselines_of_query(shop: Shop) -> module.Baseline:
    """The past rate of the shop's own task."""
    return past_rate(
        shop.task, {split: shop.task.seeds(split) for split in ("train", "val", "test")}, "auroc"
    )
