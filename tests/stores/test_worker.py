"""Hash tables and scratch of a thread: they grow, are counted, lie on cache lines."""

import numpy as np
import pytest
from stars import ORDERS, both, request_of, star

from workbench.kernels.lanes import SLOTS
from workbench.kernels.tables import (
    C_FRONTIER_ROOM,
    C_MANY,
    C_RUNNING,
    C_STAMP,
    C_TAKEN,
    C_TAKEN_MASK,
    C_VISIBLE,
)
from workbench.stores import capacity, worker
from workbench.stores.capacity import Scratch, hash_slots, largest_degrees
from workbench.stores.fused import Program, Tables, address
from workbench.stores.layout import Layout
from workbench.stores.mass import Masses
from workbench.stores.memory import Arenas, OverBudgetError
from workbench.stores.ram_graph import RamGraph
from workbench.stores.steps import ALL, Step, StepPlan, Strategy
from workbench.stores.worker import Worker
from workbench.testing.graphs import toy_shop


def tables(arrays):
    return Tables(arrays, largest_degrees(arrays), Masses(arrays))


def program(known, *steps):
    return Program.compile(known, StepPlan(steps, 1))


def layout_of(known, room, **more):
    nodes = {**dict.fromkeys(known.types, 0), "users": room}
    return Layout(
        known, list(known.edge_types), capacity.Capacity(nodes, dict.fromkeys(known.edge_types, 9), **more)
    )


def test_scratch_is_as_large_as_the_widest_draw_and_counted():
    known, arenas = tables(star(100).arrays()), Arenas()
    own = Worker(arenas)
    for fanout, strategy in ((30, Strategy.UNIFORM), (ALL, Strategy.RECENT), (7, Strategy.UNIFORM)):
        own.fit_scratch(program(known, Step(1, ORDERS, fanout, strategy)), 5)
    held = own._scratch
    assert arenas.total == Scratch(30, 101, 1).bytes + 4 * 5 == sum(part.nbytes for part in held.values())
    assert [len(held[word]) for word in (C_MANY, C_VISIBLE, C_RUNNING, C_TAKEN)] == [
        30,
        101,
        1,
        hash_slots(30),
    ]
    assert all(own.call[word] == address(part) for word, part in held.items())
    assert own.call[C_TAKEN_MASK] == hash_slots(30) - 1
    assert own.call[C_FRONTIER_ROOM] == 5
    own.fit_scratch(program(known, Step(1, ORDERS, 9, Strategy.DECAY, half_life=3)), 4)
    assert arenas.total == Scratch(30, 101, 1).bytes + 4 * 5 + 8 * (9 - 1) + 8 * (101 - 1)
    assert own.call[C_FRONTIER_ROOM] == 5
    own.dismiss()
    assert arenas.total == 0


def test_what_the_budget_does_not_allow_is_not_made():
    known = tables(star(100).arrays())
    own = Worker(Arenas(limit=1000))
    with pytest.raises(OverBudgetError):
        own.fit_scratch(program(known, Step(1, ORDERS, 50)))
    with pytest.raises(OverBudgetError):
        own.hash_lines(layout_of(known, 1000))
    assert own.arenas.total == sum(part.nbytes for part in own._scratch.values()) <= 1000


def test_hash_tables_grow_and_lie_on_cache_lines():
    arenas, known = Arenas(), tables(toy_shop())
    own = Worker(arenas)
    assert own.hash_lines(layout_of(known, 10))[0][0, 1] == hash_slots(10) // SLOTS - 1
    lines, none = own.hash_lines(layout_of(known, 10_000))
    at = int(lines[0, 0])
    assert at % 64 == 0
    assert len(none) == 0
    assert arenas.total == 4 * hash_slots(10_000)
    assert own.hash_lines(layout_of(known, 10))[0].tolist() == [
        [at, hash_slots(10) // SLOTS - 1],
        [0, 0],
        [0, 0],
    ]
    _, edges = own.hash_lines(layout_of(known, 10, by_path=True))
    assert edges[:, 1].tolist() == [hash_slots(9) // SLOTS - 1] * len(known.edge_types)
    assert len(set(edges[:, 0].tolist())) == len(known.edge_types)
    assert arenas.total == 4 * (hash_slots(10_000) + len(known.edge_types) * hash_slots(9))
    own.dismiss()
    assert arenas.total == 0


def test_stamps_are_wiped_long_before_they_overflow(monkeypatch):
    monkeypatch.setattr(worker, "STAMPS", 40)
    graph = RamGraph(star(400, hubs=9).arrays())
    for number in range(30):
        both(graph, request_of([Step(1, ORDERS, 200)], np.arange(9), 10**6, number))
    own = graph._idle[0]
    assert 0 < own.call[C_STAMP] <= 49
    assert int(own._scratch[C_TAKEN].max() >> 32) <= own.call[C_STAMP]
