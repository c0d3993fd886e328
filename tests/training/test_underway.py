"""Trainings in the background: one that is under way answers at once, and says what may go on."""

from __future__ import annotations

from pathlib import Path
from threading import Event as Flag
from threading import Timer
from time import sleep

import pytest

from workbench.errors import TrainingError
from workbench.events import EpochDone, Event, RunDone
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.begin import load_run, start
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


class _Refuses:
    """A callback that takes no run."""

    def attach(self, run: Run) -> None:
        raise TrainingError("not this one")

    def __call__(self, event: Event) -> None:
        """Nothing is told to it."""


def test_a_run_that_a_callback_refuses_stays_as_it_ended(shop: Shop, tmp_path: Path) -> None:
    heard = _Heard(1)
    run = start(shop.parts, shop.task, PLAN, callbacks=[heard], device="cpu")
    assert (run.under_way, run.name) == (True, "")  # nobody named its folder
    run.wait()
    with pytest.raises(TrainingError, match="not this one"):
        run.resume(callbacks=[_Refuses()])
    assert (run.state, run.under_way, run.callbacks) == ("cancelled", False, (heard,))
    assert load_run(run.save(tmp_path / "kept"), shop.parts).name == "kept"
    assert set(run.metrics("test")) == set(run.resume(callbacks=[]).metrics("test"))


class _SlowToHear(_Heard):
    """Takes its time over the end of a cancelled training."""

    def __init__(self) -> None:
        super().__init__(1)
        self.told, self.go = Flag(), Flag()

    def __call__(self, event: Event) -> None:
        super().__call__(event)
        if isinstance(event, RunDone):
            self.told.set()
            assert self.go.wait(60)


def test_a_training_that_goes_on_is_not_taken_for_ended_while_its_cancel_is_still_told(shop: Shop) -> None:
    slow = _SlowToHear()
    run = start(shop.parts, shop.task, PLAN, callbacks=[slow], device="cpu")
    assert slow.told.wait(60)
    assert run.state == "cancelled"
    later = Timer(0.3, slow.go.set)
    later.start()
    run.resume(callbacks=[lambda _: slow.go.wait(60) and sleep(0.02)]).wait()
    assert run.state in ENDED
    assert len(run.history) == 3
    later.join()


def test_a_callback_that_hears_of_a_cancel_may_let_the_training_go_on(shop: Shop) -> None:
    class GoesOn(_Heard):
        def __call__(self, event: Event) -> None:
            super().__call__(event)
            if isinstance(event, RunDone):
                self.again = self.run.resume(callbacks=[])

    heard = GoesOn(1)
    run = start(shop.parts, shop.task, PLAN, callbacks=[heard], device="cpu")
    while not hasattr(heard, "again"):
        run.wait(timeout=0.1)
    assert run.wait().state in ENDED
    assert len(run.history) == 3
