"""Which edge types are followed: everything that tells something new, never straight back."""

from __future__ import annotations

import pytest

from workbench.advise.hops import DEEP, FAR, NEAR, WIDE, choose_hops, opposite, seed_degrees
from workbench.errors import BudgetError
from workbench.schema import EdgeType
from workbench.stores.ram_graph import RamGraph
from workbench.testing.shop import Shop

ORDERS = EdgeType("orders", "user_id", "users")


def test_the_shop(shop: Shop) -> None:
    choice = choose_hops(shop.parts.schema, shop.parts.graph, shop.task.seeds("train"))
    fanout = choice.fanout
    assert fanout.strategy == "recent"
    assert NEAR[0] <= fanout.get(1, ORDERS) <= NEAR[1]
    assert fanout.get(2, "products-rev_product_id->orders") == 1
    assert fanout.get(2, "users-rev_user_id->orders") == 0
    assert fanout.get(3, "orders-product_id->products") == WIDE
    assert FAR > 0
    assert choice.reasons


def test_opposite_is_its_own_inverse() -> None:
    back = EdgeType("users", "rev_user_id", "orders")
    assert opposite(ORDERS) == back
    assert opposite(back) == ORDERS


def test_degrees_are_those_of_the_seeds(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    first = seeds[seeds.anchor_time == seeds.anchor_time.min()]
    assert seed_degrees(shop.parts.schema, shop.parts.graph, first).found[ORDERS] == 0
    assert seed_degrees(shop.parts.schema, shop.parts.graph, seeds).found[ORDERS] > 0
    assert seed_degrees(shop.parts.schema, shop.parts.graph, seeds[:0]).found == {}


def test_a_small_budget_looks_at_less(shop: Shop) -> None:
    """The look itself must fit: half as many seeds and neighbours until it does."""
    seeds, arrays = shop.task.seeds("train"), shop.parts.graph.arrays
    wide = seed_degrees(shop.parts.schema, shop.parts.graph, seeds)
    small = RamGraph(arrays, memory_budget=arrays.nbytes + 20_000)
    look = seed_degrees(shop.parts.schema, small, seeds)
    assert wide.cap == DEEP > look.cap
    assert 0 < look.found[ORDERS] <= look.cap
    reason = dict(choose_hops(shop.parts.schema, small, seeds).reasons)["first hop 8 to 16"]
    assert f"({look.cap} or more count as {look.cap})" in reason
    with pytest.raises(BudgetError, match="for 1 seeds"):
        seed_degrees(shop.parts.schema, RamGraph(arrays, memory_budget=arrays.nbytes + 10), seeds)
