"""TrainingJob: the small space around a plan, what is averaged, and refusal of nonsense."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_values import fanouts

from workbench.errors import PlanError
from workbench.plan.fanout import Fanout
from workbench.plan.job import MOST_TRIED, SHOWN, TrainingJob
from workbench.plan.model_plan import ModelPlan
from workbench.testing.sizes import cases

PLAN = ModelPlan(Fanout([4]))


@st.composite
def jobs(draw: st.DrawFn) -> TrainingJob:
    change = st.fixed_dictionaries(
        {"channels": st.integers(1, 64)},
        optional={
            "fanout": fanouts(most_hops=2),
            "dropout": st.floats(0, 0.9),
            "aggregations": st.sampled_from([("mean",), ("mean", "count")]),
            "max_steps": st.none() | st.integers(1, 9),
            "exclude": st.just(("a.x",)),
        },
    )
    candidates = draw(st.lists(change, max_size=4))
    return TrainingJob(
        candidates=tuple(candidates),  # type: ignore[arg-type]
        keys=tuple(draw(st.lists(st.integers(-9, 9), min_size=1, max_size=4, unique=True))),
        averaged=draw(st.integers(1, 4)),
        prune_after=draw(st.none() | st.integers(1, 9)),
        prune_to=draw(st.floats(0.01, 0.99)),
        refit=draw(st.booleans()),
    )


@settings(max_examples=cases(40, 2000))
@given(jobs())
def test_a_job_survives_json(job: TrainingJob) -> None:
    again = TrainingJob.from_dict(json.loads(json.dumps(job.to_dict())))
    assert again == job
    assert hash(again) == hash(job)
    plan = PLAN.replace(candidates=job.candidates, keys=job.keys)
    assert ModelPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_a_plan_tries_itself_and_then_each_candidate_once() -> None:
    plan = PLAN.replace(candidates=[{"channels": 32}, {"channels": 64}, {"channels": 32}, {"dropout": 0.5}])
    assert plan.tried() == (PLAN, PLAN.replace(channels=32), PLAN.replace(dropout=0.5))
    assert PLAN.tried() == (PLAN,)
    assert all(each.tried() == (each,) for each in plan.tried()), "a candidate searches no further"


def test_lists_of_values_are_every_combination() -> None:
    space = {"learning_rate": [0.001, 0.01], "dropout": [0.0, 0.5], "aggregations": [["mean"], ["sum"]]}
    plan = PLAN.replace(candidates=space)
    changes = [dict(zip(space, values, strict=True)) for values in product(*space.values())]
    assert plan.tried() == (PLAN, *(PLAN.replace(**each) for each in changes))
    assert plan == PLAN.replace(candidates=changes)
    assert PLAN.replace(candidates={}) == PLAN


def test_flat_names_reach_the_job_and_a_difference_names_them() -> None:
    plan = PLAN.replace(keys=[0, 1], averaged=2, candidates=[{"channels": 8}], metric="log_loss", refit=True)
    assert plan.job == TrainingJob("log_loss", ({"channels": 8},), (0, 1), 2, refit=True)  # type: ignore[arg-type]
    assert set(PLAN.diff(plan)) == {"keys", "averaged", "candidates", "metric", "refit"}
    assert plan.metric == "log_loss"
    assert not plan.higher_is_better


def test_a_plan_prints_what_a_search_would_do() -> None:
    text = repr(PLAN.replace(keys=[0, 1], averaged=2, candidates={"channels": [8, 16]}, refit=True))
    assert "keys 0, 1, the best 2 averaged, refit on train and val, pruned to 0.5 after 2, 4, ..." in text
    assert "    or channels=8\n    or channels=16" in text
    assert "search" not in repr(PLAN)
    many = PLAN.replace(candidates={"channels": list(range(1, 30))}, prune_after=None)
    assert f"and {29 - SHOWN} more candidates" in repr(many)
    assert "none given up early" in repr(many)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"keys": []}, "'keys' of a plan: got ()"),
        ({"keys": [1, 1]}, "different whole numbers"),
        ({"keys": [True]}, "different whole numbers"),
        ({"keys": 3}, "different whole numbers"),
        ({"averaged": 0}, "'averaged'"),
        ({"averaged": 2}, "1 at most, the plan and its candidates"),
        ({"prune_after": 0}, "'prune_after'"),
        ({"prune_to": 1.0}, "'prune_to' of a plan: got 1.0. Allowed: a number between 0 and 1"),
        ({"prune_to": "half"}, "'prune_to'"),
        ({"refit": 1}, "True or False"),
        ({"candidates": "wider"}, "a list of changes"),
        ({"candidates": [3]}, "a list of changes"),
        ({"candidates": [{}]}, "the plan itself is tried anyway"),
        ({"candidates": {"channels": 32}}, "a list of values of 'channels'"),
        ({"candidates": [{"chanels": 32}]}, "Did you mean 'channels'"),
        ({"candidates": [{"metric": "log_loss"}]}, "changes of fanout"),
        ({"candidates": [{"until": 0}]}, "changes of fanout"),
        ({"candidates": [{"channels": 0}]}, "candidate {'channels': 0} of a plan: 'channels'"),
        ({"candidates": [{"loss": "l1"}]}, "candidate {'loss': 'l1'} of a plan: 'metric'"),
        ({"candidates": {"channels": list(range(1, MOST_TRIED + 2))}}, f"{MOST_TRIED} at most"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError) as caught:
        PLAN.replace(**changes)
    assert said in str(caught.value)
