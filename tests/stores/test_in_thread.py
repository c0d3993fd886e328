"""A call in a thread: its result, its error, and no thread that stays."""

import threading

import pytest

from workbench.stores.in_thread import in_thread


def test_results_and_errors_come_back_and_the_thread_ends():
    assert in_thread(divmod, 7, 2).result() == (3, 1)
    threads: list[threading.Thread] = []
    assert in_thread(lambda: threads.append(threading.current_thread())).result() is None
    threads[0].join(10)
    assert not threads[0].is_alive()
    with pytest.raises(ZeroDivisionError):
        in_thread(divmod, 1, 0).result()


def test_the_caller_goes_on_meanwhile():
    told = threading.Event()
    waiting = in_thread(told.wait, 10)
    assert not waiting.done()
    told.set()
    assert waiting.result()
