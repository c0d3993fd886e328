"""A search gives up the worse plans, changes nothing about the others, and averages keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.begin import start
from workbench.training.metrics import score
from workbench.training.search import Found, search

GOOD = ModelPlan(Fanout([4, 1], strategy="recent")).replace(
    channels=4, epochs=4, patience=4, batch_size=128, learning_rate=0.02, metric="log_loss"
)
BAD, WORSE = GOOD.replace(learning_rate=1e-6), GOOD.replace(learning_rate=1e-9)


@pytest.fixture(scope="module")
def found(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("search")
    plans = [WORSE, GOOD, BAD]
    return search(shop.parts, shop.task, plans, keys=(3, 4), prune_after=1, device="cpu", folder=folder)


def test_the_worse_plans_are_given_up_early(found: Found) -> None:
    assert found.plan == GOOD
    assert [len(run.history) for run in found.runs] == [4, 4]
    assert {run.state for run in found.runs} == {"finished"}
    assert sorted(len(run.history) for run in found.given_up) == [1, 1, 1, 1]
    assert {run.state for run in found.given_up} == {"cancelled"}
    assert found.values[1] == min(found.values)
    best = [min(event.value for event in run.history) for run in found.runs]
    assert best == sorted(best)
    assert "log_loss" in repr(found)
    names = {Path(run.folder).name for run in (*found.runs, *found.given_up)}
    assert names == {f"plan {place}, key {key}" for place in range(3) for key in (3, 4)}


def test_a_run_that_went_on_is_what_it_would_have_been_alone(shop: Shop, found: Found) -> None:
    run = next(run for run in found.runs if run.key == 3)
    alone = start(shop.parts, shop.task, GOOD, key=3, callbacks=[], device="cpu").wait()
    seeds = shop.task.seeds("test")
    assert np.array_equal(run.predict(seeds).values, alone.predict(seeds).values)
    weights = zip(run.model.state_dict().values(), alone.model.state_dict().values(), strict=True)
    assert all(torch.equal(one, two) for one, two in weights)


def test_what_the_keys_say_is_averaged(shop: Shop, found: Found) -> None:
    seeds = shop.task.seeds("test")
    each = [run.predict(seeds).values for run in found.runs]
    assert not np.array_equal(*each)
    mean = found.predict(seeds)
    assert np.allclose(mean.values, (each[0] + each[1]) / 2)
    assert found.metrics("test") == score("binary", seeds.label, mean.values)
    assert mean.to_arrow().column_names == ["entity", "anchor_time", "prediction"]


@pytest.mark.parametrize(
    ("given", "options", "hint"),
    [
        ([], {}, "got no plans"),
        ([GOOD], {"averaged": 2}, "the best 2 of 1 plans"),
        ([GOOD], {"kees": (1,)}, "Did you mean 'keys'"),
        ([GOOD, GOOD.replace(metric="auroc")], {}, "judged by auroc, log_loss"),
        (["plan"], {}, "got a str"),
        ([GOOD, GOOD.replace(train_on="train+val")], {}, "val cannot judge it"),
        (GOOD, {"candidates": [{"train_on": "train+val"}]}, "val cannot judge it"),
    ],
)
def test_searches_that_make_no_sense(shop: Shop, given: Any, options: dict[str, Any], hint: str) -> None:
    with pytest.raises(TrainingError, match=hint):
        search(shop.parts, shop.task, given, **options)
