"""Metapaths: values, and what they compile to against a trie in plain Python."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from plan_values import BOUGHT, BUYS, DAY, FRIEND, IN, OF, SHOP, meaning, metapaths, said

from workbench.errors import FanoutError
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.schema import EdgeType
from workbench.stores.steps import Strategy
from workbench.testing.sizes import cases

NAMES = {"Metapath": Metapath, "Metapaths": Metapaths, "Draw": Draw}


@given(metapaths())
def test_they_are_values(paths):
    again = Metapaths(**json.loads(json.dumps(paths.to_dict())))
    assert again == paths
    assert hash(again) == hash(paths)
    assert eval(repr(paths), NAMES) == paths
    assert len(paths.lines()) == len(paths) + 1
    for path in paths.metapaths:
        assert Metapath.from_dict(json.loads(json.dumps(path.to_dict()))) == path
        assert eval(repr(path), NAMES) == path
        assert str(path)


def fnv(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def trie(paths):
    """Nodes of the trie in order of (hop, first metapath): (prefix, what is said there, metapaths)."""
    found = {}
    for i, path in enumerate(paths.metapaths):
        prefix = ()
        for name, cell in zip(path.path, path.fanouts, strict=True):
            fields = meaning(cell, SHOP.edge_type(name), path.base.options())
            prefix = (*prefix, tuple(fields.items()))
            found.setdefault(prefix, (len(prefix), i, set()))[2].add(i)
    return sorted(found.items(), key=lambda item: item[1][:2])


@settings(max_examples=cases(200, 5000))
@given(metapaths())
def test_they_compile_to_a_trie_of_their_beginnings(paths):
    plan, wanted = paths.compile(SHOP, SHOP.node_types), trie(paths)
    assert plan.by_path
    assert len(plan) == len(wanted)
    number = {prefix: i for i, (prefix, _) in enumerate(wanted)}
    for step, salt, (prefix, (hop, _, users)) in zip(plan, plan.salts, wanted, strict=True):
        assert said(step) == dict(prefix[-1])
        assert (step.hop, step.parent) == (hop, number.get(prefix[:-1]))
        assert step.paths == sum(1 << i for i in users)
        assert salt == fnv(f"{hop}|{'/'.join(str(dict(part)['edge_type']) for part in prefix)}")


def test_any_list_of_numbers_is_read():
    assert Metapath(BUYS, IN, fanouts=np.array([16, 1])) == Metapath(BUYS, IN, fanouts=(16, 1))
    assert Metapath(BUYS, IN, fanouts=np.int64(4)) == Metapath(BUYS, IN, fanouts=4)


def test_equal_beginnings_are_drawn_once_and_marked_with_both():
    long, short = Metapath(BUYS, IN, fanouts=[16, 1]), Metapath(BUYS, BOUGHT, fanouts=[16, 2])
    plan = Metapaths([long, short, Metapath(BUYS, fanouts=16)]).compile(SHOP, ["users"])
    assert [(s.edge_type, s.fanout, s.parent, s.paths) for s in plan] == [
        (BUYS, 16, None, 0b111), (IN, 1, 0, 0b001), (BOUGHT, 2, 0, 0b010),
    ]  # fmt: skip


def test_each_metapath_has_rules_of_its_own():
    one = Metapath(BUYS, IN, fanouts=[16, 1], strategy="recent", window="30 days")
    two = Metapath(BUYS, BOUGHT, fanouts=0.1, static=True)
    first, second, *rest = Metapaths([one, two]).compile(SHOP, ["users"])
    assert (first.strategy, first.window, first.temporal, first.paths) == (Strategy.RECENT, 30 * DAY, True, 1)
    assert (second.fraction, second.window, second.temporal, second.paths) == (0.1, None, False, 2)
    assert [step.parent for step in rest] == [0, 1]


def test_one_metapath_draws_the_same_whatever_stands_beside_it():
    alone = Metapaths([Metapath(BUYS, IN, fanouts=4)]).compile(SHOP, ["users"])
    beside = Metapaths([Metapath(FRIEND, fanouts=2), Metapath(BUYS, IN, fanouts=4)]).compile(SHOP, ["users"])
    assert alone.salts == (beside.salts[1], beside.salts[2])


def test_a_metapath_of_many_hops():
    path = [BUYS, BOUGHT] * 6
    plan = Metapaths([Metapath(*path, fanouts=1)]).compile(SHOP, ["users"])
    assert [(step.hop, step.parent) for step in plan] == [(h, h - 2 if h > 1 else None) for h in range(1, 13)]


def test_they_speak_to_people():
    path = Metapath(BUYS, IN, fanouts=[16, Draw(0.1, cap=9)], strategy="recent", window="30 days")
    paths = Metapaths([path, Metapath(FRIEND, fanouts=-1)], mode="joint", max_nodes=5000)
    assert paths.lines() == [
        "metapaths, joint, at most 5,000 nodes",
        "path 0  16 orders-user_id->users, 0.1 of all (at most 9) items-rev_item_id->orders; "
        "strategy='recent', window='30 days'",
        "path 1  all users-friend_id->users",
    ]
    assert repr(Metapath(("users", "friend_id", "users"), fanouts=3)) == (
        "Metapath('users-friend_id->users', fanouts=[3])"
    )


REFUSED = {
    "a metapath was asked for: it names no edge type": lambda: Metapath(fanouts=4),
    "an edge type of a metapath: got ['a-b->c']. Allowed: an edge type: 'src-rel->dst' or a triplet "
    "(src, rel, dst). Say Metapath(*edge_types, fanouts=[16, 8])": lambda: Metapath(["a-b->c"], fanouts=4),
    "got fanouts=[1, 2] for 1 edge types. Allowed: one number, or one per edge type": lambda: Metapath(
        BUYS, fanouts=[1, 2]
    ),
    "hop 1 of metapath orders-user_id->users / items-rev_item_id->orders: got '16'": lambda: Metapath(
        BUYS, IN, fanouts="16"
    ),
    "hop 2 of metapath orders-user_id->users / items-rev_item_id->orders: got 0. Allowed: a number of "
    "neighbours. End the metapath before": lambda: Metapath(BUYS, IN, fanouts=[4, 0]),
    "hop 1 of metapath orders-user_id->users: got -5": lambda: Metapath(BUYS, fanouts=-5),
    "replace=True for every neighbour": lambda: Metapath(BUYS, fanouts=-1, replace=True),
    "strategy='decay' with static=True": lambda: Metapath(BUYS, fanouts=1, half_life=3, static=True),
    "metapaths were asked for: got 0. Allowed: a list of 1 .. 64 of them": lambda: Metapaths([]),
    "metapaths were asked for: got 65": lambda: Metapaths([Metapath(BUYS, fanouts=k) for k in range(1, 66)]),
    "got Metapath('orders-user_id->users', fanouts=[4]). Allowed: a list": lambda: Metapaths(
        Metapath(BUYS, fanouts=4)
    ),
    "got 'orders-user_id->users'. Allowed: values of Metapath. Say Metapath(": lambda: Metapaths([str(BUYS)]),
    "is there twice. Allowed: each once": lambda: Metapaths([Metapath(BUYS, fanouts=[4])] * 2),
    "a window with static=True": lambda: Metapath(BUYS, fanouts=1, window="30 days", static=True),
    "Allowed: path (a list), fanouts, half_life": lambda: Metapath.from_dict({"path": [str(BUYS)]}),
    "a metapath was read: got {'path': 'orders-user_id->users', 'fanouts': [4]}": lambda: Metapath.from_dict(
        {"path": str(BUYS), "fanouts": [4]}
    ),
    "'fanouts': [4], 'hops': 3}. Allowed: path (a list), fanouts": lambda: Metapaths(
        [{"path": [str(BUYS)], "fanouts": [4], "hops": 3}]
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_no_metapath_is_refused(message):
    with pytest.raises(FanoutError, match=re.escape(message)):
        REFUSED[message]()


IMPOSSIBLE = {
    "metapath order-user_id->users names 'order-user_id->users'": Metapath("order-user_id->users", fanouts=1),
    "hop 1 draws 'orders', hop 2 expands 'items'. Allowed: edge types into 'orders': "
    "users-rev_user_id->orders, items-rev_item_id->orders": Metapath(BUYS, OF, fanouts=1),
    "It connects the other way round: the seeds' own edge type comes first": Metapath(IN, BUYS, fanouts=1),
    "for seeds of type 'users': it begins at 'items'. Allowed: a first edge type into the seeds: "
    "users-friend_id->users, users-rev_friend_id->users, orders-user_id->users": Metapath(OF, fanouts=1),
    "weighted by their age, but table 'users' has no time": Metapath(FRIEND, fanouts=Draw(4, half_life=3)),
    "hop 1, orders-user_id->users is weighted": Metapath(BUYS, fanouts=4, weight="amonut"),
}


@pytest.mark.parametrize("message", IMPOSSIBLE)
def test_what_the_schema_does_not_allow_is_refused(message):
    with pytest.raises(FanoutError, match=re.escape(message)):
        Metapaths([IMPOSSIBLE[message]]).compile(SHOP, ["users"])


def test_names_are_checked_without_seeds():
    Metapaths([Metapath(OF, IN, fanouts=1)]).check(SHOP)
    with pytest.raises(FanoutError, match="hop 1 draws 'orders'"):
        Metapaths([Metapath(BUYS, OF, fanouts=1)]).check(SHOP)


def test_more_than_64_steps_are_refused():
    def chains(count):
        return Metapaths([Metapath(BUYS, BOUGHT, BUYS, fanouts=[k, 1, 1]) for k in range(1, count + 1)])

    assert len(chains(21).compile(SHOP, ["users"])) == 63
    with pytest.raises(FanoutError, match="a plan of metapaths was asked for: it has 66 steps"):
        chains(22).compile(SHOP, ["users"])


def test_a_fanout_of_one_path_has_the_same_steps():
    """The names of first steps agree, so a metapath of one edge type draws what a fanout draws."""
    fanout = Fanout([{BUYS: 4}]).compile(SHOP, ["users"])
    paths = Metapaths([Metapath(BUYS, fanouts=4)]).compile(SHOP, ["users"])
    assert fanout.salts == paths.salts
    assert said(fanout.steps[0]) == said(paths.steps[0])
    assert isinstance(paths.steps[0].edge_type, EdgeType)
