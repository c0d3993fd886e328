"""A fork lock excludes threads and is free in a child, whoever held it in the parent."""

import os
import signal
import threading
import time

from workbench.stores.fork_lock import ForkLock


def test_one_thread_at_a_time():
    lock, inside, most = ForkLock(), [], []

    def work():
        for _ in range(50):
            with lock:
                inside.append(1)
                time.sleep(0.0001)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) == 200


def test_an_error_inside_lets_go():
    lock = ForkLock()
    try:
        with lock:
            raise KeyError
    except KeyError:
        pass
    done = threading.Event()

    def enter():
        with lock:
            done.set()

    threading.Thread(target=enter, daemon=True).start()
    assert done.wait(20)


def test_it_is_free_in_a_child_and_still_held_in_the_parent():
    lock, entered = ForkLock(), threading.Event()

    def enter():
        with lock:
            entered.set()

    with lock:
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # a deadlock ends the child
            with lock:
                os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        other = threading.Thread(target=enter)
        other.start()
        assert not entered.wait(0.05)
    other.join(20)
    assert entered.is_set()
