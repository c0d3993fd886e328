"""The fused kernel where its blocks, chunks and rows end: bit-equal to the hop driver there."""

import numpy as np
import pytest
from stars import ORDERS, request_of, star

from workbench.kernels.floyd import ROWS
from workbench.kernels.tables import CHUNK, LANES, ROOM
from workbench.schema import EdgeType
from workbench.stores.hop_driver import HopDriver
from workbench.stores.ram_graph import RamGraph
from workbench.stores.steps import ALL, Step, Strategy

BACK = EdgeType("users", "rev_user_id", "orders")


def agree(graph, request):
    fused = graph.sample(request)
    assert fused.same_as(HopDriver(graph).sample(request))
    return fused


@pytest.mark.parametrize("seeds", [0, 1, LANES - 1, LANES, LANES + 1, 5 * LANES + 3])
@pytest.mark.parametrize("fanout", [1, 7, 100, ALL])
def test_blocks(seeds, fanout):
    graph = RamGraph(star(120, hubs=90).arrays())
    agree(graph, request_of([Step(1, ORDERS, fanout), Step(2, BACK, 1)], np.arange(seeds), 10**6))


@pytest.mark.parametrize(
    "fanout", [ROWS - 1, ROWS, ROWS + 1, CHUNK - 1, CHUNK, CHUNK + 1, ROOM, ROOM + 1, ALL]
)
@pytest.mark.parametrize("strategy", [Strategy.UNIFORM, Strategy.RECENT])
@pytest.mark.parametrize("disjoint", [False, True])
def test_chunks(fanout, strategy, disjoint):
    graph = RamGraph(star(2 * ROOM + 7, hubs=5).arrays())
    steps = [Step(1, ORDERS, fanout, strategy), Step(2, BACK, 1)]
    subgraph = agree(graph, request_of(steps, [0, 1, 2, 2], 10**6, disjoint=disjoint))
    assert subgraph.num_edges > 4 * min(fanout % (1 << 31), ROOM)


def test_nodes_of_equal_hash_lines():
    """More nodes than slots in any line of the smallest table: lines overflow into the next."""
    graph = RamGraph(star(40, hubs=9).arrays())
    agree(graph, request_of([Step(1, ORDERS, ALL)], np.arange(9), 10**6, disjoint=False))
