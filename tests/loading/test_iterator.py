"""The consumer's end: no thread outlives it, and errors name their batch."""

import _thread
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import replace

import pytest

from workbench.errors import IdError, LoaderError
from workbench.loading.loader import Loader


def running():
    return [thread for thread in threading.enumerate() if thread.name == "loader"]


@pytest.fixture
def loader(world):
    return Loader(world.sampler, world.threaded, world.seeds, 5, threads=3, prefetch=6)


@pytest.fixture(autouse=True)
def _clean():
    assert not running()
    yield
    assert not running()


def test_a_finished_loop_leaves_no_thread(loader):
    assert sum(1 for _ in loader) == 20


def test_break_leaves_no_thread(loader):
    for batch in loader:
        assert running()
        if batch.index == 3:
            break
    assert not running()


def test_an_exception_in_the_body_leaves_no_thread(loader):
    def body():
        for batch in loader:
            if batch.index == 2:
                raise ValueError("the body")

    with pytest.raises(ValueError, match="the body") as held:
        body()
    # a notebook keeps the last traceback, and with it every frame
    assert held.tb
    assert not running()


def test_dropping_an_iterator_closes_it(loader):
    iterator = iter(loader)
    next(iterator)
    assert running()
    del iterator
    assert not running()


def test_collecting_a_cycle_closes_it(loader):
    cycle = [iter(loader)]
    next(cycle[0])
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert not running()


def lets_go(lock, drop):
    """Whether dropping an iterator returns in a thread that holds a lock, and its threads then end."""

    def hold():
        with lock:
            drop()

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    holder.join(20)
    end = time.perf_counter() + 5
    while running() and time.perf_counter() < end:
        time.sleep(0.005)
    return not holder.is_alive() and not running()


@pytest.mark.parametrize("what", ["arenas", "condition"])
def test_the_collector_drops_an_iterator_under_a_lock_that_its_threads_want(loader, world, what):
    cycle = [iter(loader)]
    next(cycle[0])
    lock = world.graph._arenas._lock if what == "arenas" else cycle[0]._pipeline._changed
    cycle.append(cycle)
    del cycle
    assert lets_go(lock, gc.collect)


def test_the_collector_drops_an_iterator_in_a_thread_of_the_feature_store(loader, world):
    """At the worst line: while that thread tells the pipeline that its rows have come."""
    iterators = [iter(loader)]
    next(iterators[0])
    lock = iterators[0]._pipeline._changed
    worker = world.threaded._executor()
    assert lets_go(threading.Lock(), lambda: worker.submit(lets_go, lock, iterators.clear).result(30))


def test_an_iterator_can_be_closed_twice_and_then_ends(loader):
    iterator = iter(loader)
    next(iterator)
    iterator.close()
    iterator.close()
    assert next(iterator, None) is None


def test_two_iterators_of_one_loader_do_not_meet(loader):
    pairs = zip(loader, loader, strict=True)
    assert all(first.subgraph.same_as(second.subgraph) for first, second in pairs)


def test_keyboard_interrupt_while_waiting_leaves_no_thread(world):
    class Interrupting(type(world.features)):
        def fetch(self, reads, pool=None, snapshot=None):
            time.sleep(0.3)
            return super().fetch(reads, pool, snapshot)

    iterator = iter(Loader(world.sampler, Interrupting(world.features.blocks), world.seeds, 5))
    timer = threading.Timer(0.1, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        next(iterator)
    timer.join()
    assert not running()


class FailsAt:
    """A graph store that fails for one seed."""

    def __init__(self, graph, seed, error):
        self.graph, self.seed, self.error = graph, seed, error

    def __getattr__(self, name):
        return getattr(self.graph, name)

    def sample(self, request, snapshot=None):
        if self.seed in request.seed_sets[0].input_ids:
            raise self.error
        return self.graph.sample(request, snapshot)


@pytest.mark.parametrize("threads", [1, 4])
def test_a_failing_sampler_is_named_with_its_batch(world, threads):
    sampler = replace(world.sampler, graph=FailsAt(world.graph, 37, IdError("seed 37 is odd")))
    iterator = iter(Loader(sampler, world.features, world.seeds, 5, threads=threads))
    assert [next(iterator).index for _ in range(7)] == list(range(7))
    with pytest.raises(LoaderError, match=r"batch 7 of epoch 0.*IdError: seed 37 is odd") as caught:
        next(iterator)
    assert caught.value.batch_index == 7
    assert isinstance(caught.value.__cause__, IdError)
    assert next(iterator, None) is None


def test_a_failing_feature_store_is_named_with_its_batch(world):
    blocks = [type(block)(replace(block.layout, rows=1), block.data[:1]) for block in world.features.blocks]
    loader = Loader(world.sampler, type(world.features)(blocks, threads=1), world.seeds, 5, start_batch=4)
    with pytest.raises(LoaderError, match=r"batch 4 of epoch 0.*rows of feature group") as caught:
        list(loader)
    assert caught.value.batch_index == 4


def test_a_failing_conversion_is_named_with_its_batch(loader):
    def convert(batch):
        return 1 // (3 - batch.index)

    with pytest.raises(LoaderError, match="ZeroDivisionError") as caught:
        list(loader.iterate(convert))
    assert caught.value.batch_index == 3


def test_an_error_of_a_callback_is_the_consumers(world, monkeypatch):
    monkeypatch.setattr("workbench.loading.iterator.EVENT_SECONDS", 0.0)

    def callback(event):
        raise RuntimeError("a bad callback")

    with pytest.raises(RuntimeError, match="a bad callback"):
        list(Loader(world.sampler, world.features, world.seeds, 5, callbacks=[callback]))


def test_an_open_iterator_does_not_hold_back_the_interpreter():
    program = """
import numpy as np, pyarrow as pa
from workbench.loading.loader import Loader
from workbench.plan.fanout import Fanout
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.ram_graph import RamGraph
from workbench.testing.graphs import toy_shop
from workbench.testing.ram_features import RamFeatures
ids = np.zeros(50, np.int64)
seeds = SeedTable("users", ids, pa.array(ids), ids)
iterator = iter(Loader(NeighborSampler(RamGraph(toy_shop()), Fanout([2])), RamFeatures([]), seeds, 2))
print(next(iterator).num_seeds)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_forked_process_has_none_of_the_threads(loader):
    iterator = iter(loader)
    next(iterator)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # waiting for ever ends the child
        try:
            next(iterator)
        except LoaderError as error:
            fresh = sum(1 for _ in loader)
            os._exit(0 if "before this process was forked" in str(error) and fresh == 20 else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert sum(1 for _ in iterator) == 19


def test_hundreds_of_loops_leak_nothing(world):
    loader = Loader(world.sampler, world.features, world.seeds, 50)
    for _ in range(100):
        assert next(iter(loader)).index == 0
    assert not running()


def test_what_the_consumer_lets_go_of_is_freed_at_once(world):
    iterator = iter(Loader(world.sampler, world.threaded, world.seeds, 5, threads=2, prefetch=1))
    freed = 0
    for batch in iterator:
        rows = weakref.ref(batch.nodes["n0"].block.data)
        del batch
        deadline = time.perf_counter() + 2
        while rows() is not None and time.perf_counter() < deadline:
            time.sleep(0.001)  # a thread may be on its way out of the frame that held it
        freed += rows() is None
    assert freed == 20
