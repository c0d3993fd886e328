"""A training that was interrupted goes on to the very weights that it would have had."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import torch

from workbench.errors import TrainingError
from workbench.events import EpochDone, Event, StageTimes, StepDone
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.begin import load_run, start
from workbench.training.checkpoint import load_course
from workbench.training.run import Run

PLAN = ModelPlan(Fanout([4, 2])).replace(
    channels=4,
    epochs=3,
    patience=3,
    batch_size=64,
    dropout=0.3,
    schedule="cosine",
    warmup=0.2,
    past_labels=2,
    stale="90 days",
)
MOMENTS: dict[str, Callable[[Event], bool]] = {
    "in the first epoch": lambda event: isinstance(event, StepDone) and (event.epoch, event.step) == (1, 2),
    "after the last step of an epoch": lambda event: (
        isinstance(event, StageTimes) and event.epoch == 2 and event.batch == 4 and "forward" in event.stages
    ),
    "between two epochs": lambda event: isinstance(event, EpochDone) and event.epoch == 1,
}


class Interrupt:
    """Cancels its run at the first event that is the moment."""

    def __init__(self, moment: Callable[[Event], bool]) -> None:
        self.moment = moment

    def attach(self, run: Run) -> None:
        self.run = run

    def __call__(self, event: Event) -> None:
        if self.moment(event):
            self.run.cancel()


@pytest.fixture(scope="module")
def whole(shop: Shop) -> Run:
    steps: list[int] = []

    def count(event: Event) -> None:
        steps.extend([event.step] if isinstance(event, StepDone) else [])

    run = start(shop.parts, shop.task, PLAN, key=3, callbacks=[count], device="cpu").wait()
    assert (run.state, max(steps)) == ("finished", 4)
    return run


def equal(one: Run, two: Run, shop: Shop) -> bool:
    seeds = shop.task.seeds("test")
    assert one.predict(seeds).to_arrow().equals(two.predict(seeds).to_arrow())
    weights = zip(one.model.state_dict().values(), two.model.state_dict().values(), strict=True)
    told = [[(e.train_loss, e.value, e.best) for e in run.history] for run in (one, two)]
    return told[0] == told[1] and all(torch.equal(a, b) for a, b in weights)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_cancelled_run_goes_on_to_the_same_bits(shop: Shop, whole: Run, moment: str) -> None:
    run = start(
        shop.parts, shop.task, PLAN, key=3, callbacks=[Interrupt(MOMENTS[moment])], device="cpu"
    ).wait()
    assert run.state == "cancelled"
    assert len(run.history) < 3
    assert run.resume(callbacks=[]).wait().state == "finished"
    assert equal(run, whole, shop)


def test_a_run_goes_on_in_another_process_after_a_kill(shop: Shop, whole: Run, tmp_path: Path) -> None:
    """What lies in the folder in the middle of an epoch is what a kill would leave."""

    def copy(event: Event) -> None:
        if isinstance(event, StepDone) and (event.epoch, event.step) == (2, 3):
            shutil.copytree(tmp_path / "run", tmp_path / "killed")

    folder = tmp_path / "run"
    start(shop.parts, shop.task, PLAN, key=3, callbacks=[copy], device="cpu", folder=folder).wait()
    assert not (folder / "course.safetensors").exists(), "a finished run has no more need of it"
    killed = load_run(tmp_path / "killed", shop.parts)
    assert (killed.state, len(killed.history)) == ("killed", 1)
    assert killed.resume(callbacks=[]).wait().state == "finished"
    assert equal(killed, whole, shop)
    assert equal(load_run(tmp_path / "killed", shop.parts), whole, shop)


KILLED = """
import os, signal
from workbench.events import StepDone
from workbench.query.task import Task
from workbench.training import trainer
from workbench.training.begin import start
from workbench.training.parts import Parts
trainer.KEEP_SECONDS = 0.0
def kill(event):
    if isinstance(event, StepDone) and (event.epoch, event.step) == (2, 3):
        os.kill(os.getpid(), signal.SIGKILL)
parts = Parts.open(path)
task = Task.from_dict(parts.dataset, task)
start(parts, task, plan, key=3, callbacks=[kill], device="cpu", folder=folder).wait()
"""


def test_a_process_that_was_killed_within_an_epoch(
    shop: Shop, whole: Run, spawned: Callable[..., BaseProcess], tmp_path: Path
) -> None:
    place, task = str(shop.parts.dataset.path), shop.task.to_dict()
    child = spawned(KILLED, path=place, task=task, plan=PLAN, folder=tmp_path / "run")
    child.join()
    assert child.exitcode == -signal.SIGKILL
    killed = load_run(tmp_path / "run", shop.parts)
    assert (killed.state, len(killed.history)) == ("killed", 1)
    kept = load_course(tmp_path / "run")
    assert kept is not None
    assert (kept.numbers["epoch"], kept.numbers["step"]) == (1, 2), "the last step before the kill was kept"
    assert killed.resume(callbacks=[]).wait().state == "finished"
    assert equal(killed, whole, shop)


def test_a_run_may_be_interrupted_again_and_again(shop: Shop, whole: Run) -> None:
    every = Interrupt(lambda event: isinstance(event, StepDone) and event.step == 3)
    run = start(shop.parts, shop.task, PLAN, key=3, callbacks=[every], device="cpu").wait()
    for epoch in (1, 2):
        assert len(run.history) == epoch - 1
        run.resume(callbacks=[every]).wait()
    assert run.resume(callbacks=[]).wait().state == "finished"
    assert equal(run, whole, shop)


def test_what_came_to_its_end_does_not_go_on(shop: Shop, whole: Run) -> None:
    with pytest.raises(TrainingError, match="a run was to go on: the run is finished"):
        whole.resume()


def test_a_damaged_course_is_named(shop: Shop, tmp_path: Path) -> None:
    stop = Interrupt(lambda event: isinstance(event, StepDone))
    run = start(shop.parts, shop.task, PLAN, callbacks=[stop], device="cpu", folder=tmp_path / "run").wait()
    path = tmp_path / "run" / "course.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(TrainingError, match=r"course\.safetensors was read: it is damaged"):
        run.resume(callbacks=[])
    assert run.state == "cancelled"
