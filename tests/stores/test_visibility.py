"""Bounds of steps by layout, by hand; cuts and windows against the rule of temporal.py, row by row."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.schema import EdgeType
from workbench.stores.steps import Step
from workbench.stores.visibility import Bounds, bounds_of, cuts_of, lows_of
from workbench.temporal import BEGINNING, FOREVER, NO_TIME, visible
from workbench.testing.graphs import RowGraph, toy_shop

SHOP = toy_shop()
USERS = EdgeType("orders", "user_id", "users")
BACK = EdgeType("users", "rev_user_id", "orders")
RATINGS = EdgeType("users", "ratings", "products")
RATED = EdgeType("products", "rev_ratings", "users")


@pytest.mark.parametrize(
    ("edge_type", "temporal", "window", "wanted"),
    [
        (USERS, True, None, Bounds("orders", None, None)),
        (USERS, True, 5, Bounds("orders", "orders", None)),
        (USERS, False, None, Bounds("orders", None, None)),  # the fact row is the node
        (BACK, True, None, Bounds("orders", None, None)),  # users joined before they ordered
        (BACK, False, None, Bounds(None, None, "users")),
        (RATINGS, True, 5, Bounds("ratings", "ratings", None)),
        (RATINGS, False, None, Bounds(None, None, "users")),
        (RATED, False, None, Bounds(None, None, None)),  # products have no time
    ],
)
def test_bounds_by_layout(edge_type, temporal, window, wanted):
    spec = SHOP.schema.edge_spec(edge_type)
    assert bounds_of(SHOP, spec, Step(1, edge_type, 2, temporal=temporal, window=window)) == wanted


def test_a_node_bound_is_needed_where_edges_are_older_than_nodes():
    times = {"users": np.array([9]), "orders": np.array([1])}
    rows = {"users": 1, "products": 1, "orders": 1, "ratings": 0}
    one, none = np.zeros(1, np.int64), np.zeros(0, np.int64)
    keys = {
        (t, c): one if t == "orders" else none
        for t in ("orders", "ratings")
        for c in ("user_id", "product_id")
    }
    graph = RowGraph(SHOP.schema, rows, {**times, "ratings": none}, keys).arrays()
    assert bounds_of(graph, SHOP.schema.edge_spec(BACK), Step(1, BACK, 2)) == Bounds("orders", None, "users")


@pytest.mark.parametrize(
    ("edge_type", "temporal", "wanted"),
    [
        (USERS, True, (None, "orders")),  # the fact row is the node
        (USERS, False, (None, "orders")),
        (BACK, True, ("orders", None)),
        (BACK, False, (None, None)),
        (RATINGS, True, ("ratings", None)),
        (RATED, False, (None, "products")),
    ],
)
def test_ends_by_layout(edge_type, temporal, wanted):
    graph = replace(SHOP, ends=dict.fromkeys(("orders", "ratings", "products"), np.zeros(9, np.int64)))
    bounds = bounds_of(graph, SHOP.schema.edge_spec(edge_type), Step(1, edge_type, 2, temporal=temporal))
    assert (bounds.edge_end, bounds.node_end) == wanted


@given(
    st.lists(st.one_of(st.integers(-4, 4), st.just(NO_TIME)), max_size=12),
    st.lists(st.one_of(st.integers(-6, 6), st.sampled_from([FOREVER, BEGINNING])), max_size=6),
    st.integers(1, 5),
)
def test_cuts_and_lows_are_the_rule_row_by_row(times, anchors, window):
    clock, stamps = np.sort(np.array(times, np.int64)), np.array(anchors, np.int64)
    rows = {"users": len(clock), "products": 0, "orders": 0, "ratings": 0}
    none = np.zeros(0, np.int64)
    keys = {(t, c): none for t in ("orders", "ratings") for c in ("user_id", "product_id")}
    graph = RowGraph(SHOP.schema, rows, {"users": clock, "orders": none, "ratings": none}, keys).arrays()
    highs, lows = cuts_of(graph, "users", stamps), lows_of(graph, "users", stamps, window)
    for anchor, high, low in zip(anchors, highs, lows, strict=True):
        seen = visible(clock, anchor).tolist()
        assert seen == [row < high for row in range(len(clock))]
        inside = [anchor == FOREVER or t > anchor - window for t in clock.tolist()]
        assert [a and b for a, b in zip(seen, inside, strict=True)] == [
            low <= row < high for row in range(len(clock))
        ]


def test_without_a_table_nothing_is_bounded():
    anchors = np.array([1, 2])
    assert cuts_of(SHOP, None, anchors).min() > 1 << 60
    assert cuts_of(SHOP, "products", anchors).min() > 1 << 60
    assert lows_of(SHOP, None, anchors, 5).tolist() == [0, 0]
    assert lows_of(SHOP, "orders", anchors, None).tolist() == [0, 0]
