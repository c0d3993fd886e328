"""The choices that fanouts and metapaths share: modes, strictness, cutoffs, budgets, forms of subgraphs."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from plan_values import BUYS, SHOP, fanouts, metapaths, rules

from workbench.errors import FanoutError
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.plan.sampling_plan import (
    SamplingPlan,
    edge_name,
    expect_plan,
    known_edge_type,
)
from workbench.stores.step_rules import check_steps

PATHS = [Metapath(BUYS, fanouts=4)]


def both(**options):
    return [Fanout([4], **options), Metapaths(PATHS, **options)]


@given(rules)
def test_the_choices_reach_the_steps_and_json(choices):
    for plan in both(**choices):
        steps = plan.compile(SHOP, ["users"])
        wanted = (choices["mode"] != "joint", choices["mode"] == "tree", choices["strict"])
        assert (steps.disjoint, steps.tree, steps.strict) == wanted
        assert (steps.cutoff, steps.max_nodes) == (choices["cutoff"], choices["max_nodes"])
        assert steps.subgraph == choices["subgraph"]
        assert plan.disjoint == steps.disjoint
        assert type(plan)(**plan.to_dict()) == plan


@given(fanouts(most_hops=3) | metapaths())
def test_what_compiles_passes_the_rules_of_steps(plan):
    steps = plan.compile(SHOP, SHOP.node_types)
    check_steps(SHOP, steps)
    assert steps.hops == plan.hops_deep


def test_disjoint_is_the_older_word():
    for word, mode in ((True, "disjoint"), (False, "joint"), (None, "disjoint")):
        assert [plan.mode for plan in both(disjoint=word)] == [mode, mode]
    assert Fanout([1], disjoint=True, mode="tree").mode == "tree"
    assert Fanout([1], disjoint=False) == Fanout([1], mode="joint")


def test_plain_choices_are_written_as_ever():
    """Plans that were stored before there were modes read and write the same."""
    assert Fanout([4], disjoint=False).rules() == {"disjoint": False}
    assert Fanout([4]).rules() == {"disjoint": True}
    assert Fanout([4], subgraph="directional") == Fanout([4])
    assert Fanout([4], subgraph="induced").rules() == {"disjoint": True, "subgraph": "induced"}
    assert Fanout([4], mode="tree", strict=True, cutoff="path", max_nodes=np.int64(9)).rules() == {
        "disjoint": True, "mode": "tree", "strict": True, "cutoff": "path", "max_nodes": 9,
    }  # fmt: skip


def test_choices_in_words():
    words = Fanout([4], mode="tree", strict=True, cutoff="path", max_nodes=9999).rule_words()
    assert words == ["tree", "strictly before the anchor", "cutoffs along the path", "at most 9,999 nodes"]
    assert Fanout([4]).rule_words() == ["disjoint"]
    assert Fanout([4], subgraph="bidirectional").rule_words() == ["disjoint", "bidirectional"]
    assert Fanout([4], subgraph="bidirectional").rule_texts() == ["subgraph='bidirectional'"]
    assert Fanout([4]).rule_texts() == []
    assert Fanout([4], disjoint=False, strict=True).rule_texts() == ["mode='joint'", "strict=True"]


BAD = {
    "a sampling mode was asked for: got 'jiont'. Allowed: disjoint, joint, tree. Did you mean 'joint'?": {
        "mode": "jiont"
    },
    "got mode='tree' with disjoint=False. Allowed: one of the two. Leave disjoint out": {
        "mode": "tree",
        "disjoint": False,
    },
    "got mode='joint' with disjoint=True": {"mode": "joint", "disjoint": True},
    "strict was asked for: got 1. Allowed: True or False": {"strict": 1},
    "a cutoff was asked for: got 'edge'. Allowed: 'anchor' or 'path'": {"cutoff": "edge"},
    "a budget of nodes (max_nodes) was asked for: got 0. Allowed: 1 .. 2^31 - 1, or None": {"max_nodes": 0},
    "got 2147483648": {"max_nodes": 1 << 31},
    "got 1.5": {"max_nodes": 1.5},
    "got True": {"max_nodes": True},
    "got 'induce'. Allowed: 'directional', 'bidirectional', 'induced'. Did you mean 'induced'?": {
        "subgraph": "induce"
    },
    "an induced subgraph (all edges among its nodes) was asked for: the plan is a tree": {
        "mode": "tree",
        "subgraph": "induced",
    },
}


@pytest.mark.parametrize("message", BAD)
def test_choices_that_make_no_sense_are_refused(message):
    for make in (lambda **o: Fanout([4], **o), lambda **o: Metapaths(PATHS, **o)):
        with pytest.raises(FanoutError, match=re.escape(message)):
            make(**BAD[message])


@given(fanouts(most_hops=2) | metapaths(), rules)
def test_fields_are_replaced_and_nothing_else(plan, choices):
    changed = plan.with_choices(**choices)
    assert [getattr(changed, name) for name in choices] == list(choices.values())
    assert (
        changed.with_choices(mode=plan.mode, **{n: getattr(plan, n) for n in choices if n != "mode"}) == plan
    )
    assert plan.with_choices(disjoint=False).mode == "joint"
    assert plan.with_choices(disjoint=True).mode == ("disjoint" if plan.mode == "joint" else plan.mode)


def test_a_weight_goes_with_its_strategy():
    weighted = Fanout([4, 2], weight="amount", window=7)
    assert weighted.with_choices(strategy="recent") == Fanout([4, 2], strategy="recent", window=7)
    assert weighted.with_choices(hops=[1]) == Fanout([1], weight="amount", window=7)


def test_a_choice_that_is_none_is_refused():
    message = "choice 'metapath' of a Metapaths: there is no such choice. Allowed: mode, strict, cutoff, "
    message += "max_nodes, subgraph, metapaths, disjoint. Did you mean 'metapaths'?"
    with pytest.raises(FanoutError, match=re.escape(message)):
        Metapaths(PATHS).with_choices(metapath=[])
    with pytest.raises(FanoutError, match=r"choice 'hop' of a Fanout.*Did you mean 'hops'\?"):
        Fanout([4]).with_choices(hop=[3])


def test_what_is_no_plan_is_refused():
    for plan in both():
        expect_plan(plan, "a sample", "")
        assert isinstance(plan, SamplingPlan)
    for value, got in (([16, 8], "a list"), (Fanout, "the class Fanout"), (Draw(4), "a Draw")):
        message = f"a sample was asked for: got {got}. Allowed: a Fanout or Metapaths. Do so."
        with pytest.raises(FanoutError, match=re.escape(message)):
            expect_plan(value, "a sample", "Do so")


def test_edge_types_have_names():
    assert edge_name(BUYS, "here") == edge_name(tuple(BUYS), "here") == "orders-user_id->users"
    assert edge_name("a.b->c", "here") == "a.b->c"
    for value in (("a", "b"), ("a", "b", 3), "", None, 5, ["a", "b", "c"]):
        message = f"here: got {value!r}. Allowed: an edge type: 'src-rel->dst' or a triplet"
        with pytest.raises(FanoutError, match=re.escape(message)):
            edge_name(value, "here")


def test_unknown_edge_types_are_named_with_the_place():
    assert known_edge_type(SHOP, "orders.user_id->users", "hop 3") == BUYS
    with pytest.raises(
        FanoutError, match=r"hop 3 names 'order.user_id->users'\..*Did you mean 'orders-user_id"
    ):
        known_edge_type(SHOP, "order.user_id->users", "hop 3")


def test_steps_that_no_store_could_run_are_refused():
    step = Fanout([4]).compile(SHOP, ["users"]).steps[0]
    with pytest.raises(FanoutError, match="got window -1 us"):
        Fanout([4]).step_plan(SHOP, [replace(step, window=-1)])
