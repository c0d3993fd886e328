"""ModelPlan: round trip, diff, replace, print, and refusal of nonsense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_values import BUYS, fanouts, metapaths

from workbench.errors import AnchorError, PlanError
from workbench.plan.architecture import AGGREGATIONS, LAYERS
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.plan.model_plan import ModelPlan
from workbench.plan.objective import LOSSES, METRICS
from workbench.plan.optimisation import OPTIMISERS, PRECISIONS, SCHEDULES
from workbench.testing.sizes import cases


@st.composite
def plans(draw: st.DrawFn) -> ModelPlan:
    loss = draw(st.sampled_from(sorted(LOSSES)))
    metrics = [name for name, (kinds, _) in METRICS.items() if set(kinds) & set(LOSSES[loss])]
    aggregations = draw(st.lists(st.sampled_from(AGGREGATIONS), min_size=1, max_size=5, unique=True))
    plan = ModelPlan(draw(fanouts(most_hops=3) | metapaths())).replace(
        loss=loss, metric=draw(st.sampled_from(metrics))
    )
    return plan.replace(
        channels=draw(st.integers(1, 512)),
        layers=draw(st.integers(1, 6)),
        layer=draw(st.sampled_from(LAYERS)),
        heads=1,
        aggregations=tuple(aggregations),
        dropout=draw(st.floats(0, 0.9)),
        max_steps=draw(st.none() | st.integers(1, 1000)),
        optimiser=draw(st.sampled_from(sorted(OPTIMISERS))),
        schedule=draw(st.sampled_from(SCHEDULES)),
        warmup=draw(st.floats(0, 1)),
        class_weights=draw(st.sampled_from([None, "balanced"])),
        gamma=draw(st.floats(0, 5)),
        quantiles=tuple(sorted(draw(st.sets(st.floats(0.01, 0.99), min_size=1, max_size=4)))),
        precision=draw(st.sampled_from(PRECISIONS)),
        exclude=tuple(draw(st.lists(st.sampled_from(["a.x", "b.y", "c.z"]), unique=True))),
        until=draw(st.none() | st.integers(-(2**62), 2**62)),
        reasons=(("a choice", "a reason"),),
    )


@settings(max_examples=cases(100, 2000))
@given(plans())
def test_a_plan_survives_json(plan: ModelPlan) -> None:
    again = ModelPlan.from_dict(json.loads(json.dumps(plan.to_dict())))
    assert again == plan
    assert again.reasons == plan.reasons
    assert again.diff(plan) == {}
    assert hash(again) == hash(plan)


STORED = """{"format": 1, "fanout": {"hops": [16, {"default": 8, "orders-user_id->users": -1}],
"strategy": "recent", "static": ["orders-user_id->users"], "window": 2592000000000, "disjoint": false},
"model": {"channels": 64, "layers": 2, "aggregations": ["mean"], "dropout": 0.1},
"optimisation": {"epochs": 10, "max_steps": null, "learning_rate": 0.005, "weight_decay": 0.0001,
"batch_size": 512, "patience": 4, "loss": "bce", "clip": 1.0}, "metric": "auroc", "exclude": [],
"until": null, "reasons": []}"""
"""A plan as runs stored it before draws, metapaths and modes were there."""


def test_plans_that_were_stored_before_still_load_and_are_written_as_they_were() -> None:
    plan = ModelPlan.from_dict(json.loads(STORED))
    hops = [16, {"default": 8, BUYS: -1}]
    assert plan.fanout == Fanout(hops, strategy="recent", static=[BUYS], window="30 days", disjoint=False)
    assert plan.to_dict() == json.loads(STORED)


def test_a_plan_of_metapaths_says_so() -> None:
    paths = Metapaths([Metapath(BUYS, fanouts=Draw(0.1, cap=9), strategy="recent")], mode="tree")
    plan = ModelPlan(Fanout([4])).replace(fanout=paths)
    assert plan.diff(ModelPlan(Fanout([4]))) == {"fanout": (paths, Fanout([4]))}
    assert "  fanout   metapaths, tree" in repr(plan)
    assert "    path 0  0.1 of all (at most 9) orders-user_id->users; strategy='recent'" in repr(plan)


@settings(max_examples=cases(100, 2000))
@given(plans(), plans())
def test_diff_names_exactly_what_differs(one: ModelPlan, two: ModelPlan) -> None:
    changes = one.diff(two)
    assert one.replace(**{name: theirs for name, (_, theirs) in changes.items()}) == two
    assert all(mine != theirs for mine, theirs in changes.values())


def test_a_loss_and_a_metric_say_together_which_tasks_a_plan_is_for() -> None:
    plan = ModelPlan(Fanout([4]))
    assert plan.task_types == ("binary", "multilabel")
    assert plan.replace(metric="accuracy", loss="focal").task_types == ("binary", "multiclass", "multilabel")
    assert plan.replace(metric="macro_f1", loss="focal").task_types == ("multiclass", "multilabel")
    assert plan.replace(metric="mae", loss="quantile").task_types == ("regression", "forecast")


def test_what_is_changed_is_no_longer_what_was_reasoned() -> None:
    reasons = (
        ("recent", "the latest rows say most"),
        ("2 hops", "nothing new lies beyond"),
        ("joint", "seeds share their neighbours"),
        ("fanout size", "a batch has about 9 nodes"),
        ("batch_size 512", "64 steps an epoch"),
        ("64 channels, dropout 0.1", "so many seeds carry it"),
        ("10 epochs", "about 640 steps"),
    )
    plan = ModelPlan(Fanout([4, 2]), reasons=reasons)

    def labels(**changes: Any) -> list[str]:
        return [choice for choice, _ in plan.replace(**changes).reasons]

    every = labels(epochs=10)  # nothing changes
    assert every == [choice for choice, _ in reasons]
    assert labels(channels=32) == [*every[:5], every[6], "channels"]
    assert labels(batch_size=64) == [*every[:3], *every[5:], "batch_size"]
    assert labels(fanout=Fanout([3])) == [*every[4:], "fanout"]
    assert labels(layers=1) == [every[0], *every[2:5], every[6], "layers"]
    assert labels(epochs=3, reasons=()) == []
    twice = plan.replace(channels=32).replace(channels=16)
    assert [pair for pair in twice.reasons if "channels" in pair[0]] == [("channels", "set by you")]
    assert "because  channels: set by you" in repr(twice)
    assert ModelPlan(Fanout([4])).replace(channels=32).reasons == ()


@pytest.mark.parametrize(
    ("other", "ours"),
    [("lr", "learning_rate"), ("bs", "batch_size"), ("hidden", "channels"), ("epoch", "epochs")],
)
def test_names_that_others_use_are_translated(other: str, ours: str) -> None:
    with pytest.raises(PlanError, match=f"choice '{other}' of a plan.*Did you mean '{ours}'"):
        ModelPlan(Fanout([4])).replace(**{other: 3})


def test_until_is_any_instant() -> None:
    plan = ModelPlan(Fanout([4])).replace(until="1970-01-02")
    assert plan == plan.replace(until=86_400_000_000)
    assert "frozen at 1970-01-02" in repr(plan)
    with pytest.raises(AnchorError, match="an ISO date"):
        plan.replace(until="soon")


def test_files_that_are_no_plan_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("{")
    for name in ("none.json", "file"):
        with pytest.raises(PlanError, match=rf"a plan was loaded from .*{name}: there is none"):
            ModelPlan.load(tmp_path / name)
    with pytest.raises(PlanError, match="the disk refused"):
        ModelPlan(Fanout([4])).save(tmp_path / "file" / "plan.json")


def test_a_text_is_no_list_of_names() -> None:
    with pytest.raises(PlanError, match=r"'exclude' of a plan: got 'users\.age'\. Allowed: a list"):
        ModelPlan(Fanout([4])).replace(exclude="users.age")
    with pytest.raises(PlanError, match=r"'aggregations' of a plan: got 'mean'\. Allowed: a list"):
        ModelPlan(Fanout([4])).replace(aggregations="mean")


def test_save_and_load(tmp_path: Path) -> None:
    plan = ModelPlan(Fanout([4])).replace(epochs=7)
    plan.save(tmp_path / "plan.json")
    assert ModelPlan.load(tmp_path / "plan.json") == plan


def test_a_plan_prints_short() -> None:
    wide = {f"table_{i}-key->users": 16 for i in range(40)}
    text = repr(ModelPlan(Fanout([wide, wide, 8])).replace(exclude=("users.age",), until=0))
    assert len(text.splitlines()) < 20
    assert max(map(len, text.splitlines())) < 400
    assert "auroc" in text
    assert "users.age" in text


@pytest.mark.parametrize(
    ("changes", "named", "allowed"),
    [
        ({"channels": 0}, "'channels'", "whole number"),
        ({"channels": 1.5}, "'channels'", "whole number"),
        ({"channels": True}, "'channels'", "whole number"),
        ({"layers": -1}, "'layers'", "whole number"),
        ({"dropout": 1.0}, "'dropout'", "from 0 to 0.999"),
        ({"dropout": float("nan")}, "'dropout'", "from 0"),
        ({"aggregations": ()}, "'aggregations'", "mean"),
        ({"aggregations": ("median",)}, "median", "mean"),
        ({"learning_rate": 0}, "'learning_rate'", "number"),
        ({"epochs": 0}, "'epochs'", "whole number"),
        ({"max_steps": 0}, "'max_steps'", "whole number"),
        ({"batch_size": "many"}, "'batch_size'", "whole number"),
        ({"loss": "hinge"}, "hinge", "bce"),
        ({"metric": "f2"}, "f2", "auroc"),
        ({"metric": "mae"}, "mae", "auroc, average_precision, accuracy"),
        ({"loss": "l1"}, "auroc", "mae, rmse, r2 (the loss 'l1' is for regression and forecast tasks)"),
        ({"exclude": ("age",)}, "age", "table.column"),
        ({"fanout": [4, 4]}, "fanout", "Fanout"),
        ({"chanels": 3}, "chanels", "Did you mean 'channels'?"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, Any], named: str, allowed: str) -> None:
    with pytest.raises(PlanError) as caught:
        ModelPlan(Fanout([4])).replace(**changes)
    assert named in str(caught.value)
    assert allowed in str(caught.value)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {},
        {"format": 2},
        {"format": 1},
        {"format": 1, "fanout": {"hops": []}},
        {"format": 1, "fanout": {"metapaths": [{"path": 3}]}},
    ],
)
def test_malformed_plans_are_refused(broken: Any) -> None:
    with pytest.raises(PlanError):
        ModelPlan.from_dict(broken)
