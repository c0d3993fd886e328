"""Fanout: what may be asked, what it compiles to, and that it is a value."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_values import BOUGHT, BUYS, DAY, FRIEND, IN, OF, SHOP, fanouts, meaning, said

from workbench.errors import AnchorError, FanoutError
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.schema import EdgeType
from workbench.stores.steps import ALL, Strategy
from workbench.testing.sizes import cases

OTHERS = {str(e): 0 for e in SHOP.edge_types if e not in (BUYS, BOUGHT, OF, IN)}


def cells(fanout: Fanout, *seed_types: str) -> list[tuple[int, EdgeType, int]]:
    return [(s.hop, s.edge_type, s.fanout) for s in fanout.compile(SHOP, seed_types)]


def test_only_reachable_cells_become_steps_in_schema_order():
    orders = [{"default": k, **OTHERS} for k in (16, 8, 4)]
    assert cells(Fanout(orders), "users") == [
        (1, BUYS, 16), (2, BOUGHT, 8), (2, IN, 8), (3, BUYS, 4), (3, OF, 4),
    ]  # fmt: skip


def test_zero_is_not_followed_and_overrides_win():
    fanout = Fanout([{"default": 0, BUYS: ALL}, {str(BOUGHT): 1}])
    assert cells(fanout, "users") == [(1, BUYS, -1), (2, BOUGHT, 1)]
    assert fanout.get(1, BUYS) == ALL
    assert fanout.get(2, IN) == 0


def test_hops_and_edge_types_are_numbers_draws_and_shares():
    fanout = Fanout(
        [{"default": 0.1, BUYS: Draw(16, strategy="recent", window="30 days")}, Draw(0.5, cap=9)],
        strategy="weighted",
        weight="amount",
    )
    steps = {(step.hop, step.edge_type): step for step in fanout.compile(SHOP, ["users"])}
    buys, bought = steps[1, BUYS], steps[2, BOUGHT]
    assert (buys.fanout, buys.strategy, buys.window) == (16, Strategy.RECENT, 30 * DAY)
    assert (bought.fanout, bought.fraction, bought.strategy) == (9, 0.5, Strategy.WEIGHTED)
    assert repr(fanout) == (
        "Fanout([{'default': 0.1, 'orders-user_id->users': Draw(16, strategy='recent', window='30 days')}, "
        "{'default': Draw(0.5, cap=9)}], strategy='weighted', weight='amount')"
    )


def test_any_list_of_numbers_is_read():
    assert Fanout(np.array([16, 8])) == Fanout((16, np.int64(8))) == Fanout([Draw(16), {"default": 8}])


def test_a_cell_may_take_back_that_its_edge_type_is_static():
    fanout = Fanout([{BUYS: Draw(4, static=False), FRIEND: 2}], half_life=9, static=[BUYS, FRIEND])
    friend, buys = fanout.compile(SHOP, ["users"])
    assert (buys.temporal, buys.half_life) == (True, 9)
    assert (friend.temporal, friend.half_life) == (False, None)


def test_two_seed_types_reach_from_both():
    assert cells(Fanout([{BUYS: 3, OF: 2}]), "users", "items") == [(1, BUYS, 3), (1, OF, 2)]


def test_static_edge_types_lose_time_and_window():
    hops = [{BUYS: 2}, {BOUGHT: 2}]
    plan = Fanout(hops, static=[BUYS, BUYS], window=50, strategy="recent").compile(SHOP, ["users"])
    first, second = plan.steps[0], plan.steps[1]
    assert (first.temporal, first.window) == (False, None)
    assert (second.temporal, second.window, second.strategy) == (True, 50, Strategy.RECENT)


def test_a_window_of_a_static_cell_is_refused_not_forgotten():
    with pytest.raises(FanoutError, match=r"hop 1 of the fanout, 'orders-user_id->users': .*a window with"):
        Fanout([{str(BUYS): Draw(2, window="30 days")}], static=[str(BUYS)])


def test_an_unknown_edge_type_is_named_with_a_proposal():
    fanout = Fanout([{"order-user_id->users": 3}])
    with pytest.raises(FanoutError) as caught:
        fanout.compile(SHOP, ["users"])
    assert "hop 1 of the fanout names 'order-user_id->users'" in str(caught.value)
    assert "Did you mean 'orders-user_id->users'?" in str(caught.value)
    with pytest.raises(FanoutError, match="static of the fanout names 'x'"):
        Fanout([1], static=["x"]).compile(SHOP, ["users"])


def test_a_first_hop_along_the_way_back_alone_is_warned_of():
    message = (
        r"seeds of users: hop 1 draws nothing along users-rev_user_id->orders\. "
        r"Allowed: edge types into the seeds: .*orders-user_id->users"
    )
    with pytest.warns(UserWarning, match=message):
        assert not cells(Fanout([{BOUGHT: 4}, 8]), "users")
    with warnings.catch_warnings(action="error"):
        assert not cells(Fanout([{BOUGHT: 0}]), "users")
        assert not cells(Fanout([0]), "users")
        assert cells(Fanout([{BOUGHT: 4}]), "users", "orders")


def test_dicts_and_names_of_other_libraries_are_sent_to_who_reads_them():
    with pytest.raises(FanoutError, match="Dicts of PyG and Kumo are read by from_pyg and from_kumo"):
        Fanout({"hop1": {"default": 16}})
    with pytest.raises(FanoutError, match="run the other way: read them with Fanout"):
        Fanout([{"users.user_id->orders.user_id": 4}]).compile(SHOP, ["users"])


@pytest.mark.parametrize(
    "hops",
    [
        [],
        5,
        "16",
        [-2],
        [1.5],
        [True],
        [{"default": "3"}],
        [None],
        None,
        {16, 8},
        {"default": 3},
        Draw(4),
        np.int64(4),
        np.array(4),
        np.array([[4]]),
        [{("a", "b"): 3}],
        [{5: 3}],
        [{"": 3}],
        [2**31],
    ],
)
def test_what_is_no_fanout_is_refused(hops):
    with pytest.raises(FanoutError):
        Fanout(hops)


@pytest.mark.parametrize(
    "options",
    [
        {"strategy": "random"},
        {"window": 0},
        {"window": -5},
        {"replace": 1},
        {"disjoint": "no"},
        {"disjoint": 0},
        {"weight": "x", "half_life": 3},
        {"static": BUYS},
        {"static": str(BUYS)},
        {"static": None},
        {"static": [5]},
    ],
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(FanoutError):
        Fanout([1], **options)


@settings(max_examples=cases(200, 5000))
@given(fanouts())
def test_it_is_a_value(fanout):
    again = Fanout(**json.loads(json.dumps(fanout.to_dict())))
    assert again == fanout
    assert hash(again) == hash(fanout)
    assert eval(repr(fanout), {"Fanout": Fanout, "Draw": Draw}) == fanout
    assert len(fanout.lines()) == fanout.hops_deep + 1
    assert fanout.with_choices() == fanout


@settings(max_examples=cases(200, 5000))
@given(fanouts(), st.sets(st.sampled_from(["users", "items", "orders"]), min_size=1))
def test_it_compiles_to_what_the_cells_say_along_what_can_be_reached(fanout, seed_types):
    reached, wanted = {0: seed_types}, []
    base = {"strategy": fanout.strategy, "window": fanout.window, "half_life": fanout.half_life}
    for hop, entries in enumerate(fanout.to_dict()["hops"], 1):
        entries = entries if isinstance(entries, dict) else {"default": entries}
        reached[hop] = set()
        for edge_type in SHOP.edge_types:
            cell = entries.get(str(edge_type), entries.get("default", 0))
            cell = Draw(**cell) if isinstance(cell, dict) else Draw(cell)
            if cell.take == 0 or edge_type.dst not in reached[hop - 1]:
                continue
            reached[hop].add(edge_type.src)
            wanted.append((hop, meaning(cell, edge_type, base, str(edge_type) in fanout.static)))
    plan = fanout.compile(SHOP, sorted(seed_types))
    assert [(step.hop, said(step)) for step in plan] == wanted
    assert all(step.parent is None and step.paths == 0 for step in plan)


def test_one_cell_can_be_changed():
    fanout = Fanout([16, 8])
    changed = fanout.with_entry(2, OF, 3)
    assert (changed.get(2, OF), changed.get(2, IN), changed.get(1, OF)) == (3, 8, 16)
    assert fanout.get(2, OF) == 8
    assert changed.hops_deep == 2
    assert Fanout([Draw(4, window=3)]).with_entry(1, OF, 2).cell(1, OF) == Draw(2, window=3)
    assert Fanout([4]).with_entry(1, OF, Draw(2, window=3)).cell(1, OF) == Draw(2, window=3)
    for hop in (0, 3, -1, "1"):
        with pytest.raises(FanoutError, match=r"got hop .*Allowed: hops 1 to 2"):
            fanout.with_entry(hop, OF, 3)
    with pytest.raises(FanoutError, match=r"hop 2, orders-item_id->items: got -3"):
        fanout.with_entry(2, OF, -3)


def test_both_spellings_of_an_edge_type_are_one_cell():
    fanout = Fanout([{"orders.user_id->users": 3}])
    assert fanout.get(1, BUYS) == 3
    assert fanout.with_entry(1, BUYS, 5).compile(SHOP, ["users"]).steps[0].fanout == 5
    with pytest.raises(FanoutError, match=r"names 'orders.user_id->users': it is 'orders-"):
        Fanout([{"orders.user_id->users": 3, BUYS: 4}]).compile(SHOP, ["users"])


def test_numbers_are_what_is_left_without_options():
    fanout = Fanout([Draw(4, window=3), {BUYS: Draw(0.1, cap=2)}], strategy="recent", mode="tree")
    assert fanout.numbers() == Fanout([4, {BUYS: 0.1}])


def test_it_speaks_to_people():
    fanout = Fanout([{"default": 8, BUYS: Draw(0.1, cap=3)}, 0], half_life="2 days", window="30 days")
    assert fanout.lines() == [
        "decay (half-life 2 days), disjoint, the last 30 days only",
        "hop 1  8 of any other, 0.1 of all (at most 3) orders-user_id->users",
        "hop 2  nothing",
    ]


def test_a_window_is_a_length_of_time():
    assert Fanout([1], window="30 days").window == 30 * 86_400_000_000
    assert Fanout([1], window="30 days") == Fanout([1], window=30 * 86_400_000_000)
    with pytest.raises(AnchorError, match="a length of time was asked for"):
        Fanout([1], window="soon")
