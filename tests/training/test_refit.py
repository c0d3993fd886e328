"""A refit learns from train and val as long as was best, knows nothing of test, and is reproducible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from workbench.errors import TrainingError
from workbench.events import Event, StepDone
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.begin import load_run, start
from workbench.training.learned import learned_from
from workbench.training.metrics import score
from workbench.training.records import compare_runs
from workbench.training.refit import refit, refit_plan
from workbench.training.run import Run
from workbench.training.step import learning_rate

PLAN = ModelPlan(Fanout([4, 1], strategy="recent")).replace(
    channels=4, epochs=3, batch_size=64, learning_rate=0.02, max_steps=3, schedule="linear"
)


class Heard:
    """Keeps the steps of a run, and stops it after so many."""

    def __init__(self, stop: int = 10**9) -> None:
        self.steps, self.stop = 0, stop

    def attach(self, run: Run) -> None:
        self.run = run

    def __call__(self, event: Event) -> None:
        self.steps += isinstance(event, StepDone)
        if self.steps >= self.stop:
            self.run.cancel()


@pytest.fixture(scope="module")
def run(shop: Shop) -> Run:
    return start(shop.parts, shop.task, PLAN, callbacks=[], key=3, device="cpu").wait()


@pytest.fixture(scope="module")
def again(run: Run) -> Run:
    return run.refit(callbacks=[], device="cpu").wait()


def same(one: Run, other: Run) -> bool:
    weights = zip(one.trained().state_dict().values(), other.trained().state_dict().values(), strict=True)
    return all(torch.equal(mine, theirs) for mine, theirs in weights)


def test_it_takes_the_best_epochs_steps_at_their_learning_rates(run: Run) -> None:
    best = next(event.epoch for event in reversed(run.history) if event.best)
    heard = Heard()
    other = run.refit(callbacks=[heard], device="cpu").wait()
    assert heard.steps == best * 3
    assert (other.state, other.key) == ("finished", 3)
    plan = other.plan
    assert plan.diff(run.plan).keys() <= {"train_on", "epochs", "schedule_epochs"}
    assert plan.optimisation.epochs == best
    assert plan.optimisation.schedule_epochs == 3
    assert learning_rate(plan.optimisation, 0.5) == learning_rate(PLAN.optimisation, 0.5)
    assert "on train+val, all of them, linear schedule over 3 epochs" in repr(plan)


def test_it_learns_from_val_and_knows_no_row_after_the_last_val_anchor(
    shop: Shop, run: Run, again: Run
) -> None:
    train, val = shop.task.seeds("train"), shop.task.seeds("val")
    both, judge = learned_from(shop.parts.graph, again.plan, shop.task)
    assert judge is None
    assert len(both) == len(train) + len(val)
    assert both.label is not None
    assert np.array_equal(both.label, np.concatenate([train.label, val.label]))  # type: ignore[list-item]
    horizon = int(shop.task.horizon.approximate)
    assert both.anchor_time.max() + horizon <= shop.task.seeds("test").anchor_time.min()
    # Statistics of an untimed part are the same; those of orders have seen the months of val, no more.
    from workbench.training.build import fit_for

    assert again.statistics == fit_for(shop.parts.graph, shop.parts.features, again.plan, both)
    assert again.statistics != run.statistics


def test_every_epoch_is_kept_and_the_last_one_predicts(again: Run) -> None:
    assert all(event.best and event.metric == "loss" for event in again.history)
    assert compare_runs([again])["best"].to_pylist() == [None], "val judged nothing"


def test_its_metrics_on_test_are_its_own(shop: Shop, run: Run, again: Run) -> None:
    seeds = shop.task.seeds("test")
    said = again.predict(seeds).values
    assert again.metrics("test") == score("binary", seeds.label, said)  # type: ignore[arg-type]
    assert not np.array_equal(said, run.predict(seeds).values)
    whole = again.evaluate(["val", "test"], baselines=False, resamples=0)
    assert whole.value("auroc", split="test") == again.metrics("test")["auroc"]
    assert "val (learned from)" in repr(whole)


def test_its_bits_are_reproducible_also_when_it_is_stopped(run: Run, again: Run, tmp_path: Path) -> None:
    assert same(run.refit(callbacks=[], device="cpu"), again)
    stopped = run.refit(callbacks=[Heard(stop=2)], device="cpu", folder=tmp_path / "stopped").wait()
    assert stopped.state == "cancelled"
    assert same(load_run(tmp_path / "stopped").resume(callbacks=[]), again)


def test_the_usual_number_of_steps_is_that_of_train_alone(shop: Shop, run: Run) -> None:
    whole = load_run(run.folder, shop.parts, task=shop.task)
    whole.plan = PLAN.replace(max_steps=None, schedule="constant")
    plan = refit_plan(whole).optimisation
    assert plan.max_steps == -(-len(shop.task.seeds("train")) // 64)
    assert plan.schedule_epochs is None


class Sizes(nn.Module):
    """As many numbers per seed as a module of a user gives."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, data: Any) -> torch.Tensor:
        return self.weight.expand(int(data["users"].batch_size))


def test_what_cannot_be_trained_once_more(shop: Shop, run: Run, again: Run) -> None:
    with pytest.raises(TrainingError, match=r"trained on train\+val already"):
        again.refit()
    own = start(
        shop.parts, shop.task, PLAN.replace(epochs=1), model=Sizes(), callbacks=[], device="cpu"
    ).wait()
    with pytest.raises(TrainingError, match="Pass a fresh one: model="):
        own.refit()
    assert own.refit(model=Sizes(), callbacks=[], device="cpu").wait().state == "finished"
    alone = load_run(run.folder, shop.parts, task=shop.task)
    alone.task = None
    with pytest.raises(TrainingError, match="loaded without its task"):
        alone.refit()
    alone.task, alone.history = shop.task, []
    with pytest.raises(TrainingError, match="no epoch of it was finished"):
        alone.refit()


def test_a_refit_may_learn_from_a_task_that_sees_more(shop: Shop) -> None:
    run = start(shop.parts, shop.task, PLAN.replace(epochs=1), key=3, callbacks=[], device="cpu").wait()

    class Seen:
        """The same task; keeps the splits that were asked for."""

        def __init__(self) -> None:
            self.asked: list[str] = []

        def __getattr__(self, name: str) -> Any:
            return getattr(shop.task, name)

        def seeds(self, split: str) -> Any:
            self.asked.append(split)
            return shop.task.seeds(split)

    other = Seen()
    again = refit(run, task=other, callbacks=[], device="cpu").wait()
    assert again.task is other
    assert set(other.asked) == {"train", "val"}
