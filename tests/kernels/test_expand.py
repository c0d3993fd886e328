"""Every kind of draw where blocks and chunks end: bit-equal to the hop driver."""

from dataclasses import replace

import numpy as np
import pytest
from stars import ORDERS, RATED, both, request_of, star, with_orders

from workbench.kernels.floyd import ROWS, SCAN
from workbench.kernels.tables import CHUNK, LANES, ROOM
from workbench.schema import EdgeType
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HiddenEdges
from workbench.stores.steps import ALL, Step, Strategy
from workbench.temporal import NO_TIME

BACK = EdgeType("users", "rev_user_id", "orders")
EDGES = [1, LANES + 1, SCAN, SCAN + 1, ROWS + 1, CHUNK - 1, CHUNK + 1, ROOM, ROOM + 1]


@pytest.fixture(scope="module", params=[np.uint32, np.int64])
def graph(request):
    return RamGraph(star(2 * ROOM + 7, hubs=5).arrays(request.param))


@pytest.mark.parametrize("fanout", EDGES)
@pytest.mark.parametrize("disjoint", [False, True])
def test_replacement(graph, fanout, disjoint):
    steps = [Step(1, ORDERS, fanout, replace=True), Step(2, BACK, 1)]
    subgraph = both(graph, request_of(steps, [0, 1, 2, 2], 5000, disjoint=disjoint))
    assert subgraph.step_edges[0] == fanout * (4 if disjoint else 3) or disjoint is False


@pytest.mark.parametrize("fraction", [1e-9, 0.1, 0.5, 0.999])
@pytest.mark.parametrize("fanout", [ALL, 7, CHUNK + 1])
@pytest.mark.parametrize("strategy", [Strategy.UNIFORM, Strategy.RECENT, Strategy.DECAY])
def test_fractions(graph, fraction, fanout, strategy):
    half_life = 50 if strategy == Strategy.DECAY else None
    step = Step(1, ORDERS, fanout, strategy, fraction=fraction, half_life=half_life)
    for anchor in (0, 900, 10**6):
        subgraph = both(graph, request_of([step], [0, 4], anchor))
        for col, visible in enumerate(np.bincount(np.arange(min(anchor + 1, 5155)) % 5, minlength=5)[[0, 4]]):
            wanted = int(np.ceil(fraction * visible))
            drawn = int((subgraph.col[ORDERS] == col).sum())
            assert drawn == (wanted if fanout == ALL else min(wanted, fanout))


@pytest.mark.parametrize("fanout", [3, SCAN + 1, CHUNK + 1, ROOM + 1, ALL])
@pytest.mark.parametrize("strategy", [Strategy.UNIFORM, Strategy.RECENT, Strategy.DECAY])
@pytest.mark.parametrize("disjoint", [False, True])
def test_hidden_edges(graph, fanout, strategy, disjoint):
    """Some in the middle (a list), some at an end (a range after all), some of other lanes."""
    half_life = 50 if strategy == Strategy.DECAY else None
    step = Step(1, ORDERS, fanout, strategy, half_life=half_life)
    lists = [np.arange(0, 4000, 35), np.arange(0, 400), np.array([5 * 900 + 2]), np.arange(0)]
    hidden = HiddenEdges(ORDERS, np.cumsum([0, *map(len, lists)]), np.concatenate(lists))
    for anchor in (4500, 10**6):
        request = request_of([step, Step(1, RATED, 9)], [0, 1, 2, 3], anchor, disjoint=disjoint)
        subgraph = both(graph, replace(request, hidden=(hidden,)))
        for col, rows in enumerate(lists):
            gone = rows if disjoint else np.concatenate(lists)
            assert not np.isin(subgraph.edge_id[ORDERS][subgraph.col[ORDERS] == col], gone).any()


@pytest.mark.parametrize("every", [1, 3, 1000])
@pytest.mark.parametrize("fanout", [2, ROWS + 1, ALL])
@pytest.mark.parametrize("strategy", [Strategy.UNIFORM, Strategy.DECAY])
def test_orders_that_end(every, fanout, strategy):
    """All of them, some in between (a list), or hardly any (mostly a range after all)."""
    number = np.arange(5 * 300)
    ends = np.where(number % every == 0, number + 70, NO_TIME)
    graph = RamGraph(with_orders(star(300, 5), ends=ends).arrays())
    step = Step(1, ORDERS, fanout, strategy, half_life=90 if strategy == Strategy.DECAY else None)
    subgraph = both(graph, request_of([step], np.arange(5), 1200))
    drawn = subgraph.edge_id[ORDERS]
    assert ((ends[drawn] > 1200) & (drawn <= 1200)).all()
    wanted = [sum(ends[i] > 1200 for i in range(user, 1201, 5)) for user in range(5)]
    assert len(drawn) == sum(wanted if fanout == ALL else [min(fanout, many) for many in wanted])
