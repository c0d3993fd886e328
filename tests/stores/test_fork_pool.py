"""Threads of a pool are made anew in a forked child, and after a close."""

import os
import signal
import threading

from workbench.stores.fork_pool import ForkPool


def test_a_child_has_threads_of_its_own():
    pool = ForkPool(2, "test")
    assert pool.executor() is pool.executor()
    assert pool.executor().submit(os.getpid).result() == os.getpid()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(0 if pool.executor().submit(os.getpid).result() == os.getpid() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    pool.close()


def test_close_ends_the_threads_and_the_next_call_makes_new_ones():
    before = set(threading.enumerate())
    pool = ForkPool(2, "test")
    pool.close()
    assert pool.executor().submit(int, "7").result() == 7
    pool.close()
    assert set(threading.enumerate()) == before
    assert pool.executor().submit(int, "8").result() == 8
    pool.close()
