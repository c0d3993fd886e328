"""Arenas come back when their last view dies, never exceed their limit, and the report adds up."""

import gc
import os
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest
from stars import star

from workbench.stores.memory import (
    Arenas,
    OverBudgetError,
    available_memory,
    scratch,
    size_class,
)
from workbench.stores.ram_graph import RamGraph
from workbench.testing.graphs import random_graph


def test_an_arena_is_lent_again_only_when_no_view_is_left():
    arenas = Arenas()
    lease = arenas.take(10_000)
    address = lease.__array_interface__["data"][0]
    view = np.ndarray(10, np.int32, lease, 400)[2:].reshape(2, 4)
    del lease
    other = arenas.take(10_000)
    assert other.__array_interface__["data"][0] != address
    view[:] = 1
    del view
    again = arenas.take(10_000)
    assert again.__array_interface__["data"][0] == address
    assert arenas.total == 2 * size_class(10_000)


def test_a_limit_is_kept_and_free_arenas_make_room():
    arenas = Arenas(limit=100_000)
    first = arenas.take(60_000)
    with pytest.raises(OverBudgetError) as caught:
        arenas.take(60_000)
    assert caught.value.room == 100_000 - len(first)
    del first
    assert len(arenas.take(90_000)) <= 100_000


def test_reserved_bytes_count_and_are_given_back():
    arenas = Arenas(limit=10_000)
    arenas.reserve(8_000)
    with pytest.raises(OverBudgetError):
        arenas.take(4_096)
    arenas.reserve(-8_000)
    assert len(arenas.take(4_096)) == 4_096


def test_scratch_is_given_back_whatever_happens():
    arenas = Arenas(limit=10_000)
    with scratch(arenas) as room:
        room.more(6_000)
        room.more(-1_000)
        assert (room.held, arenas.total) == (5_000, 5_000)
    assert arenas.total == 0
    with pytest.raises(OverBudgetError), scratch(arenas) as room:
        [room.more(size) for size in (9_000, 2_000)]
    assert arenas.total == 0


def test_free_arenas_are_few():
    arenas = Arenas(keep=8 * size_class(5_000))
    held = [arenas.take(5_000) for _ in range(30)]
    held.clear()
    held.append(arenas.take(1_000_000))
    assert arenas.total == size_class(1_000_000) + 8 * size_class(5_000)


def test_many_threads_take_and_drop():
    arenas, wrong = Arenas(limit=1 << 24), []

    def work(number):
        for i in range(300):
            lease = arenas.take(3_000 + 100 * number + i)
            lease[:] = number
            if not (lease == number).all():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert not wrong
    assert arenas.total <= 1 << 24


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_forked_process_does_not_wait_for_a_lock_of_its_parent():
    arenas = Arenas()
    with arenas._lock:  # as another thread would, at the moment of the fork
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # a deadlock ends the child
            os._exit(0 if len(arenas.take(5_000)) >= 5_000 else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_size_classes_waste_at_most_an_eighth_above_a_page():
    for size in [1, 4096, 4097, 70_000, 1_000_000, 12_345_678]:
        assert size <= size_class(size) <= max(size * 9 / 8, size + 4096)


def test_the_machine_has_some_memory():
    assert 0 < available_memory() <= 1 << 62


def test_memory_adds_up_and_prints():
    arrays = star(40, hubs=30).arrays()
    report = RamGraph(arrays, memory_budget=10**9).memory()
    assert report.graph == arrays.nbytes
    assert report.edge_bytes["orders-user_id->users"] == 1200 * 4 + 31 * 4
    assert report.edge_bytes["users-rev_user_id->orders"] == 1200 * 4
    assert report.layouts["orders-user_id->users"] == "fact"
    assert report.layouts["users-rev_user_id->orders"] == "column"
    assert (
        report.bytes_per_edge("orders-user_id->users")
        == report.bytes_per_edge("users-rev_user_id->orders")
        == 4
    )
    assert report.bytes_per_node("orders-user_id->users") == 31 * 4 / 30
    assert report.bytes_per_node("users-rev_user_id->orders") == 0
    text = str(report)
    line = next(line for line in text.splitlines() if line.startswith("orders-user_id->users"))
    assert line.split()[1:] == ["fact", "1,200", "0.0", "4.0", "4.1"]
    assert "budget 1,000.0 MB" in text


def test_folded_edges_take_eight_bytes_and_say_so():
    each = set()
    for number in range(8):
        arrays = random_graph(np.random.default_rng(number), 200, 50)
        report = RamGraph(arrays).memory()
        folded = [name for name, layout in report.layouts.items() if layout == "edges" and report.edges[name]]
        each |= {report.bytes_per_edge(name) for name in folded}
        assert report.graph == arrays.nbytes
    assert each == {8.0}


def test_columns_stay_in_line_beside_long_names():
    report = replace(RamGraph(star(40, hubs=30).arrays()).memory(), time_bytes={"w" * 60: 80})
    head, *lines = str(report).splitlines()
    ends = {line.index(".") for line in lines}
    assert ends == {head.index("MB") + 1 - len("0")}
