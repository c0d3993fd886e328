"""Which edge types are followed: everything that tells something new, never straight back."""

from __future__ import annotations

from workbench.advise.hops import FAR, NEAR, WIDE, choose_hops, opposite, seed_degrees
from workbench.schema import EdgeType
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
    assert seed_degrees(shop.parts.schema, shop.parts.graph, first)[ORDERS] == 0
    assert seed_degrees(shop.parts.schema, shop.parts.graph, seeds)[ORDERS] > 0
    assert seed_degrees(shop.parts.schema, shop.parts.graph, seeds[:0]) == {}
