"""Subgraphs worked out by hand for each rule of a plan; random ones are in test_graph_oracle.py."""

from dataclasses import replace

import numpy as np
import pytest
from stars import ORDERS, star, with_orders

from workbench.schema import EdgeType
from workbench.stores.hop_driver import HopDriver
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HiddenEdges, SampleRequest, SeedSet
from workbench.stores.steps import ALL, Step, StepPlan, Strategy
from workbench.temporal import FOREVER
from workbench.testing.graphs import DAY, toy_shop

SOLD = EdgeType("products", "rev_product_id", "orders")
BOUGHT = EdgeType("orders", "product_id", "products")
BACK = EdgeType("users", "rev_user_id", "orders")
BUYERS = EdgeType("users", "ratings", "products")


def sample(steps, ids, anchor, hidden=(), graph=None, **rules):
    plan = StepPlan(tuple(steps), max(step.hop for step in steps), **rules)
    request = SampleRequest((SeedSet.of("users", np.array(ids), anchor),), plan, 1, hidden)
    return HopDriver(RamGraph(toy_shop() if graph is None else graph)).sample(request)


AROUND = [Step(1, ORDERS, ALL), Step(2, SOLD, ALL), Step(3, BOUGHT, ALL)]


def test_strict_excludes_the_instant_of_the_anchor():
    assert sample([Step(1, ORDERS, ALL)], [0], 2 * DAY).edge_id[ORDERS].tolist() == [0, 2]
    assert sample([Step(1, ORDERS, ALL)], [0], 2 * DAY, strict=True).edge_id[ORDERS].tolist() == [0]
    assert sample([Step(1, ORDERS, ALL)], [0], FOREVER, strict=True).num_edges == 2


def test_along_a_path_only_the_instant_of_the_anchor_is_strict():
    """An order sees its own product, though both bear the order's instant."""
    for anchor, orders in ((2 * DAY, 1), (9 * DAY, 2)):
        found = sample(AROUND[:2], [0], anchor, cutoff="path", strict=True)
        assert (len(found.edge_id[ORDERS]), len(found.edge_id[SOLD])) == (orders, orders)
        assert found.cutoffs["users"].tolist() == [anchor - 1]
        assert found.cutoffs["orders"].tolist() == [DAY, 2 * DAY][:orders]
        assert found.same_as(RamGraph(toy_shop()).sample(found.request))


def test_cutoffs_decrease_along_a_path():
    # user 0: order 0 on day 1 of product 0, order 2 on day 2 of product 1; product 0 also has order 1 (day 2)
    found = sample(AROUND, [0], 9 * DAY, cutoff="path")
    assert found.cutoffs["orders"].tolist() == [1 * DAY, 2 * DAY]
    assert found.cutoffs["products"].tolist() == [1 * DAY, 2 * DAY]
    assert found.edge_id[BOUGHT].tolist() == [0, 2]
    assert sample(AROUND, [0], 9 * DAY).edge_id[BOUGHT].tolist() == [0, 1, 2, 3]
    assert found.cutoffs["users"].tolist() == [9 * DAY]
    assert sample(AROUND, [0], 9 * DAY).cutoffs is None


def test_a_static_step_hands_its_cutoff_on():
    steps = [AROUND[0], replace(AROUND[1], temporal=False), AROUND[2]]
    assert sample(steps, [0], 9 * DAY, cutoff="path").cutoffs["products"].tolist() == [DAY, 2 * DAY]
    steps = [replace(AROUND[0], temporal=False), AROUND[1]]
    assert sample(steps, [0], 9 * DAY, cutoff="path").cutoffs["orders"].tolist() == [9 * DAY] * 2


def test_a_tree_repeats_its_nodes():
    found = sample([*AROUND, Step(4, BACK, ALL)], [0], 9 * DAY, tree=True)
    assert found.node_id["users"].tolist() == [0, 0, 1, 0]  # order 3 has no user
    assert sample([*AROUND, Step(4, BACK, ALL)], [0], 9 * DAY).node_id["users"].tolist() == [0, 1]


def test_a_budget_says_what_it_dropped():
    found = sample(AROUND, [0, 1], 9 * DAY, max_nodes=4)
    assert found.dropped.tolist() == [2, 0]  # product 1, and order 1 behind product 0; user 1 has 4 nodes
    assert found.node_id["products"].tolist() == [0, 0]
    assert found.node_id["orders"].tolist() == [0, 2, 1, 0]
    assert found.edge_id[BOUGHT].tolist() == [0, 0, 1]
    assert sample(AROUND, [0, 1], 9 * DAY).dropped is None


def test_paths_are_walked_apart_and_marked():
    steps = [
        Step(1, ORDERS, ALL, paths=0b11),
        Step(2, SOLD, ALL, paths=0b01, parent=0),
        Step(2, BACK, ALL, paths=0b10, parent=0),
        Step(3, ORDERS, ALL, paths=0b10, parent=2),
    ]
    found = sample(steps, [0], 9 * DAY)
    assert found.edge_paths[ORDERS].tolist() == [0b11, 0b11]  # drawn again at hop 3, not appended
    assert found.step_edges.tolist() == [2, 2, 2, 0]
    assert found.edge_paths[SOLD].tolist() == [0b01, 0b01]
    assert sample([Step(1, ORDERS, ALL)], [0], 9 * DAY).edge_paths is None


def test_a_path_goes_on_from_nodes_that_were_there_before():
    steps = [
        Step(1, ORDERS, ALL, paths=1),
        Step(2, BACK, ALL, paths=1, parent=0),
        Step(3, ORDERS, ALL, Strategy.RECENT, paths=1, parent=1),
    ]
    assert sample(steps, [0], 9 * DAY, tree=True).step_edges.tolist() == [2, 2, 4]
    assert sample([replace(s, paths=0, parent=None) for s in steps], [0], 9 * DAY).step_edges[2] == 0


@pytest.mark.parametrize("disjoint", [True, False])
def test_edges_are_hidden_in_both_directions(disjoint):
    hidden = HiddenEdges(ORDERS, np.array([0, 1, 1]), np.array([2]))
    found = sample([Step(1, ORDERS, ALL), Step(2, SOLD, ALL)], [0, 1], 9 * DAY, (hidden,), disjoint=disjoint)
    assert found.edge_id[ORDERS].tolist() == [0, 1]
    back = HiddenEdges(BACK, np.array([0, 1, 1]), np.array([0]))
    found = sample([Step(1, ORDERS, ALL), Step(2, BACK, ALL)], [0, 1], 9 * DAY, (back,), disjoint=disjoint)
    assert found.edge_id[ORDERS].tolist() == [2, 1]
    assert found.edge_id[BACK].tolist() == [2, 1]


def test_scans_are_counted():
    graph = with_orders(star(100), [1.0, 1.0, *[0.0] * 98]).arrays()
    found = sample([Step(1, ORDERS, 3, Strategy.WEIGHTED, weight="weight")], [0], FOREVER, graph=graph)
    assert sorted(found.edge_id[ORDERS].tolist()) == [0, 1]  # what weighs nothing is never drawn
    assert found.slow_draws == 1
    found = sample([Step(1, ORDERS, 1, Strategy.WEIGHTED, weight="weight")], [0], FOREVER, graph=graph)
    assert found.slow_draws == 0
