"""Edges by hand: metapath plans have each once and mark it, others have every draw."""

import numpy as np
import pytest

from workbench.schema import EdgeType
from workbench.stores.found_edges import FoundEdges
from workbench.stores.steps import Step, StepPlan

EDGE = EdgeType("a", "r", "b")


def appended(paths, **rules):
    """Two steps of the given paths draw edges 5, 6, 5 of node 0, then 6 of nodes 0 and 1."""
    steps = [Step(1, EDGE, 3, paths=mask) for mask in paths]
    edges = FoundEdges([EDGE], StepPlan(tuple(steps), 1, **rules))
    first = edges.append(steps[0], np.array([0, 1, 0]), np.array([0, 0, 0]), np.array([5, 6, 5], np.uint32))
    second = edges.append(steps[1], np.array([1, 1]), np.array([0, 1]), np.array([6, 6], np.uint32))
    return edges, (first, second)


def test_a_metapath_plan_marks_an_edge_that_is_there():
    edges, counts = appended([0b001, 0b110])
    assert counts == (2, 1)
    assert edges.ids[EDGE].tolist() == [5, 6, 6]
    assert edges.col[EDGE].tolist() == [0, 0, 1]
    assert edges.row[EDGE].tolist() == [0, 1, 1]
    assert edges.paths[EDGE].tolist() == [0b001, 0b111, 0b110]


@pytest.mark.parametrize(("paths", "rules"), [([0, 0], {}), ([1, 2], {"tree": True})])
def test_fanout_plans_and_trees_have_every_draw(paths, rules):
    edges, counts = appended(paths, **rules)
    assert counts == (3, 2)
    assert edges.ids[EDGE].tolist() == [5, 6, 5, 6, 6]
    assert edges.paths[EDGE].tolist() == [paths[0]] * 3 + [paths[1]] * 2


def test_the_highest_path_fits():
    edges, _ = appended([1 << 63, 1])
    assert edges.paths[EDGE].tolist() == [1 << 63, 1 << 63 | 1, 1]
    assert edges.paths[EDGE].dtype == np.uint64
