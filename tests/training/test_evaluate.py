"""evaluate: against pandas, on planted predictions: every task type, empty and one-class segments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ranked_shop import Ranked
from sklearn.metrics import roc_auc_score
from test_task_types import Labelled, plan_for

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.plan.objective import metrics_of
from workbench.query.seed_table import SeedTable
from workbench.report.evaluation_svg import evaluation_svgs
from workbench.testing.shop import Shop
from workbench.training.baselines import Baseline, past_rate
from workbench.training.evaluate import Evaluated, evaluate
from workbench.training.evaluation import Evaluation
from workbench.training.metrics import known_labels, score
from workbench.training.target import Target
from workbench.types import AnyArray

PLAN = ModelPlan(Fanout([4]))


def planted(_: str, seeds: SeedTable) -> AnyArray:
    """Probabilities that are right more often than not, in steps of a tenth."""
    rng = np.random.default_rng(7)
    return (0.3 * np.asarray(seeds.label) + 0.7 * rng.random(len(seeds))).round(1)


def what(shop: Shop, **changes: Any) -> Evaluated:
    return replace(Evaluated(shop.parts, shop.task, PLAN, Target.of(PLAN), planted), **changes)


@pytest.fixture(scope="module")
def beside(shop: Shop) -> dict[str, Baseline]:
    """One that is cheap, and the same, worse, in place of the boosting that takes its time."""
    seeds = {split: shop.task.seeds(split) for split in ("train", "val", "test")}
    cheap = past_rate(shop.task, seeds, "auroc")
    worse = {split: 1 - values for split, values in cheap.predictions.items()}
    scores = {split: score("binary", known_labels(seeds[split]), told) for split, told in worse.items()}
    return {"past_rate": cheap, "boosting": Baseline("boosting", "worse", scores, worse, 0.0)}


@pytest.fixture(scope="module")
def found(shop: Shop, beside: dict[str, Baseline]) -> Evaluation:
    return evaluate(what(shop), ["val", "test"], baselines=beside, segments=["age"], resamples=40)


def test_the_whole_is_what_score_says_of_every_model(
    shop: Shop, beside: dict[str, Baseline], found: Evaluation
) -> None:
    for split in ("val", "test"):
        seeds = shop.task.seeds(split)
        told = {
            "model": planted("", seeds),
            **{name: each.predictions[split] for name, each in beside.items()},
        }
        for model, values in told.items():
            expected = score("binary", known_labels(seeds), values)
            got = {name: found.value(name, split=split, model=model) for name in metrics_of("binary")}
            assert got == expected
    assert set(found.scores["model"].to_pylist()) == {"model", "past_rate", "boosting"}
    assert found.learned == ("train",)


def test_groups_over_time_and_by_column_are_those_of_pandas(shop: Shop, found: Evaluation) -> None:
    seeds = shop.task.seeds("test")
    frame = pd.DataFrame({"at": seeds.anchor_time, "y": seeds.label, "p": planted("", seeds)})
    rows = [row for row in found.scores.to_pylist() if row["split"] == "test" and row["model"] == "model"]
    times = [row for row in rows if row["by"] == "time"]
    assert [row["seeds"] for row in times] == frame.groupby("at").size().tolist()
    expected = [roc_auc_score(part["y"], part["p"]) for _, part in frame.groupby("at")]
    assert np.allclose([row["value"] for row in times], expected)
    ages = [row for row in rows if row["by"] == "age"]
    assert sum(row["seeds"] for row in ages) == len(seeds)


def test_intervals_hold_their_value_and_differences_are_those_of_the_values(found: Evaluation) -> None:
    rows = [row for row in found.scores.to_pylist() if row["by"] == "all" and row["low"] is not None]
    assert len(rows) == 2 * 3 * 4
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)
    for row in found.ahead.to_pylist():
        theirs = found.value(split=row["split"], model=row["baseline"])
        assert row["difference"] == found.value(split=row["split"]) - theirs
        assert row["low"] <= row["difference"] <= row["high"]


def test_a_lower_metric_is_ahead_where_it_is_lower(shop: Shop, beside: dict[str, Baseline]) -> None:
    plan = PLAN.replace(metric="log_loss")
    found = evaluate(what(shop, plan=plan), baselines=beside, resamples=0)
    for row in found.ahead.to_pylist():
        assert row["difference"] == found.value(model=row["baseline"]) - found.value()
        assert row["low"] is None


def test_empty_and_one_class_segments_are_undefined_and_say_so(shop: Shop) -> None:
    seeds = shop.task.seeds("test")
    ones = pd.Categorical(np.where(np.asarray(seeds.label) > 0, "ones", "zeros"), ["ones", "zeros", "none"])
    few = np.arange(len(seeds)) == 0
    found = evaluate(what(shop), baselines=False, segments={"kind": ones, "few": few}, resamples=20)
    rows = {(row["by"], row["group"]): row for row in found.scores.to_pylist()}
    count = int(np.sum(seeds.label))  # type: ignore[arg-type]
    assert rows["kind", "ones"]["note"] == f"one class (all {count} labels are 1)"
    assert rows["kind", "none"]["note"] == "no seeds"
    assert rows["few", "True"]["note"] == "one seed"
    assert all(rows["kind", name]["value"] is None for name in ("ones", "zeros", "none"))
    assert "undefined" in repr(found)
    assert rows["few", "False"]["value"] is not None


@pytest.mark.parametrize("kind", ["regression", "multiclass", "multilabel", "forecast"])
def test_every_flat_task_type(shop: Shop, kind: str) -> None:
    task = Labelled(shop, kind, {})
    plan = plan_for(kind)

    def values(_: str, seeds: SeedTable) -> AnyArray:
        rng, label = np.random.default_rng(1), np.asarray(seeds.label)
        if kind == "multiclass":
            return rng.dirichlet(np.ones(3), len(seeds))
        noise = rng.random(label.shape)
        return noise if kind == "multilabel" else label + noise

    target = Target(kind, plan.optimisation.loss, classes=("a", "b", "c"))
    found = evaluate(
        what(shop, task=task, plan=plan, target=target, predict=values), baselines=False, resamples=10
    )
    seeds = task.seeds("test")
    expected = score(kind, known_labels(seeds), values("", seeds))
    assert {name: found.value(name) for name in expected} == pytest.approx(expected, nan_ok=True)
    assert found.calibration.num_rows > 0
    assert len(evaluation_svgs(found)) == 3


def test_quantiles_are_judged_by_the_share_below_them(shop: Shop) -> None:
    plan = ModelPlan(Fanout([4])).replace(loss="quantile", metric="mae", quantiles=[0.1, 0.5, 0.9])
    target = Target.of(plan, "regression")
    wide = what(
        shop,
        task=Labelled(shop, "regression", {}),
        plan=plan,
        target=target,
        predict=lambda _, seeds: np.asarray(seeds.label)[:, None] + np.array([-1.0, 0.5, 1.0]),
    )
    found = evaluate(wide, baselines=False, resamples=0)
    assert found.value("mae") == 0.5
    assert found.calibration["observed"].to_pylist() == [0.0, 1.0, 1.0]


def test_rankings_are_beside_what_is_popular(shop: Shop) -> None:
    task = Ranked(shop)
    plan = PLAN.replace(loss="softmax", metric="map")
    target = Target("ranking", "softmax", top_k=3, table="products", candidates=20)

    def values(_: str, seeds: SeedTable) -> AnyArray:
        rows = np.tile([2.0, 0.0, 1.0], (len(seeds), 1))
        return np.stack([rows, -rows], axis=1)

    found = evaluate(what(shop, task=task, plan=plan, target=target, predict=values), resamples=20)
    seeds = task.seeds("test")
    assert found.value("map") == score("ranking", known_labels(seeds), values("", seeds))["map"]
    assert found.ahead["baseline"].to_pylist() == ["popular", "own_past"]
    assert found.calibration.num_rows == 0


def test_seeds_of_yours_have_no_baselines_and_none_are_refused(
    shop: Shop, beside: dict[str, Baseline]
) -> None:
    own = shop.task.seeds("train")[:40]
    found = evaluate(what(shop), own, resamples=0)
    assert set(found.scores["model"].to_pylist()) == {"model"}
    assert "train (learned from)" in repr(found)
    table = evaluate(what(shop), own, baselines=beside, resamples=0).scores.to_pylist()
    assert {row["note"] for row in table if row["model"] == "boosting"} == {"baselines are of val and test"}
    with pytest.raises(TrainingError, match="there are no train seeds"):
        evaluate(what(shop), own[:0])
    with pytest.raises(TrainingError, match="its labels are not known"):
        evaluate(what(shop), replace(own, label=None))
    with pytest.raises(TrainingError, match="loaded without its task"):
        evaluate(what(shop, task=None))
    with pytest.raises(TrainingError, match="Take 'test'"):
        evaluate(what(shop), [3])  # type: ignore[list-item]


def test_baselines_that_are_undefined_say_why(shop: Shop, beside: dict[str, Baseline]) -> None:
    nothing = replace(beside["boosting"], chosen="undefined: one class", scores={"test": {"auroc": np.nan}})
    found = evaluate(what(shop), baselines={"boosting": nothing}, resamples=0)
    rows = [row for row in found.scores.to_pylist() if row["model"] == "boosting"]
    assert {row["note"] for row in rows} == {"undefined: one class"}
    assert found.ahead["difference"].to_pylist() == [None]


@pytest.mark.parametrize("wrong", [{"bins": 0}, {"bins": 2.5}, {"resamples": -1}, {"resamples": True}])
def test_numbers_that_are_none(shop: Shop, wrong: dict[str, Any]) -> None:
    with pytest.raises(TrainingError, match=f"got {next(iter(wrong))}=.*a whole number from"):
        evaluate(what(shop), baselines=False, **wrong)
