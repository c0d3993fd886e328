"""Chunks become edges, three at once: shared nodes and trees, where rooms end and grow in the middle."""

from dataclasses import replace

import numpy as np
import pytest
from stars import ORDERS, RATED, both, request_of, star

from workbench.kernels.tables import CHUNK, ROOM
from workbench.schema import EdgeType
from workbench.stores import fused
from workbench.stores.ram_graph import RamGraph
from workbench.stores.steps import ALL, Step

BACK = EdgeType("users", "rev_user_id", "orders")
COUNTS = [1, CHUNK - 1, CHUNK, CHUNK + 1, ROOM, ROOM + 1, 2 * ROOM + 1]


def asked(steps, seeds, disjoint, tree):
    request = request_of(steps, seeds, 10**6, disjoint=disjoint)
    return replace(request, plan=replace(request.plan, tree=tree))


@pytest.mark.parametrize(("disjoint", "tree"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("degree", COUNTS)
@pytest.mark.parametrize("id_dtype", [np.uint32, np.int64])
def test_layouts_and_ends_of_chunks(degree, disjoint, tree, id_dtype):
    graph = RamGraph(star(degree, hubs=3).arrays(id_dtype))
    steps = [Step(1, ORDERS, ALL), Step(1, RATED, ALL), Step(2, BACK, 1)]
    subgraph = both(graph, asked(steps, [0, 1, 2, 0], disjoint, tree))
    assert len(subgraph.node_id["products"]) == (4 * degree if tree else 4 if disjoint else 1)


@pytest.mark.parametrize(("disjoint", "tree"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("room", [0, 1, CHUNK, ROOM - 1])
def test_rooms_that_grow_once_or_often(monkeypatch, room, disjoint, tree):
    def small(bound, seeds):
        return replace(
            bound,
            nodes={t: min(most, seeds.get(t, 0) + room) for t, most in bound.nodes.items()},
            edges={e: min(most, room) for e, most in bound.edges.items()},
        )

    monkeypatch.setattr(fused, "first_guess", small)
    graph = RamGraph(star(3 * ROOM, hubs=3).arrays())
    steps = [Step(1, ORDERS, ALL), Step(1, RATED, 700), Step(2, BACK, 1)]
    for _ in range(2):
        both(graph, asked(steps, [0, 1, 2, 0], disjoint, tree))
