"""The background worker: newest job wins, errors are handed on, no thread stays."""

import threading

from widgets._worker import LatestWins


def test_only_the_newest_waiting_job_runs():
    ran, hold, errors = [], threading.Event(), []
    worker = LatestWins(errors.append)
    started = threading.Event()

    def first():
        started.set()
        hold.wait(10)
        ran.append(0)

    worker.submit(first)
    started.wait(10)
    for i in range(1, 6):
        worker.submit(lambda i=i: ran.append(i))
    assert not worker.wait(0.01)
    hold.set()
    assert worker.wait(10)
    assert ran == [0, 5]
    assert errors == []


def test_an_error_is_handed_on_and_the_next_job_runs():
    ran, errors = [], []
    worker = LatestWins(errors.append)
    worker.submit(lambda: 1 / 0)
    assert worker.wait(10)
    worker.submit(lambda: ran.append(1))
    assert worker.wait(10)
    assert [type(e) for e in errors] == [ZeroDivisionError]
    assert ran == [1]


def test_no_thread_is_left_when_nothing_is_to_be_done():
    worker = LatestWins(lambda error: None)
    worker.submit(lambda: None)
    assert worker.wait(10)
    for thread in threading.enumerate():
        if thread.name == "workbench-widget":
            thread.join(10)
            assert not thread.is_alive()
