"""Graphs of a few users with very many orders each, and short ways to ask for them."""

from dataclasses import replace

import numpy as np

from workbench.schema import Column, EdgeType, Schema, Stype
from workbench.stores.hop_driver import HopDriver
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import StepPlan
from workbench.testing.graphs import RowGraph, toy_shop

ORDERS = EdgeType("orders", "user_id", "users")
RATED = EdgeType("products", "rev_ratings", "users")


def star(degree: int, hubs: int = 1) -> RowGraph:
    """``hubs`` users with ``degree`` orders each, one order per microsecond, and as many ratings."""
    schema = toy_shop().schema
    rows = {"users": hubs, "products": 1, "orders": degree * hubs, "ratings": degree * hubs}
    users = np.tile(np.arange(hubs), degree)
    keys = {
        ("orders", "user_id"): users,
        ("orders", "product_id"): np.zeros_like(users),
        ("ratings", "user_id"): users,
        ("ratings", "product_id"): np.zeros_like(users),
    }
    clock = np.arange(degree * hubs)
    times = {"users": np.zeros(hubs, np.int64), "orders": clock, "ratings": clock}
    return RowGraph(schema, rows, times, keys)


def with_orders(rows: RowGraph, weights=None, ends=None) -> RowGraph:
    """The same graph, its orders with a column ``weight``, and with end times ``until``."""

    def changed(table):
        if table.name != "orders":
            return table
        more = [] if weights is None else [Column("weight", Stype.NUMERICAL)]
        more += [] if ends is None else [Column("until", Stype.TIMESTAMP)]
        return replace(table, columns=(*table.columns, *more), end_time=None if ends is None else "until")

    return replace(
        rows,
        schema=Schema(tuple(map(changed, rows.schema))),
        weights={} if weights is None else {("orders", "weight"): np.asarray(weights, np.float64)},
        ends={} if ends is None else {"orders": np.asarray(ends, np.int64)},
    )


def request_of(steps, ids, anchor, key=1, disjoint=True, node_type="users"):
    """Seeds of one type under one anchor."""
    plan = StepPlan(tuple(steps), max(step.hop for step in steps), disjoint)
    return SampleRequest((SeedSet.of(node_type, np.array(ids), anchor),), plan, key)


def both(graph, request):
    """The graph's own sample, which is the hop driver's, and as often slow."""
    subgraph, driven = graph.sample(request), HopDriver(graph).sample(request)
    assert subgraph.same_as(driven)
    assert subgraph.slow_draws == driven.slow_draws
    return subgraph
