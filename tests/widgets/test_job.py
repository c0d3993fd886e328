"""One call at a time, in the background; who lets it go is free at once, and hears nothing more of it."""

import threading
import warnings

import pytest

from widgets._job import Cancelled, Job
from workbench.errors import TaskError, WorkbenchError
from workbench.events import Progress


class Heard:
    """A job, and what it said."""

    def __init__(self):
        self.errors, self.values, self.changes = [], [], 0
        self.job = Job(self.changed, self.errors.append)

    def changed(self):
        self.changes += 1

    def then(self, value, notes):
        self.values.append((value, notes))


@pytest.fixture
def heard():
    return Heard()


def test_a_value_comes_with_its_warnings_once_each(heard):
    def call(_ticket):
        for _ in range(3):
            warnings.warn("twice is enough", stacklevel=1)
        return 7

    heard.job.start("counting", call, heard.then)
    assert heard.job.wait(30)
    assert heard.values == [(7, ["twice is enough"])]
    assert heard.job.ticket is None
    assert not heard.errors
    assert heard.changes == 2


def test_an_error_is_handed_on_and_another_call_may_follow(heard):
    def call(_ticket):
        raise TaskError("no seeds")

    heard.job.start("counting", call, heard.then)
    assert heard.job.wait(30)
    assert [str(error) for error in heard.errors] == ["no seeds"]
    heard.job.start("counting", lambda _: 1, heard.then)
    assert heard.job.wait(30)
    assert heard.values == [(1, [])]


def test_what_is_let_go_is_free_at_once_and_its_end_is_not_heard(heard):
    begun, let_go = threading.Event(), threading.Event()

    def call(ticket):
        begun.set()
        assert let_go.wait(30)
        ticket.look()

    heard.job.start("slow", call, heard.then)
    assert begun.wait(30)
    with pytest.raises(WorkbenchError, match=r"fast was asked for: slow is under way. Cancel it first"):
        heard.job.start("fast", call, heard.then)
    slow = heard.job._thread
    heard.job.stop()
    assert heard.job.ticket is None
    heard.job.start("fast", lambda _: 2, heard.then)
    assert heard.job.wait(30)
    let_go.set()
    slow.join(30)
    assert heard.values == [(2, [])]
    assert not heard.errors
    heard.job.stop()  # nothing is under way: nothing happens


def test_progress_is_told_by_the_hundredth_and_stops_what_nobody_waits_for(heard):
    told = []

    def call(ticket):
        for done in range(1, 1001):
            ticket(Progress(0.0, "rows", done, 1000, "rows"))
            told.append(ticket.fraction)
            if done == 500:
                heard.job.stop()

    heard.job.start("ingest", call, heard.then)
    assert heard.job.wait(30)
    assert len(told) == 500
    assert told[-1] == pytest.approx(0.5, abs=0.011)
    assert heard.changes < 60
    assert not heard.errors
    assert not heard.values
    assert issubclass(Cancelled, Exception)
