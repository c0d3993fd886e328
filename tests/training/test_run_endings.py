"""Runs that do not come to their end: cancelled, interrupted, failed, killed. The best epoch is kept."""

from __future__ import annotations

import multiprocessing
import shutil
import signal
import time
import warnings
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.data import HeteroData

from workbench.errors import TrainingError
from workbench.events import EpochDone, Event, RunDone, StepDone
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.begin import load_run, start
from workbench.training.run import Run

PLAN = ModelPlan(Fanout([6, {"products-rev_product_id->orders": 1}], strategy="recent")).replace(
    channels=8, epochs=2, batch_size=32
)


def test_cancel_ends_within_a_step_and_keeps_the_best_epoch(shop: Shop) -> None:
    events: list[Event] = []
    holder: list[Run] = []

    class Watch:
        def attach(self, run: Run) -> None:
            holder.append(run)

        def __call__(self, event: Event) -> None:
            events.append(event)
            if isinstance(event, StepDone) and event.epoch == 2:
                holder[0].cancel()

    done = start(shop.parts, shop.task, PLAN.replace(epochs=50), callbacks=[Watch()], device="cpu").wait()
    assert done.state == "cancelled"
    assert len([e for e in events if isinstance(e, StepDone) and e.epoch == 2]) == 1
    assert isinstance(events[-1], RunDone)
    assert events[-1].state == "cancelled"
    assert np.isfinite(done.predict(shop.task.seeds("test")).values).all()
    assert load_run(done.folder, shop.parts).state == "cancelled"


def test_cancel_before_the_first_epoch_leaves_nothing_to_predict_with(shop: Shop) -> None:
    holder: list[Run] = []

    class Watch:
        def attach(self, run: Run) -> None:
            holder.append(run)

        def __call__(self, event: Event) -> None:
            holder[0].cancel()

    done = start(shop.parts, shop.task, PLAN, callbacks=[Watch()], device="cpu").wait()
    assert done.state == "cancelled"
    with pytest.raises(TrainingError, match=r"no epoch was finished.*Let it go on: run\.resume\(\)"):
        done.metrics("test")
    assert 0 < done.resume(callbacks=[]).metrics("test")["auroc"] < 1


def test_a_keyboard_interrupt_cancels(shop: Shop) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch == 1:
            signal.raise_signal(signal.SIGINT)

    done = start(
        shop.parts, shop.task, PLAN.replace(epochs=500, patience=500), callbacks=[interrupt], device="cpu"
    )
    began = time.monotonic()
    done.wait()
    assert done.state == "cancelled"
    assert time.monotonic() - began < 60
    assert np.isfinite(done.predict(shop.task.seeds("test")).values).all()


def test_a_failure_is_raised_by_whoever_waits(shop: Shop) -> None:
    def broken(event: Event) -> None:
        raise ValueError("a callback broke")

    done = start(shop.parts, shop.task, PLAN, callbacks=[broken], device="cpu")
    with pytest.raises(TrainingError, match="a callback broke") as caught:
        done.wait()
    assert isinstance(caught.value.__cause__, ValueError)
    assert done.state == "failed"


def test_a_callback_that_breaks_at_the_end_costs_no_run(shop: Shop) -> None:
    told: list[str] = []

    def broken(event: Event) -> None:
        if isinstance(event, RunDone):
            raise OSError("no more disk for the log")

    def later(event: Event) -> None:
        if isinstance(event, RunDone):
            told.append(event.state)

    done = start(shop.parts, shop.task, PLAN.replace(epochs=1), callbacks=[broken, later], device="cpu")
    with pytest.warns(UserWarning, match="finished.*OSError: no more disk"):
        done.wait()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert 0 < done.metrics("test")["auroc"] < 1
    assert isinstance(done.callback_error, OSError)
    assert (done.state, done.error, told) == ("finished", None, ["finished"])
    assert load_run(done.folder, shop.parts).state == "finished"


class Spoilt(nn.Module):
    """Its loss is no number once it is told to be."""

    spoilt = False

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.LazyLinear(1)

    def forward(self, data: HeteroData) -> torch.Tensor:
        raw: torch.Tensor = self.line(data["users"].x[: data["users"].batch_size])
        return raw * (float("nan") if self.spoilt and self.training else 1.0)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_its_best(shop: Shop) -> None:
    def spoil(event: Event) -> None:
        Spoilt.spoilt = isinstance(event, EpochDone)

    done = start(shop.parts, shop.task, PLAN, model=Spoilt(), callbacks=[spoil], device="cpu")
    with pytest.raises(TrainingError, match=r"loss is nan.*Lower learning_rate.*Epoch 1, its best, is kept"):
        done.wait()
    assert done.state == "failed"
    seeds = shop.task.seeds("test")
    loaded = load_run(done.folder, shop.parts, model=Spoilt())
    assert loaded.state == "failed"
    assert np.isfinite(loaded.predict(seeds).values).all()


def test_what_a_callback_raises_is_named_by_its_type(shop: Shop) -> None:
    def look_up(_: Event) -> None:
        raise KeyError("lr")

    with pytest.raises(TrainingError, match=r"the run failed: KeyError: 'lr'") as error:
        start(shop.parts, shop.task, PLAN, callbacks=[look_up], device="cpu").wait()
    assert isinstance(error.value.__cause__, KeyError)


def test_a_disk_that_fills_fails_the_run_and_keeps_its_best(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(28, "No space left on device")

    def spoil(event: Event) -> None:
        if isinstance(event, EpochDone):
            monkeypatch.setattr(
                "workbench.training.checkpoint.os.fsync", lambda _: (_ for _ in ()).throw(full)
            )

    done = start(shop.parts, shop.task, PLAN.replace(epochs=9), callbacks=[spoil], device="cpu")
    with pytest.raises(TrainingError, match=r"No space left.*Epoch 1, its best, is kept"):
        done.wait()
    monkeypatch.undo()
    assert np.isfinite(load_run(done.folder, shop.parts).predict(shop.task.seeds("test")).values).all()


def test_a_run_whose_folder_was_removed_does_not_say_that_its_best_is_kept(
    shop: Shop, tmp_path: Path
) -> None:
    def remove(event: Event) -> None:
        if isinstance(event, EpochDone):
            shutil.rmtree(tmp_path / "run")

    done = start(shop.parts, shop.task, PLAN, callbacks=[remove], device="cpu", folder=tmp_path / "run")
    with pytest.raises(TrainingError, match=r"the run failed.*No such file") as error:
        done.wait()
    assert [event.best for event in done.history] == [True]
    assert "kept" not in str(error.value)


CHILD = """
from workbench.testing.shop import open_parts
from workbench.training.begin import start
from workbench.query.task import Task
parts = open_parts(path)
say = lambda event: told.send(type(event).__name__)
start(parts, Task.from_dict(parts.dataset, task), plan, callbacks=[say], device="cpu", folder=folder).wait()
"""


@pytest.mark.parametrize("after", [0, 3, 12, 25])
def test_kill_9_leaves_a_loadable_checkpoint_or_nothing(
    shop: Shop, spawned: Callable[..., BaseProcess], tmp_path: Path, after: int
) -> None:
    folder, plan = tmp_path / "run", PLAN.replace(epochs=500, patience=500)
    heard, told = multiprocessing.Pipe(duplex=False)
    place, task = str(shop.parts.dataset.path), shop.task.to_dict()
    child = spawned(CHILD, path=place, task=task, plan=plan, folder=folder, told=told)
    told.close()
    seen = [heard.recv() for _ in range(after)]
    time.sleep(0.05 * (after % 3) if after else 0.3)
    child.kill()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    if not (folder / "model.safetensors").exists():
        assert "EpochDone" not in seen
        return
    loaded = load_run(folder, shop.parts)
    assert loaded.state == "killed"
    assert np.isfinite(loaded.predict(shop.task.seeds("test")).values).all()
