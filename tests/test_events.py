"""Events go out to every callback, in order."""

import dataclasses

import pytest

from workbench.events import EpochDone, Event, Progress, RunDone, StageTimes, StepDone, emit

EVENTS = [
    Progress(0.1, "sort", 5, 10, "rows", 0.1),
    StageTimes(0.2, 0, 1, {"sample": 0.1}, {"fetch": 2}),
    StepDone(0.3, 0, 1, 10, 0.7, 512),
    EpochDone(0.4, 0, 10, 0.6, "auroc", 0.7, best=True),
    RunDone(0.5, "finished"),
]


def test_callbacks_hear_everything_in_order():
    heard: list[tuple[str, Event]] = []
    for event in EVENTS:
        emit([lambda e: heard.append(("a", e)), lambda e: heard.append(("b", e))], event)
    assert [event for who, event in heard if who == "a"] == EVENTS
    assert [who for who, _ in heard[:4]] == ["a", "b", "a", "b"]


def test_events_are_values():
    for event in EVENTS:
        with pytest.raises(dataclasses.FrozenInstanceError):
            event.seconds = 1.0


def test_an_error_of_a_callback_is_not_swallowed():
    def broken(event):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        emit([broken], EVENTS[0])
