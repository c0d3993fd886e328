"""Kumo's ``num_neighbors``: both ways, short forms, and what cannot be said is refused."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_values import BOUGHT, BUYS, FRIEND, OF, SHOP

from workbench.errors import FanoutError
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.kumo_neighbors import MOST_HOPS, connections, read

LINKED = [connection.edge_type for connection in connections(SHOP)]

hops = st.lists(
    st.integers(-1, 128)
    | st.builds(
        lambda default, named: {"default": default, **named},
        st.integers(-1, 128),
        st.dictionaries(st.sampled_from(LINKED), st.integers(-1, 512)),
    ),
    min_size=1,
    max_size=MOST_HOPS,
)


@given(hops)
def test_fanouts_of_numbers_survive_kumo(hops):
    fanout = Fanout(hops)
    written = json.loads(json.dumps(fanout.to_kumo(SHOP)))
    assert list(written) == [f"hop{i}" for i in range(1, len(hops) + 1)]
    assert Fanout.from_kumo(written, SHOP, mode="joint") == Fanout(hops, mode="joint")
    assert Fanout.from_kumo([written], SHOP) == fanout


def test_a_connection_goes_as_the_walk_goes():
    """An order has one user by its foreign key; a user has orders."""
    assert {str(c): c.edge_type for c in connections(SHOP)} == {
        "users.id->users.friend_id": FRIEND,
        "users.friend_id->users.id": ("users", "rev_friend_id", "users"),
        "users.id->orders.user_id": BUYS,
        "orders.user_id->users.id": BOUGHT,
        "items.id->orders.item_id": OF,
        "orders.item_id->items.id": ("items", "rev_item_id", "orders"),
    }
    assert Fanout([{"default": 16, BUYS: 128}, {BOUGHT: 0}]).to_kumo(SHOP) == {
        "hop1": {"default": 16, "users.id->orders.user_id": 128},
        "hop2": {"default": 0, "orders.user_id->users.id": 0},
    }


@pytest.mark.parametrize(
    "short",
    [
        "users.id->orders.user_id",
        "users->orders.user_id",
        "users.id->orders",
        "users->orders",
        " users -> orders",
    ],
)
def test_short_forms_of_a_connection(short):
    assert Fanout.from_kumo({"hop1": {"default": 3, short: 7}}, SHOP) == Fanout([{"default": 3, BUYS: 7}])


@pytest.mark.parametrize(
    "short",
    [
        [16, 8],
        (16, 8),
        [[16, 8]],
        {"hop1": 16, "hop2": 8},
        {"hop2": {"default": 8}, "hop1": 16},
        [{"hop1": 16, "hop2": 8}],
    ],
)
def test_short_forms_of_defaults(short):
    assert Fanout.from_kumo(short) == Fanout([16, 8])


UNREADABLE = {
    "got 8. Allowed: {'hop1': {'default': 16, 'A.x->B.y': 8}, 'hop2': ...}, or a list of numbers": 8,
    "got []": [],
    "got 'inferred'": "inferred",
    "it lists 2 candidates to tune over. Allowed: one. Convert them one by one": [[16], [8]],
    "its hops are hop1, hop3. Allowed: consecutive hops: hop1, hop2": {"hop1": 4, "hop3": 4},
    "its hops are 1. Allowed: consecutive hops: hop1": {1: 4},
    "hop1 has no 'default'": {"hop1": {"users->orders": 4}},
    "hop1, 'default' is 0.1. Allowed: -1 (all), 0 (none) or a positive number": {"hop1": 0.1},
    "hop1, 'default' is -2": [-2],
    "hop1, 'default' is 'inferred'": {"hop1": {"default": "inferred"}},
    "hop1, 'users->orders' is True": {"hop1": {"default": 4, "users->orders": True}},
    "hop1 names the connection 'users->orders' twice": {
        "hop1": {"default": 4, "users.id->orders": 3, "users->orders": 3}
    },
    "hop1 names 'users->users', which is more than one. Allowed: users.id->users.friend_id, users.friend_": {
        "hop1": {"default": 4, "users->users": 3}
    },
    "hop1 names 'users.id->order.user_id', which is no connection of the schema": {
        "hop1": {"default": 4, "users.id->order.user_id": 3}
    },
}


@pytest.mark.parametrize("message", UNREADABLE)
def test_what_is_no_num_neighbors_is_refused(message):
    with pytest.raises(FanoutError, match=re.escape(f"Kumo's num_neighbors was read: {message}")):
        read(UNREADABLE[message], SHOP)


def test_the_nearest_connection_is_proposed():
    with pytest.raises(FanoutError, match=r"Did you mean 'users.id->orders.user_id'"):
        read({"hop1": {"default": 4, "users.id->order.user_id": 3}}, SHOP)


def test_names_need_a_schema():
    with pytest.raises(FanoutError, match=r"hop1 names 'users->orders'.*from_kumo\(value, schema\)"):
        read({"hop1": {"default": 4, "users->orders": 3}})
    with pytest.raises(FanoutError, match=r"names 'orders-user_id->users'.*to_kumo\(schema\)"):
        Fanout([{BUYS: 4}]).to_kumo()
    assert Fanout([4]).to_kumo() == {"hop1": {"default": 4}}


UNSAYABLE = {
    "the fanout has strategy='recent', mode='joint'. Allowed: numbers alone. To convert the": Fanout(
        [1], strategy="recent", mode="joint"
    ),
    "the fanout has window='9 microseconds', mode='tree', max_nodes=5": Fanout(
        [1], window=9, mode="tree", max_nodes=5
    ),
    "the fanout has weight": Fanout([1], weight="amount"),
    "the fanout has 7 hops. Allowed: at most 6": Fanout([1] * 7),
    "hop 1, 'default' is 129. Allowed: whole numbers up to 128": Fanout([129]),
    "hop 2, 'orders-user_id->users' is 513. Allowed: whole numbers up to 512": Fanout([1, {BUYS: 513}]),
    "hop 1, 'default' is 0.5": Fanout([0.5]),
    "hop 1, 'default' is Draw(4, window='30 days')": Fanout([Draw(4, window="30 days")]),
    "'users-ratings->items' is no link of a foreign key to a primary key. Allowed: users.id->": Fanout(
        [{"users-ratings->items": 3}]
    ),
}


@pytest.mark.parametrize("message", UNSAYABLE)
def test_what_kumo_has_no_word_for_is_refused(message):
    wanted = message.replace("the fanout has weight", "the fanout has strategy='weighted', weight='amount'")
    with pytest.raises(FanoutError, match=re.escape(f"Kumo's num_neighbors was asked for: {wanted}")):
        UNSAYABLE[message].to_kumo(SHOP)


def test_unknown_edge_types_are_named():
    with pytest.raises(FanoutError, match="hop 1 of the fanout names 'order-user_id->users'"):
        Fanout([{"order-user_id->users": 4}]).to_kumo(SHOP)
