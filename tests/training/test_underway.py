"""Trainings in the background: one that is under way answers at once, and says what may go on."""

from __future__ import annotations

import pytest

from workbench.errors import TrainingError
from workbench.events import EpochDone, Event, RunDone
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.begin import start
from workbench.training.run import Run
from workbench.training.underway import ENDED

PLAN = ModelPlan(Fanout([2], strategy="recent")).replace(channels=4, layers=1, epochs=3, batch_size=512)


class _Heard:
    """Cancels its run after so many epochs, and keeps what it was told."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.events = epochs, list[Event]()

    def attach(self, run: Run) -> None:
        self.run = run

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, EpochDone) and event.epoch == self.epochs:
            self.run.cancel()


def test_a_cancelled_training_goes_on_to_its_end_and_an_ended_one_does_not(shop: Shop) -> None:
    heard = _Heard(1)
    run = start(shop.parts, shop.task, PLAN, callbacks=[heard], device="cpu").wait()
    assert run.state == "cancelled"
    assert len(run.history) == 1
    assert run.callbacks == (heard,)
    again = run.resume(callbacks=[])
    assert again is run
    assert again.wait().state in ENDED
    assert [event.epoch for event in run.history] == [1, 2, 3]
    with pytest.raises(TrainingError, match=f"the run is {run.state}"):
        run.resume()


def test_waiting_gives_up_after_its_time_and_the_last_event_is_the_end(shop: Shop) -> None:
    heard = _Heard(2)
    run = start(shop.parts, shop.task, PLAN, callbacks=[heard], device="cpu")
    assert run.wait(timeout=0.0) is run
    run.wait()
    assert isinstance(heard.events[-1], RunDone)
    assert heard.events[-1].state == run.state == "cancelled"
