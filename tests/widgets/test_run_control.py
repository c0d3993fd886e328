"""A monitor listens to one run at a time, and says when there is nothing to resume."""

from types import SimpleNamespace

import pytest

from widgets._run_control import attached, nothing_to_resume, one_at_a_time
from widgets._run_record import RunRecord
from workbench.errors import TrainingError

OTHER = SimpleNamespace()


def run(under_way):
    return SimpleNamespace(under_way=under_way, folder="runs/first")


def test_another_run_is_refused_only_while_more_may_be_heard_of_the_first():
    first = run(under_way=True)
    with pytest.raises(TrainingError, match="runs/first"):
        one_at_a_time(first, RunRecord(state="running"), OTHER)
    with pytest.raises(TrainingError, match=r"run\.wait"):
        one_at_a_time(first, RunRecord(state="cancelling"), OTHER)
    one_at_a_time(first, RunRecord(state="running"), first)  # it goes on
    one_at_a_time(first, RunRecord(state="finished"), OTHER)  # its end was heard, the last that it tells
    one_at_a_time(run(under_way=False), RunRecord(), OTHER)  # it never began
    one_at_a_time(None, RunRecord(), OTHER)


def test_a_run_that_is_under_way_has_nothing_to_resume():
    assert "under way" in nothing_to_resume(run(under_way=True), RunRecord(state="running"))
    assert "once it has stopped" in nothing_to_resume(run(under_way=True), RunRecord(state="cancelling"))
    assert nothing_to_resume(run(under_way=True), RunRecord(state="cancelled")) == ""
    assert nothing_to_resume(run(under_way=False), RunRecord(state="running")) == ""


def test_without_a_run_nothing_is_asked_of_it():
    with pytest.raises(TrainingError, match=r"cancel was asked for: no run is attached. Do this."):
        attached(None, "cancel", "Do this")
    assert attached(OTHER, "cancel", "Do this") is OTHER
