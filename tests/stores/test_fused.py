"""Plans as numbers, the stage that runs each step, room remembered from earlier batches."""

from dataclasses import replace

import numpy as np
import pytest
from stars import ORDERS, RATED, request_of, star

from workbench.kernels.column import expand_column
from workbench.kernels.expand import expand_blocks, expand_nodes
from workbench.kernels.floyd import ROWS
from workbench.kernels.settle import settle
from workbench.kernels.stream import advance_shared, advance_tree
from workbench.kernels.tables import (
    CHUNK,
    E_EID,
    E_INDPTR,
    E_NBR,
    E_OFFSET,
    E_ROWS,
    P_DRAW,
    P_EXPAND,
    P_HIGH,
    P_LOW,
)
from workbench.schema import EdgeType
from workbench.stores.capacity import largest_degrees
from workbench.stores.fused import Program, Tables, address
from workbench.stores.mass import Masses
from workbench.stores.ram_graph import RamGraph
from workbench.stores.steps import ALL, Step, StepPlan, Strategy
from workbench.stores.weights import Weights
from workbench.temporal import BEGINNING, FOREVER, cut
from workbench.testing.graphs import DAY, toy_shop


def tables(arrays):
    return Tables(arrays, largest_degrees(arrays), Masses(arrays))


def test_tables_hold_addresses_of_the_arrays():
    arrays = toy_shop()
    known = tables(arrays)
    row = known.edges[known.edge_types[ORDERS]]
    part = arrays.edges[ORDERS]
    assert row[[E_INDPTR, E_NBR, E_EID]].tolist() == [
        address(part.indptr),
        address(part.nbr),
        address(part.nbr),
    ]
    assert row[[E_OFFSET, E_ROWS]].tolist() == [4, 4]


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
    assert program.steps[:, P_HIGH].tolist() == [0, 2, 2]
    assert program.steps[:, P_LOW].tolist() == [1, -1, -1]


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


def weighed(arrays):
    numbers = {("orders", "amount"): np.ones(arrays.num_rows["orders"])}
    return replace(arrays, weights=Weights.of(arrays.num_rows, numbers))


BACK = EdgeType("users", "rev_user_id", "orders")
WAYS = [
    (Step(1, ORDERS, 5), expand_blocks),
    (Step(1, ORDERS, ALL), expand_blocks),
    (Step(1, ORDERS, ROWS), expand_blocks),
    (Step(1, ORDERS, ROWS + 1), expand_nodes),
    (Step(1, ORDERS, ROWS + 1, Strategy.RECENT), expand_blocks),
    (Step(1, ORDERS, 5, replace=True), expand_nodes),
    (Step(1, ORDERS, ALL, fraction=0.5), expand_nodes),
    (Step(1, ORDERS, 5, Strategy.WEIGHTED, weight="amount"), expand_nodes),
    (Step(1, ORDERS, 5, Strategy.DECAY, half_life=3), expand_nodes),
    (Step(1, BACK, 1), expand_column),
    (Step(1, BACK, 4, Strategy.WEIGHTED, replace=True, weight="amount"), expand_column),
]


@pytest.mark.parametrize("id_dtype", [np.uint32, np.int64])
@pytest.mark.parametrize(("step", "stage"), WAYS, ids=range(len(WAYS)))
def test_the_stage_that_runs_a_step(step, stage, id_dtype):
    known = tables(weighed(toy_shop(id_dtype)))
    row = Program.compile(known, StepPlan((step,), 1)).steps[0]
    assert row[P_EXPAND] == stage.address(np.dtype(id_dtype))
    assert (row[P_DRAW] != 0) == (stage is expand_nodes and step.strategy >= Strategy.WEIGHTED)


def test_the_stage_that_makes_edges():
    known, steps = tables(toy_shop()), (Step(1, ORDERS, 2),)
    assert Program.compile(known, StepPlan(steps, 1)).advance is advance_shared
    assert Program.compile(known, StepPlan(steps, 1, tree=True)).advance is advance_tree
    for rule in ({"cutoff": "path"}, {"max_nodes": 7}, {"cutoff": "path", "tree": True}):
        assert Program.compile(known, StepPlan(steps, 1, **rule)).advance is settle
