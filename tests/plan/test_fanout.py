"""Fanout: what may be asked, what it compiles to, and that it is a value."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import AnchorError, FanoutError
from workbench.plan.fanout import Fanout, replace_fields
from workbench.schema import Column, EdgeType, ForeignKey, Schema, Stype, Table
from workbench.stores.steps import ALL, Strategy

ID = (Column("id", Stype.ID),)
KEYS = (ForeignKey("user_id", "users"), ForeignKey("item_id", "items"))
SHOP = Schema(
    (Table("users", ID, "id"), Table("items", ID, "id"), Table("orders", ID, "id", "at", None, KEYS))
)
BUYS, BOUGHT = EdgeType("orders", "user_id", "users"), EdgeType("users", "rev_user_id", "orders")
OF, IN = EdgeType("orders", "item_id", "items"), EdgeType("items", "rev_item_id", "orders")


def cells(fanout: Fanout, *seed_types: str) -> list[tuple[int, EdgeType, int]]:
    return [(s.hop, s.edge_type, s.fanout) for s in fanout.compile(SHOP, seed_types)]


def test_only_reachable_cells_become_steps_in_schema_order():
    assert cells(Fanout([16, 8, 4]), "users") == [
        (1, BUYS, 16), (2, BOUGHT, 8), (2, IN, 8), (3, BUYS, 4), (3, OF, 4),
    ]  # fmt: skip


def test_zero_is_not_followed_and_overrides_win():
    fanout = Fanout([{"default": 0, BUYS: ALL}, {str(BOUGHT): 1}])
    assert cells(fanout, "users") == [(1, BUYS, -1), (2, BOUGHT, 1)]
    assert fanout.get(1, BUYS) == ALL
    assert fanout.get(2, IN) == 0


def test_two_seed_types_reach_from_both():
    assert cells(Fanout([3]), "users", "items") == [(1, BUYS, 3), (1, OF, 3)]


def test_static_edge_types_lose_time_and_window():
    plan = Fanout([2, 2], static=[BUYS], window=50, strategy="recent").compile(SHOP, ["users"])
    first, second = plan.steps[0], plan.steps[1]
    assert (first.temporal, first.window) == (False, None)
    assert (second.temporal, second.window, second.strategy) == (True, 50, Strategy.RECENT)


def test_an_unknown_edge_type_is_named_with_a_proposal():
    fanout = Fanout([{"order-user_id->users": 3}])
    with pytest.raises(FanoutError) as caught:
        fanout.compile(SHOP, ["users"])
    assert "hop 1 of the fanout names 'order-user_id->users'" in str(caught.value)
    assert "Did you mean 'orders-user_id->users'?" in str(caught.value)
    with pytest.raises(FanoutError, match="static of the fanout names 'x'"):
        Fanout([1], static=["x"]).compile(SHOP, ["users"])


@pytest.mark.parametrize("hops", [[], 5, "16", [-2], [1.5], [True], [{"default": "3"}], [None]])
def test_what_is_no_fanout_is_refused(hops):
    with pytest.raises(FanoutError):
        Fanout(hops)


@pytest.mark.parametrize("options", [{"strategy": "random"}, {"window": 0}, {"window": -5}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(FanoutError):
        Fanout([1], **options)


entries = st.dictionaries(st.sampled_from(["default", *map(str, SHOP.edge_types)]), st.integers(-1, 99))


@given(
    st.lists(st.integers(-1, 99) | entries, min_size=1, max_size=6),
    st.booleans(),
    st.none() | st.integers(1, 9),
)
def test_it_is_a_value(hops, disjoint, window):
    fanout = Fanout(hops, disjoint=disjoint, window=window, strategy="recent")
    again = Fanout(**json.loads(json.dumps(fanout.to_dict())))
    assert again == fanout
    assert hash(again) == hash(fanout)
    assert repr(again) == repr(fanout)
    assert replace_fields(fanout, strategy="uniform").strategy == "uniform"


def test_one_cell_can_be_changed():
    fanout = Fanout([16, 8])
    changed = fanout.with_entry(2, OF, 3)
    assert (changed.get(2, OF), changed.get(2, IN), changed.get(1, OF)) == (3, 8, 16)
    assert fanout.get(2, OF) == 8
    assert changed.hops_deep == 2


def test_a_window_is_a_length_of_time():
    assert Fanout([1], window="30 days").window == 30 * 86_400_000_000
    assert Fanout([1], window="30 days") == Fanout([1], window=30 * 86_400_000_000)
    with pytest.raises(AnchorError, match="a length of time was asked for"):
        Fanout([1], window="soon")
