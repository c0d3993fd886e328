"""Eight threads sample for a long time while another opens and closes the same store: nothing gives way."""

import os
import threading
import time
from itertools import count
from pathlib import Path

import numpy as np
import pytest

import workbench as wb
from workbench.stores.ram_graph import RamGraph
from workbench.testing.shop import open_shop
from workbench.testing.sizes import cases

SECONDS = cases(16, 300)
THREADS = 8
STATM = Path("/proc/self/statm")

ORDERS = "orders-user_id->users"
FANOUTS = (
    wb.Fanout([10, 5], strategy="recent"),
    wb.Fanout([-1, 8], window="90 days"),
    wb.Fanout([8, 8], disjoint=False),
    wb.Fanout([12, 6], mode="tree"),
    wb.Fanout([8, wb.Draw(8, half_life="30 days")], cutoff="path", max_nodes=60),
    wb.Fanout([{ORDERS: wb.Draw(8, weight="amount", replace=True)}, 4]),
    wb.Metapaths([wb.Metapath(ORDERS, "products-rev_product_id->orders", fanouts=[10, 1])]),
)


def requests_of(graph, seeds):
    """Requests of every fanout and of many sizes, from one seed to more than an arena holds at first."""
    requests = []
    for number, fanout in enumerate(FANOUTS):
        plan = fanout.compile(graph.schema, [seeds.node_type])
        for size in (1, 7, 64, 300):
            rows = np.random.default_rng(number * 1000 + size).integers(0, len(seeds), size)
            anchored = seeds.seed_set(rows)
            if not plan.disjoint:
                anchored = wb.SeedSet.of(anchored.node_type, anchored.ids, int(anchored.anchors.max()))
            requests.append(wb.SampleRequest((anchored,), plan, number * size))
    return requests


def resident_bytes():
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Stress:
    """Threads that go on until they are told to stop, and what went wrong in any of them."""

    def __init__(self, engine, path, requests):
        self.engine, self.path, self.requests = engine, path, requests
        alone = RamGraph(engine.graph.arrays)
        self.expected = [alone.sample(request) for request in requests]
        self.over, self.failures = threading.Event(), []
        self.sampled, self.opened = [0] * THREADS, 0

    def guarded(self, work, number):
        try:
            for turn in count():
                if self.over.is_set():
                    return
                work(number, turn)
        except BaseException as failure:
            self.failures.append(failure)
            self.over.set()

    def sample(self, number, turn):
        place = (turn * (2 * number + 1) + number) % len(self.requests)
        found = self.engine.graph.sample(self.requests[place])
        assert found.same_as(self.expected[place]), f"request {place}, thread {number}"
        self.sampled[number] += 1

    def open_and_close(self, number, turn):
        place = turn % len(self.requests)
        engine = wb.open(self.path)
        assert engine.graph.sample(self.requests[place]).same_as(self.expected[place])
        engine.features.close()
        self.opened += 1

    def run(self, seconds):
        """int64[n]: resident bytes, ten times a second."""
        pool = [threading.Thread(target=self.guarded, args=(self.sample, n)) for n in range(THREADS)]
        pool.append(threading.Thread(target=self.guarded, args=(self.open_and_close, THREADS)))
        for thread in pool:
            thread.start()
        resident = []
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.over.is_set():
            resident.append(resident_bytes())
            self.over.wait(0.1)
        self.over.set()
        for thread in pool:
            thread.join()
        return np.array(resident)


@pytest.mark.slow
@pytest.mark.skipif(not STATM.exists(), reason="resident memory is read from Linux's /proc")
@pytest.mark.timeout(SECONDS + 300)
def test_samples_stay_bit_equal_and_memory_flat(tmp_path):
    shop = open_shop(tmp_path / "store", users=400, periods=10)
    engine = wb.open(tmp_path / "store")
    stress = Stress(engine, tmp_path / "store", requests_of(engine.graph, shop.task.seeds("train")))
    resident = stress.run(SECONDS)
    assert not stress.failures
    assert min(stress.sampled) > 100
    assert stress.opened > 10
    # arenas and interpreters' pools grow at first; from a third of the time on nothing may
    settled = resident[len(resident) // 3 :]
    early, late = (np.median(part) for part in np.array_split(settled, 4)[::3])
    assert abs(late - early) < 0.05 * early
    assert settled.max() < 1.05 * np.median(settled)
