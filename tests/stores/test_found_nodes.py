"""Nodes by hand: who is known, who is new, who is dropped, in each mode."""

import numpy as np

from workbench.stores.found_nodes import DROPPED, FoundNodes
from workbench.stores.steps import StepPlan


def ints(*values):
    return np.array(values, np.int64)


def started(**rules):
    """Two seeds of type ``a``: nodes 7 and 9 at time 10."""
    plan = StepPlan((), 1, **rules)
    nodes = FoundNodes(("a", "b"), plan, 2 if plan.disjoint else 1)
    nodes.seed("a", ints(7, 9), ints(0, 1), ints(10, 10))
    return nodes


def test_a_seed_finds_its_own_nodes_again():
    nodes = started()
    assert nodes.find("a", ints(9, 9, 7, 8, 9), ints(0, 1, 0, 0, 0), np.full(5, 10)).tolist() == [
        2,
        1,
        0,
        3,
        2,
    ]
    assert nodes.ids["a"].tolist() == [7, 9, 9, 8]
    assert nodes.batch["a"].tolist() == [0, 1, 0, 0]


def test_joint_seeds_share():
    nodes = started(disjoint=False)
    assert nodes.find("a", ints(9, 8, 7), ints(0, 0, 0), np.full(3, 10)).tolist() == [1, 2, 0]
    assert nodes.batch["a"].tolist() == [0, 1, -1]


def test_another_cutoff_is_another_node():
    nodes = started(cutoff="path")
    assert nodes.find("a", ints(7, 7, 7), ints(0, 0, 0), ints(10, 5, 5)).tolist() == [0, 2, 2]
    assert nodes.cutoff["a"].tolist() == [10, 10, 5]


def test_in_a_tree_every_draw_is_a_node():
    nodes = started(tree=True)
    assert nodes.find("a", ints(7, 7), ints(0, 0), ints(10, 10)).tolist() == [2, 3]


def test_the_budget_of_a_seed_drops_new_nodes_and_keeps_known_ones():
    nodes = started(max_nodes=3)
    found = nodes.find("b", ints(1, 2, 3, 1, 5, 3, 4), ints(0, 0, 0, 0, 1, 0, 1), np.full(7, 10))
    assert found.tolist() == [0, 1, DROPPED, 0, 2, DROPPED, 3]
    assert nodes.dropped.tolist() == [2, 0]
    assert nodes.find("a", ints(7, 4), ints(0, 0), ints(10, 10)).tolist() == [0, DROPPED]  # over all types
    assert nodes.dropped.tolist() == [3, 0]


def test_seeds_count_even_beyond_the_budget():
    nodes = started(max_nodes=1, disjoint=False)
    assert nodes.find("b", ints(1), ints(0), ints(10)).tolist() == [DROPPED]
    assert (len(nodes.ids["a"]), nodes.dropped.tolist()) == (2, [1])
