"""Steps over a foreign-key column where chunks end, once and with replacement; what it must not draw."""

from dataclasses import replace

import numpy as np
import pytest
from stars import both, request_of, star, with_orders

from workbench.kernels.tables import CHUNK, ROOM
from workbench.schema import EdgeType
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HiddenEdges
from workbench.stores.steps import ALL, Step, Strategy

BACK = EdgeType("users", "rev_user_id", "orders")


def graph(orders, id_dtype=np.uint32):
    """Every third order has no user; every fourth weighs nothing."""
    rows = star(orders)
    users = np.where(np.arange(orders) % 3 == 0, -1, 0)
    rows = replace(rows, foreign_keys={**rows.foreign_keys, ("orders", "user_id"): users})
    return RamGraph(with_orders(rows, np.arange(orders) % 4).arrays(id_dtype))


@pytest.mark.parametrize("seeds", [1, CHUNK - 1, CHUNK, CHUNK + 1, ROOM + 1])
@pytest.mark.parametrize("copies", [1, 3, CHUNK, ROOM + 1])
@pytest.mark.parametrize("id_dtype", [np.uint32, np.int64])
def test_chunks(seeds, copies, id_dtype):
    step = Step(1, BACK, copies, replace=copies > 1)
    subgraph = both(graph(seeds, id_dtype), request_of([step], np.arange(seeds), 10**6, node_type="orders"))
    assert subgraph.num_edges == (seeds - -(-seeds // 3)) * copies


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("rule", [{}, {"window": 39}, {"temporal": False}])
def test_what_is_not_visible_or_weighs_nothing_is_not_drawn(again, rule):
    step = Step(1, BACK, 2, Strategy.WEIGHTED, replace=again, weight="weight", **rule)
    seeds = np.arange(200)
    request = request_of([step], seeds, 151, node_type="orders")
    offsets = np.cumsum([0, *(seeds % 5 == 0)])
    request = replace(request, hidden=(HiddenEdges(BACK, offsets, seeds[seeds % 5 == 0]),))
    subgraph = both(graph(200), request)
    low, high = (-1, 199) if "temporal" in rule else (112 if rule else -1, 151)
    wanted = [i for i in seeds if i % 3 and i % 4 and i % 5 and low < i <= high]
    assert subgraph.edge_id[BACK].tolist() == np.repeat(wanted, 2 if again else 1).tolist()


def test_all_of_a_column_is_one():
    assert both(graph(7), request_of([Step(1, BACK, ALL)], [1, 2, 3], 9, node_type="orders")).num_edges == 2
