"""Plans as numbers, scratch and hash tables of a worker, room remembered from earlier batches."""

import numpy as np
from stars import ORDERS, RATED, request_of, star

from workbench.kernels.relabel import NARROW_TAG, WIDE_TAG
from workbench.kernels.tables import CHUNK
from workbench.schema import EdgeType
from workbench.stores import capacity
from workbench.stores.capacity import hash_slots, largest_degrees
from workbench.stores.fused import Program, Tables, Worker, address
from workbench.stores.layout import Layout
from workbench.stores.memory import Arenas
from workbench.stores.ram_graph import RamGraph
from workbench.stores.steps import ALL, Step, StepPlan, Strategy
from workbench.temporal import BEGINNING, FOREVER, cut
from workbench.testing.graphs import DAY, toy_shop


def tables(arrays):
    return Tables(arrays, largest_degrees(arrays))


def test_tables_hold_addresses_of_the_arrays():
    arrays = toy_shop()
    known = tables(arrays)
    row = known.edges[known.edge_types[ORDERS]]
    part = arrays.edges[ORDERS]
    assert row[:3].tolist() == [address(part.indptr), address(part.nbr), address(part.nbr)]
    assert row[8] == 4


def test_visible_rows_are_the_cut_of_temporal():
    known, anchors = tables(toy_shop()), np.array([0, 1, 2, 9]) * DAY
    times = known.graph.times["orders"]
    assert (
        known.visible_rows(("orders", None), anchors).tolist() == cut(times, anchors).tolist() == [0, 1, 3, 4]
    )
    assert known.visible_rows(("orders", DAY), anchors).tolist() == [0, 0, 1, 4]
    assert known.visible_rows(("orders", DAY), np.array([FOREVER])).tolist() == [0]


def test_a_static_task_sees_even_the_first_instant_through_a_window():
    known = tables(toy_shop())
    known.graph.times["orders"][0] = BEGINNING
    assert known.visible_rows(("orders", DAY), np.array([FOREVER, 4 * DAY])).tolist() == [0, 3]


def test_bounds_are_shared_between_steps():
    steps = [
        Step(1, ORDERS, 2, window=5),
        Step(1, RATED, 2),
        Step(2, EdgeType("users", "ratings", "products"), 3),
    ]
    program = Program.compile(tables(toy_shop()), StepPlan(tuple(steps), 2))
    assert program.bounds == [("orders", None), ("orders", 5), ("ratings", None)]
    assert program.steps[:, 7].tolist() == [0, 2, 2]
    assert program.steps[:, 8].tolist() == [1, -1, -1]


def test_scratch_is_as_large_as_the_widest_uniform_draw():
    known = tables(star(100).arrays())
    for fanout, strategy, wanted in ((30, 0, 30), (100, 0, 1), (ALL, 0, 1), (30, 1, 1)):
        plan = StepPlan((Step(1, ORDERS, fanout, Strategy(strategy)),), 1)
        assert Program.compile(known, plan).ranks == wanted
    worker = Worker(Arenas())
    worker.fit_scratch(Program.compile(known, StepPlan((Step(1, ORDERS, 30),), 1)))
    assert len(worker.ranks) == 30
    assert len(worker.taken) == hash_slots(30)
    worker.need[1] = 1 << 30
    worker.taken[:] = 5
    worker.fit_scratch(Program.compile(known, StepPlan((Step(1, ORDERS, 30),), 1)))
    assert worker.need[1] == 0
    assert not worker.taken.any()


def layout_of(known, room):
    nodes = {**dict.fromkeys(known.types, 0), "users": room}
    return Layout(known, [], capacity.Capacity(nodes, {}))


def test_hash_tables_grow_are_reused_and_wiped_when_epochs_run_out():
    arenas, known = Arenas(), tables(toy_shop())
    worker = Worker(arenas)
    assert worker.hash_lines(layout_of(known, 10))[0, 1] == hash_slots(10) // 8 - 1
    at, _ = worker.hash_lines(layout_of(known, 10_000))[0].tolist()
    assert at % 64 == 0
    assert arenas.total == 8 * hash_slots(10_000)
    assert worker.hash_lines(layout_of(known, 10)).tolist() == [[at, hash_slots(10) // 8 - 1], [0, 0], [0, 0]]
    large = worker._slots["users"]
    large[:] = 9
    assert [worker.next_tag(False)[1] >> 24 for _ in range(255)] == list(range(1, 256))
    assert large.all()
    assert worker.next_tag(False) == (NARROW_TAG, 1 << 24)
    assert not large.any()
    large[:] = 9
    assert worker.next_tag(True) == (WIDE_TAG, WIDE_TAG)
    assert not large.any()
    worker.dismiss()
    assert arenas.total == 0


def test_room_follows_what_batches_took():
    arrays = star(500, hubs=50).arrays()
    graph, request = RamGraph(arrays), request_of([Step(1, ORDERS, 20)], np.arange(40), 10**6)
    known = tables(arrays)
    program = Program.compile(known, request.plan)
    first, bound = program.layout(known, request)
    assert first.capacity.edges[ORDERS] == bound.edges[ORDERS] == 800
    graph.sample(request_of([Step(1, ORDERS, ALL)], np.arange(40), 10**6))
    orders, number = known.types["orders"], known.edge_types[ORDERS]
    seen = next(iter(graph._programs.values())).room[len(request).bit_length()]
    assert seen[1][number] == 40 * 500
    nodes, edges = [0] * len(known.types), [0] * len(known.edge_types)
    nodes[orders], edges[number] = 100, 100
    program.remember(40, nodes, edges)
    layout, _ = program.layout(known, request)
    assert layout.capacity.edges[ORDERS] == min(800, 125 + CHUNK)
    edges[number] = 99
    program.remember(40, nodes, edges)
    assert program.layout(known, request)[0] is layout, "a smaller batch changes nothing"
