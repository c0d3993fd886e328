"""The pipeline of threads: order, bounds, errors in their place, exact closing."""

import threading
import time
from concurrent.futures import Future

import pytest

from workbench.loading.pipeline import Pipeline, Started


def done(value=None):
    future = Future()
    future.set_result(value)
    return future


def drain(pipeline):
    items = []
    while (item := pipeline.take()) is not None:
        items.append(item)
    pipeline.close()
    return items


def running():
    return [thread for thread in threading.enumerate() if thread.name == "loader"]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("prefetch", [1, 2, 8])
def test_items_come_in_order_whatever_order_they_were_started_in(threads, prefetch):
    def start(i):
        time.sleep(0.002 * (i % 3))
        return Started(i, done(10 * i))

    pipeline = Pipeline(3, 23, start, lambda i, value, result: (i, value, result), threads, prefetch)
    assert drain(pipeline) == [(i, i, 10 * i) for i in range(3, 23)]
    assert not running()


def test_rows_that_arrive_in_the_wrong_order_are_put_right():
    futures = [Future() for _ in range(4)]
    pipeline = Pipeline(0, 4, lambda i: Started(i, futures[i]), lambda i, _, result: (i, result), 1, 4)
    while pipeline.depths["sampled"] < 4:  # one thread asks for all four before any has arrived
        time.sleep(0.001)
    for i in (3, 1, 2, 0):
        futures[i].set_result(-i)
    assert drain(pipeline) == [(i, -i) for i in range(4)]


def test_no_more_than_prefetch_items_are_under_way():
    started = []

    def start(i):
        started.append(i)
        return Started(i, done())

    pipeline = Pipeline(0, 100, start, lambda i, _value, _result: i, 3, 5)
    for taken in range(1, 20):
        assert pipeline.take() == taken - 1
        time.sleep(0.002)
        assert len(started) <= taken + 5
    pipeline.close()
    assert not running()


@pytest.mark.parametrize("stage", ["start", "fetch", "finish"])
@pytest.mark.parametrize("threads", [1, 4])
def test_an_error_comes_in_its_items_place(stage, threads):
    def start(i):
        if i == 7 and stage == "start":
            raise KeyError(i)
        future = Future()
        if i == 7 and stage == "fetch":
            future.set_exception(KeyError(i))
        else:
            future.set_result(i)
        return Started(i, future)

    def finish(i, _value, _result):
        if i == 7 and stage == "finish":
            raise KeyError(i)
        return i

    pipeline = Pipeline(0, 100, start, finish, threads, 4)
    assert [pipeline.take() for _ in range(7)] == list(range(7))
    with pytest.raises(KeyError, match="7"):
        pipeline.take()
    pipeline.close()
    assert not running()


def test_closing_does_not_wait_for_rows_that_never_arrive():
    pipeline = Pipeline(0, 10, lambda i: Started(i, Future()), lambda i, _value, _result: i, 2, 4)
    began = time.perf_counter()
    pipeline.close()
    assert time.perf_counter() - began < 5
    assert not running()
    assert pipeline.take() is None


def test_closing_cancels_what_was_asked_for():
    futures = []

    def start(i):
        futures.append(Future())
        return Started(i, futures[-1])

    pipeline = Pipeline(0, 10, start, lambda i, _value, _result: i, 2, 4)
    while pipeline.depths["sampled"] < 4:
        time.sleep(0.001)
    pipeline.close()
    assert all(future.cancelled() for future in futures)


def ends(pipeline):
    """Whether the consumer is told the end and every thread is gone, soon."""
    told, end = threading.Event(), time.perf_counter() + 5

    def consume():
        while pipeline.take() is not None:
            pass
        told.set()

    threading.Thread(target=consume, daemon=True).start()
    told.wait(5)
    while running() and time.perf_counter() < end:
        time.sleep(0.005)
    return told.is_set() and not running()


@pytest.mark.parametrize("stage", ["start", "finish"])
def test_closing_in_its_own_threads(stage):
    made, there = [], threading.Event()

    def start(i):
        there.wait(5)
        if stage == "start" and i == 3:
            made[0].close()
        return Started(i, done())

    def finish(i, _value, _result):
        if stage == "finish" and i == 3:
            made[0].close()
        return i

    made.append(Pipeline(0, 100, start, finish, 3, 4))
    there.set()
    assert ends(made[0])


class ClosesWhenAsked(Future):
    """Closes the pipeline where the collector might: in its thread, between a look and a wait."""

    def __init__(self, made):
        super().__init__()
        self.made = made

    def done(self):
        if self.made and threading.current_thread() in self.made[0]._threads:
            self.made.pop().close()
        return super().done()


def test_the_collector_closes_in_a_thread_that_holds_the_condition():
    made, there = [], threading.Event()

    def start(i):
        there.wait(5)
        return Started(i, ClosesWhenAsked(made))

    pipeline = Pipeline(0, 10, start, lambda i, _value, _result: i, 3, 4)
    made.append(pipeline)
    there.set()
    assert ends(pipeline)


def test_nothing_to_do():
    pipeline = Pipeline(5, 5, lambda i: Started(i, done()), lambda i, _value, _result: i, 2, 4)
    assert drain(pipeline) == []
    assert not running()


def test_what_was_asked_for_while_closing_is_cancelled_too():
    asked, closing, future = threading.Event(), threading.Event(), Future()

    def start(i):
        asked.set()
        closing.wait(5)
        return Started(i, future)

    pipeline = Pipeline(0, 1, start, lambda i, _value, _result: i, 1, 1)
    asked.wait(5)
    closer = threading.Thread(target=pipeline.close)
    closer.start()
    while pipeline.take() is not None:  # None: the pipeline is closed
        pass
    closing.set()
    closer.join()
    assert future.cancelled()
    assert not running()


def test_ready_says_whether_take_would_wait():
    future = Future()
    pipeline = Pipeline(0, 1, lambda i: Started(i, future), lambda i, _value, _result: i, 1, 1)
    assert not pipeline.ready(0.01)
    future.set_result(None)
    assert pipeline.ready(30)
    assert pipeline.take() == 0
    assert pipeline.ready(0)  # the end
    assert pipeline.take() is None
    pipeline.close()
    assert pipeline.ready(0)
