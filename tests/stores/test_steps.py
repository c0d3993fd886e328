"""Steps and their names in the draws."""

from workbench.schema import EdgeType
from workbench.stores.steps import ALL, Step, StepPlan, Strategy

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
