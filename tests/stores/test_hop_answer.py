"""One hop by hand, in each layout; the windows and node filters of single nodes."""

import numpy as np
import pytest

from workbench.schema import EdgeType
from workbench.stores.hop_answer import answer_hop
from workbench.stores.request import HopRequest
from workbench.stores.steps import ALL, Step, Strategy
from workbench.temporal import FOREVER
from workbench.testing.graphs import DAY, toy_shop

USERS = EdgeType("orders", "user_id", "users")
BACK = EdgeType("users", "rev_user_id", "orders")
RATINGS = EdgeType("users", "ratings", "products")


def ask(edge_type, nodes, anchors, fanout=ALL, id_dtype=np.uint32, **options):
    count = len(nodes)
    step = Step(1, edge_type, fanout, **options)
    keys = np.arange(count, dtype=np.uint64)
    request = HopRequest(
        step, np.array(nodes, np.int64), np.broadcast_to(np.array(anchors), count).copy(), keys
    )
    answer = answer_hop(toy_shop(id_dtype), request)
    assert answer.neighbors.dtype == answer.edge_ids.dtype == id_dtype
    windows = zip(answer.offsets[:-1], answer.offsets[1:], strict=True)
    pairs = list(zip(answer.neighbors.tolist(), answer.edge_ids.tolist(), strict=True))
    return [pairs[a:b] for a, b in windows]


@pytest.mark.parametrize("id_dtype", [np.uint32, np.int64])
def test_each_layout(id_dtype):
    assert ask(USERS, [0, 1, 2], 2 * DAY, id_dtype=id_dtype) == [[(0, 0), (2, 2)], [(1, 1)], []]
    assert ask(BACK, [0, 3, 2], 9 * DAY, id_dtype=id_dtype) == [[(0, 0)], [], [(0, 2)]]
    assert ask(RATINGS, [1, 0], [3 * DAY, 5 * DAY], id_dtype=id_dtype) == [[(0, 0), (1, 1)], [(2, 2)]]


def test_the_instant_of_the_anchor_is_visible_and_the_next_is_not():
    assert ask(USERS, [1, 1], [2 * DAY, 2 * DAY - 1]) == [[(1, 1)], []]


def test_windows_exclude_their_lower_end():
    assert ask(USERS, [0, 0], 2 * DAY, window=DAY) == [[(2, 2)]] * 2
    assert ask(USERS, [0], 2 * DAY, window=DAY + 1) == [[(0, 0), (2, 2)]]
    assert ask(USERS, [0], FOREVER, window=1) == [[(0, 0), (2, 2)]]


def test_a_static_step_waives_the_edge_but_not_the_node():
    assert ask(RATINGS, [0], 2 * DAY, temporal=False) == [[]]  # user 2 joins on day 3
    assert ask(RATINGS, [0], 3 * DAY, temporal=False) == [[(2, 2)]]  # though the rating is of day 5
    assert ask(RATINGS, [0], 4 * DAY) == [[]]


def test_recent_takes_the_last_in_stored_order():
    assert ask(RATINGS, [1], 9 * DAY, 1, strategy=Strategy.RECENT) == [[(1, 1)]]


def test_no_nodes():
    assert ask(USERS, [], 2 * DAY) == []
