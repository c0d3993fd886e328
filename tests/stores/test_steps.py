"""Steps and their names in the draws."""

from dataclasses import replace

import numpy as np
import pytest

from workbench.errors import SchemaError
from workbench.schema import EdgeType
from workbench.stores.steps import ALL, FORMS, Step, StepPlan, Strategy, both_ways
from workbench.testing.graphs import random_rows, toy_shop

BUYS = EdgeType("orders", "user_id", "users")


def test_salt_is_made_of_names_and_frozen():
    # A changed salt changes every sample that anyone has drawn: this value may never move.
    assert Step(1, BUYS, 16).salt == 0x39D7747657DDDED2
    assert Step(1, BUYS, 16).salt == Step(1, BUYS, ALL, Strategy.RECENT, temporal=False).salt
    salts = {Step(hop, EdgeType(a, "r", b), 1).salt for hop in (1, 2, 3) for a in "abc" for b in "abc"}
    assert len(salts) == 27


def test_plan_iterates_its_steps():
    steps = (Step(1, BUYS, 4), Step(2, BUYS, 2))
    plan = StepPlan(steps, hops=2)
    assert tuple(plan) == steps
    assert len(plan) == 2
    assert plan.disjoint


def recent(hop: int, src: str, dst: str, fanout: int = 4) -> Step:
    return Step(hop, EdgeType(src, "r", dst), fanout, Strategy.RECENT)


def test_sharing_is_exact_only_where_every_type_is_expanded_alike():
    tree = StepPlan((recent(1, "orders", "users"), recent(2, "items", "orders")), 2, disjoint=False)
    assert tree.sharing_is_exact(["users"])
    back = StepPlan((*tree.steps, recent(2, "users", "orders")), 2, disjoint=False)
    assert back.sharing_is_exact(["users"])  # users found at the last hop are expanded no more
    deeper = StepPlan((*back.steps, recent(3, "orders", "items")), 3, disjoint=False)
    assert not deeper.sharing_is_exact(["users"])  # users of hop 2 are not expanded, those of hop 0 are
    alike = StepPlan((*deeper.steps, recent(3, "orders", "users")), 3, disjoint=False)
    assert alike.sharing_is_exact(["users"])
    wider = StepPlan((*deeper.steps, recent(3, "orders", "users", 5)), 3, disjoint=False)
    assert not wider.sharing_is_exact(["users"])


def test_random_draws_are_never_shared_exactly_unless_all_are_taken():
    edge_type = EdgeType("orders", "r", "users")
    assert not StepPlan((Step(1, edge_type, 4),), 1).sharing_is_exact(["users"])
    assert StepPlan((Step(1, edge_type, ALL),), 1).sharing_is_exact(["users"])


SEES = EdgeType("items", "rev_item_id", "orders")


def test_salts_of_metapaths_are_made_of_their_whole_path_and_frozen():
    steps = (
        Step(1, BUYS, 4, paths=3),
        Step(2, SEES, 1, parent=0, paths=1),
        Step(2, SEES, 2, parent=0, paths=2),
    )
    plan = StepPlan(steps, 2)
    assert plan.by_path
    assert plan.salts[0] == Step(1, BUYS, 4).salt  # a path of one is named as a fanout's step is
    assert plan.salts[1] == plan.salts[2] == 0x0AE1A7228B0999A0
    assert plan.salts[1] != steps[1].salt


def test_salts_of_a_fanout_are_those_of_its_steps():
    plan = StepPlan((Step(1, BUYS, 4), Step(2, SEES, 2)), 2)
    assert not plan.by_path
    assert plan.salts == tuple(step.salt for step in plan)


def test_options_move_no_salt():
    plain = Step(2, BUYS, 4)
    assert plain.salt == Step(2, BUYS, ALL, Strategy.DECAY, True, 9, 0.1, False, None, 7).salt


def test_what_a_batch_decides_is_never_shared_exactly():
    every = (Step(1, BUYS, ALL),)
    assert StepPlan(every, 1, strict=True, cutoff="path").sharing_is_exact(["users"])
    for rules in ({"tree": True}, {"max_nodes": 9}):
        assert not StepPlan(every, 1, **rules).sharing_is_exact(["users"])
    assert not StepPlan((Step(1, BUYS, ALL, paths=1),), 1).sharing_is_exact(["users"])
    share = Step(1, BUYS, ALL, fraction=0.5)
    assert not StepPlan((share,), 1).sharing_is_exact(["users"])
    assert StepPlan((Step(1, BUYS, ALL, Strategy.RECENT, fraction=0.5),), 1).sharing_is_exact(["users"])


def test_both_ways_share_their_rows_and_swap_their_ends():
    for seed in range(60):
        schema = random_rows(np.random.default_rng(seed)).schema
        for name in schema.edge_types:
            there, back = both_ways(schema, name)
            assert there == name
            assert (back.src, back.dst) == (name.dst, name.src)
            assert both_ways(schema, back) == (back, name)
            assert schema.edge_spec(back).table == schema.edge_spec(name).table
    with pytest.raises(SchemaError, match="the schema does not have it"):
        both_ways(schema, EdgeType("a", "b", "c"))


def test_a_plan_knows_which_edge_types_its_subgraphs_have():
    schema = toy_shop().schema
    names = [schema.edge_type(n) for n in ("users-ratings->products", "orders-user_id->users")]
    plan = StepPlan(tuple(Step(1, name, 2) for name in names), 1)
    assert plan.edge_types(schema) == tuple(name for name in schema.edge_types if name in names)
    for form in FORMS[1:]:
        backs = {both_ways(schema, name)[1] for name in names}
        both = replace(plan, subgraph=form).edge_types(schema)
        assert both == tuple(name for name in schema.edge_types if name in {*names, *backs})
        assert len(both) == 4


def test_the_form_is_part_of_the_plan():
    plan = StepPlan((recent(1, "orders", "users"),), 1, disjoint=False)
    forms = [replace(plan, subgraph=form) for form in FORMS]
    assert len({*map(hash, forms)}) == len({*forms}) == 3
    assert [each.sharing_is_exact(["users"]) for each in forms] == [True, False, False]
