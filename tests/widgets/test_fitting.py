"""A search runs in the worker; given up, it ends at its next event and nothing is heard of it."""

import threading

import pytest

from widgets._fitting import Fitting
from widgets._worker import LatestWins


@pytest.mark.parametrize("newer", [True, False])
def test_a_search_that_is_given_up_ends_at_its_next_event(newer):
    errors, begun, go, ran = [], threading.Event(), threading.Event(), []
    worker = LatestWins(errors.append)
    fitting = Fitting(worker)

    def long(check):
        check(None)
        begun.set()
        go.wait(10)
        check(None)
        ran.append("on")

    fitting.begin(long)
    assert begun.wait(10)
    assert fitting.underway
    if newer:
        fitting.begin(lambda check: ran.append(check(None)))
    else:
        fitting.stop()
    assert fitting.underway is newer
    go.set()
    assert worker.wait(10)
    assert not fitting.underway
    assert (ran, errors) == ([None] if newer else [], [])


def test_the_error_of_the_newest_search_is_told():
    errors = []
    worker = LatestWins(errors.append)
    fitting = Fitting(worker)
    fitting.begin(lambda check: 1 / 0)
    assert worker.wait(10)
    assert [type(error) for error in errors] == [ZeroDivisionError]
    assert not fitting.underway
