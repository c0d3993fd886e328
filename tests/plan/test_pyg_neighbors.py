"""PyG's ``num_neighbors``: both ways, every form, and what cannot be said is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_values import BOUGHT, BUYS, SHOP, fanouts

from workbench.errors import FanoutError
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.pyg_neighbors import read, write

numbers = st.integers(-1, 99)
lists = st.lists(numbers, min_size=1, max_size=9)


@given(lists)
def test_a_list_is_a_default_for_each_hop_and_back(hops):
    fanout = Fanout.from_pyg(hops, mode="joint", strategy="recent")
    assert fanout == Fanout(hops, mode="joint", strategy="recent")
    assert fanout.to_pyg() == fanout.to_pyg(SHOP) == hops


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(*[st.lists(numbers, min_size=n, max_size=n)] * 8)))
def test_a_dict_over_all_edge_types_comes_back_as_it_was(values):
    wanted = dict(zip(map(tuple, SHOP.edge_types), values, strict=True))
    assert Fanout.from_pyg(wanted).to_pyg(SHOP) == wanted


@given(
    st.lists(numbers | st.dictionaries(st.sampled_from(["default", *SHOP.edge_types]), numbers), min_size=1)
)
def test_fanouts_of_numbers_survive_pyg(hops):
    fanout = Fanout(hops)
    again = Fanout.from_pyg(fanout.to_pyg(SHOP))
    assert again.compile(SHOP, SHOP.node_types) == fanout.compile(SHOP, SHOP.node_types)


def test_edge_types_that_are_left_out_are_not_followed():
    fanout = Fanout.from_pyg({tuple(BUYS): [4, 2]})
    assert fanout == Fanout([{BUYS: 4}, {BUYS: 2}])
    assert fanout.to_pyg(SHOP)[tuple(BOUGHT)] == [0, 0]


def test_every_spelling_of_an_edge_type_is_read():
    keys = [tuple(BUYS), BUYS, str(BUYS), "orders__user_id__users"]
    assert {repr(Fanout.from_pyg({key: [4]})) for key in keys} == {repr(Fanout([{BUYS: 4}]))}


def test_the_value_of_pyg_itself_is_read():
    pyg = pytest.importorskip("torch_geometric.sampler")
    assert Fanout.from_pyg(pyg.NumNeighbors([4, 2])) == Fanout([4, 2])
    some = pyg.NumNeighbors({tuple(BUYS): [4, 2]}, default=[1, 0])
    assert Fanout.from_pyg(some) == Fanout([{"default": 1, BUYS: 4}, {"default": 0, BUYS: 2}])
    doubled = pyg.NumNeighbors({("my__orders", "user_id", "users"): [4]})
    assert Fanout.from_pyg(doubled).get(1, ("my__orders", "user_id", "users")) == 4
    written = pyg.NumNeighbors(Fanout([4, {BUYS: 2}]).to_pyg(SHOP))
    mapped = written.get_mapped_values(list(map(tuple, SHOP.edge_types)))
    assert (mapped["orders__user_id__users"], mapped["users__rev_user_id__orders"]) == ([4, 2], [4, 0])


UNREADABLE = {
    "got 8. Allowed: a list such as [16, 8], or a dict of edge type -> list, all of one length": 8,
    "got []": [],
    "got '16'": "16",
    "got 1.5. Allowed: -1 (all), 0 (none) or a positive number": [16, 1.5],
    "got True": [True],
    "got -2": [-2],
    "it names no edge type": {},
    "its lists have lengths [1, 2]": {tuple(BUYS): [4, 2], tuple(BOUGHT): [4]},
    "got edge type 'orders'. Allowed: triplets (src, rel, dst)": {"orders": [4]},
    "got edge type ('a', 'b')": {("a", "b"): [4]},
    "got 4. Allowed: a list": {tuple(BUYS): 4},
}


@pytest.mark.parametrize("message", UNREADABLE)
def test_what_is_no_num_neighbors_is_refused(message):
    with pytest.raises(FanoutError, match=re.escape(f"PyG's num_neighbors was read: {message}")):
        read(UNREADABLE[message])


UNSAYABLE = {
    "the fanout has half_life='9 microseconds', strategy='decay'": Fanout([1], half_life=9),
    "the fanout has window='9 microseconds', strict=True, cutoff='path', max_nodes=5": Fanout(
        [1], window=9, strict=True, cutoff="path", max_nodes=5
    ),
    "the fanout has static=['orders-user_id->users'], mode='tree'. Allowed: what PyG's loaders can say. "
    "To convert the numbers alone, take fanout.numbers() first": Fanout([1], static=[BUYS], mode="tree"),
    "hop 2, 'default' is 0.1. Allowed: whole numbers": Fanout([1, 0.1]),
    "hop 1, 'orders-user_id->users' is Draw(4, strategy='recent')": Fanout(
        [{BUYS: Draw(4, strategy="recent")}]
    ),
}


@pytest.mark.parametrize("message", UNSAYABLE)
def test_what_pyg_has_no_word_for_is_refused(message):
    with pytest.raises(FanoutError, match=re.escape(f"PyG's num_neighbors was asked for: {message}")):
        UNSAYABLE[message].to_pyg(SHOP)


@given(fanouts(most_hops=3))
def test_what_pyg_has_a_word_for_elsewhere_is_left_to_it(fanout):
    numbers = fanout.numbers()
    if any(isinstance(cell, float) for hop in numbers.hops for _, cell in hop):
        with pytest.raises(FanoutError, match="whole numbers"):
            numbers.to_pyg(SHOP)
        return
    loud = Fanout(numbers.to_dict()["hops"], strategy="recent", mode="joint")
    assert loud.to_pyg(SHOP) == numbers.to_pyg(SHOP)
    weighted = Fanout([4], weight="amount", replace=True)
    assert weighted.to_pyg() == [4]
    with pytest.raises(FanoutError, match="the fanout has window='3 days'"):
        Fanout([4], window="3 days").to_pyg()


def test_names_need_a_schema_that_has_them():
    with pytest.raises(FanoutError, match=r"edge types differ\. Allowed: a list .* to_pyg\(schema\)"):
        Fanout([{BUYS: 4}]).to_pyg()
    with pytest.raises(FanoutError, match="hop 1 of the fanout names 'order-user_id->users'"):
        Fanout([{"order-user_id->users": 4}]).to_pyg(SHOP)
    assert write([{"default": 4}], None) == [4]
