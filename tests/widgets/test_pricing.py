"""Costs in the background: the newest fanout first, full batches later, errors told."""

import threading

import pytest

from widgets._pricing import Pricing


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr("widgets._pricing.PAUSE", 0.0)


class Slow:
    """A pilot that says what it is asked, and holds on where it is told to."""

    def __init__(self, batches):
        self.batches, self.hold, self.begun = batches, threading.Event(), threading.Event()

    def quick(self, fanout):
        if fanout == "bad":
            raise ValueError(fanout)
        return f"quick {fanout}", self.batches

    def full(self, fanout, batches):
        self.begun.set()
        self.hold.wait(10)
        return f"full {fanout} of {batches}"


def test_a_quick_cost_is_followed_by_a_full_one():
    told, pilot = [], Slow(8)
    pilot.hold.set()
    pricing = Pricing(pilot, lambda *cost: told.append(cost), told.append)
    pricing.submit("a")
    assert pricing.wait(10)
    assert told == [("a", "quick a"), ("a", "full a of 8")]


def test_the_next_quick_cost_does_not_wait_for_a_full_one():
    told, pilot = [], Slow(8)
    pricing = Pricing(pilot, lambda *cost: told.append(cost[1]), told.append)
    pricing.submit("a")
    assert pilot.begun.wait(10)
    pricing.submit("b")
    while "quick b" not in told:
        assert not pricing.wait(0.01)
    assert told == ["quick a", "quick b"]
    pilot.hold.set()
    assert pricing.wait(10)
    assert told[2:] == ["full a of 8", "full b of 8"]


def test_full_batches_of_a_fanout_that_was_edited_on_are_not_measured(monkeypatch):
    told, pilot, pause = [], Slow(8), threading.Event()
    pilot.hold.set()
    monkeypatch.setattr("widgets._pricing.time.sleep", lambda _seconds: pause.wait(10))
    pricing = Pricing(pilot, lambda *cost: told.append(cost[1]), told.append)
    pricing.submit("a")
    while "quick a" not in told:
        assert not pricing.wait(0.01)
    pricing.submit("b")
    pause.set()
    assert pricing.wait(10)
    assert told == ["quick a", "quick b", "full b of 8"]


def test_errors_are_told():
    told = []
    pricing = Pricing(Slow(0), lambda *cost: told.append(cost), told.append)
    pricing.submit("bad")
    assert pricing.wait(10)
    assert isinstance(told[0], ValueError)


def test_the_error_of_a_fanout_that_was_edited_meanwhile_is_not_told():
    told, pilot = [], Slow(0)
    begun, go = threading.Event(), threading.Event()

    def quick(fanout):
        if fanout == "bad":
            begun.set()
            go.wait(10)
            raise ValueError(fanout)
        return f"quick {fanout}", 0

    pilot.quick = quick
    pricing = Pricing(pilot, lambda *cost: told.append(cost), told.append)
    pricing.submit("bad")
    assert begun.wait(10)
    pricing.submit("good")
    go.set()
    assert pricing.wait(10)
    assert told == [("good", "quick good")]
