"""The loop over any iterable of batches."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn
from torch_geometric.data import HeteroData

from workbench.errors import RunCancelled, TrainingError
from workbench.events import EpochDone, Event, StageTimes, StepDone
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.training.trainer import Fit, Trainer

PLAN = ModelPlan(Fanout([1])).replace(epochs=4, patience=4, learning_rate=0.1)


class Linear(nn.Module):
    """A line through the seeds' x."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.line = nn.Linear(2, 1)

    def forward(self, data: HeteroData) -> torch.Tensor:
        return self.line(data["users"].x[: data["users"].batch_size])


def batches(count: int = 5, poison: bool = False) -> list[HeteroData]:
    generator = torch.Generator().manual_seed(1)
    made = []
    for _ in range(count):
        data = HeteroData()
        x = torch.randn(16, 2, generator=generator)
        data["users"].x, data["users"].batch_size = x, 16
        data["users"].y = (x[:, 0] > 0).float() * (float("nan") if poison else 1.0)
        made.append(data)
    return made


def test_it_learns_from_plain_lists_and_says_what_it_does() -> None:
    events: list[Event] = []
    saved: list[int] = []
    trainer = Trainer(
        PLAN, device="cpu", callbacks=[events.append], on_best=lambda f: saved.append(f.best_epoch)
    )
    fit = trainer.fit(Linear(), batches(), batches())
    assert len(fit.history) == 4
    assert fit.history[-1].value > 0.95
    assert [e.epoch for e in events if isinstance(e, EpochDone)] == [1, 2, 3, 4]
    assert len([e for e in events if isinstance(e, StepDone)]) == 20
    stages = next(e for e in events if isinstance(e, StageTimes)).stages
    assert {"wait", "forward", "backward"} <= set(stages)
    assert saved == [e.epoch for e in fit.history if e.best]


def test_the_best_epoch_is_what_remains() -> None:
    model = Linear()
    states = []
    trainer = Trainer(PLAN, device="cpu", on_best=lambda _: states.append(model.line.weight.detach().clone()))
    trainer.fit(model, batches(), batches())
    assert torch.equal(model.line.weight, states[-1])


def test_patience() -> None:
    plan = PLAN.replace(epochs=50, patience=2, learning_rate=1e-12)
    fit = Trainer(plan, device="cpu").fit(Linear(), batches(), batches())
    assert fit.stopped_early
    assert len(fit.history) == 3
    assert fit.best_epoch == 1


def test_without_validation_the_loss_decides() -> None:
    fit = Trainer(PLAN, device="cpu").fit(Linear(), batches())
    assert fit.history[-1].metric == "loss"
    assert fit.history[-1].value < fit.history[0].value


def test_max_steps_bounds_an_epoch() -> None:
    steps: list[Event] = []
    Trainer(PLAN.replace(max_steps=2), device="cpu", callbacks=[steps.append]).fit(Linear(), batches())
    found = [e for e in steps if isinstance(e, StepDone)]
    assert len(found) == 8
    assert {e.steps for e in found} == {2}


def test_epochs_are_asked_of_loaders() -> None:
    asked = []

    class Loader(list):  # type: ignore[type-arg]
        def with_epoch(self, epoch: int) -> Loader:
            asked.append(epoch)
            return self

    Trainer(PLAN, device="cpu").fit(Linear(), Loader(batches()))
    assert asked == [0, 1, 2, 3]


def test_stop_ends_within_a_step() -> None:
    stop, seen = threading.Event(), []

    def callback(event: Event) -> None:
        if isinstance(event, StepDone):
            seen.append(event)
            stop.set()

    with pytest.raises(RunCancelled):
        Trainer(PLAN, device="cpu", callbacks=[callback], stop=stop).fit(Linear(), batches())
    assert len(seen) == 1


def test_a_loss_that_is_no_number_stops_the_run() -> None:
    with pytest.raises(TrainingError, match="the loss is nan"):
        Trainer(PLAN, device="cpu").fit(Linear(), batches(poison=True))


def test_nothing_to_train_on() -> None:
    with pytest.raises(TrainingError, match="no batches"):
        Trainer(PLAN, device="cpu").fit(Linear(), [])
    with pytest.raises(TrainingError, match="no batches"):
        Trainer(PLAN, device="cpu").evaluate(Linear(), [])
    assert Fit().best_epoch == 0
