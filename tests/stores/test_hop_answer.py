"""One hop by hand, in each layout; the windows and node filters of single nodes."""

from dataclasses import replace

import numpy as np
import pytest
from stars import star, with_orders

from workbench.schema import EdgeType
from workbench.stores.hop_answer import answer_hop, takes_of
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


@pytest.mark.parametrize(
    ("options", "counts", "takes"),
    [
        ({"fanout": ALL}, [0, 1, 9], [0, 1, 9]),
        ({"fanout": 3}, [0, 1, 9], [0, 1, 3]),
        ({"fanout": ALL, "fraction": 0.1}, [0, 1, 10, 11, 20], [0, 1, 1, 2, 2]),
        ({"fanout": 2, "fraction": 0.5}, [0, 1, 3, 9], [0, 1, 2, 2]),
        ({"fanout": ALL, "fraction": 0.7}, [10], [7]),
        ({"fanout": ALL, "fraction": 0.55}, [100], [56]),  # 0.55 * 100 is a little more than 55 in floats
        ({"fanout": 3, "replace": True}, [0, 1, 9], [0, 3, 3]),
    ],
)
def test_how_many_are_taken(options, counts, takes):
    assert takes_of(Step(1, USERS, **options), np.array(counts)).tolist() == takes


def test_weights_that_a_sum_would_swallow_are_still_drawn():
    graph = with_orders(star(3), [1e20, 1.0, 3.0]).arrays()
    step = Step(1, USERS, 1, Strategy.WEIGHTED, weight="weight", window=2)
    count = 4000
    keys, zeros = np.arange(count, dtype=np.uint64), np.zeros(count, np.int64)
    answer = answer_hop(graph, HopRequest(step, zeros, zeros + 2, keys))
    drawn = np.bincount(answer.edge_ids, minlength=3)
    assert drawn[0] == 0  # outside the window
    assert abs(drawn[1] - 1000) < 110  # four standard deviations
    assert answer.slow == count


def test_masses_and_sums_draw_the_same():
    """A hub is drawn by prefix masses; with one edge hidden its other edges are summed up."""
    weights = np.random.default_rng(0).integers(0, 8, 60) / 4
    weights[30] = 0.0
    graph, keys = with_orders(star(len(weights)), weights).arrays(), np.arange(200, dtype=np.uint64)
    zeros = np.zeros(len(keys), np.int64)
    for again in (False, True):
        step = Step(1, USERS, 9, Strategy.WEIGHTED, weight="weight", replace=again)
        request = HopRequest(step, zeros, zeros + 50, keys)
        hidden = np.arange(len(keys) + 1), np.full(len(keys), 30)
        one, other = answer_hop(graph, request), answer_hop(graph, replace(request, hidden=hidden))
        assert one.edge_ids.tolist() == other.edge_ids.tolist()
        assert (one.slow < 20, other.slow) == (True, len(keys))


def test_times_come_where_they_are_asked_for():
    step, nodes = Step(1, RATINGS, ALL), np.array([1, 0])
    request = HopRequest(step, nodes, np.full(2, 9 * DAY), np.zeros(2, np.uint64))
    assert answer_hop(toy_shop(), request).times is None
    answer = answer_hop(toy_shop(), replace(request, want_times=True))
    assert answer.times.tolist() == [2 * DAY, 3 * DAY, 5 * DAY]


def test_no_nodes():
    assert ask(USERS, [], 2 * DAY) == []
