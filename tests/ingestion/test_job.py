"""The job: progress, cancel, and threads that are gone when it is over."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from workbench.errors import IngestCancelled
from workbench.events import Progress
from workbench.ingestion.job import Job, pool


def test_progress_has_an_estimate_once_the_total_is_known() -> None:
    events: list[Progress] = []
    with pool() as threads:
        job = Job(Path(), "p1", threads, [events.append])
        with job.stage("one"):
            job.progress(10)
            job.total = 40
            time.sleep(0.01)
            job.progress(10)
    assert [event.remaining for event in events[:2]] == [None, None]
    assert events[2].remaining == pytest.approx(events[2].seconds)
    assert {event.stage for event in events} == {"one"}
    assert job.seconds["one"] >= 0.01


def test_paths_are_counted_and_never_named() -> None:
    with pool() as threads:
        job = Job(Path(), "p0007", threads)
        assert [job.path("graph", ".nbr"), job.path("keys", ".arrow")] == [
            "graph/p0007/1.nbr",
            "keys/p0007/2.arrow",
        ]


def test_results_come_in_order() -> None:
    def work(i: int) -> int:
        time.sleep(0.02 * (3 - i))
        return i

    with pool() as threads:
        job = Job(Path(), "p1", threads)
        assert job.run_all(lambda i=i: work(i) for i in range(4)) == [0, 1, 2, 3]


def test_an_error_of_the_work_is_raised() -> None:
    def fail() -> None:
        raise TimeoutError("its own")

    with pool() as threads, pytest.raises(TimeoutError, match="its own"):
        Job(Path(), "p1", threads).run_all([fail])


def test_cancel_interrupts_the_work_and_waits_for_its_end() -> None:
    stop, cancel, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        stop.wait(10)
        ended.set()

    with pool() as threads:
        job = Job(Path(), "p1", threads, cancel=cancel)
        future = threads.submit(work)
        threading.Timer(0.05, cancel.set).start()
        with pytest.raises(IngestCancelled):
            job.wait(future, stop.set)
        assert ended.is_set()


def test_nothing_queued_runs_after_the_pool_is_left() -> None:
    ran: list[int] = []

    def submit_and_fail() -> None:
        with pool() as threads:
            for i in range(100):
                threads.submit(lambda i=i: (time.sleep(0.01), ran.append(i)))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        submit_and_fail()
    count = len(ran)
    time.sleep(0.05)
    assert len(ran) == count < 100
