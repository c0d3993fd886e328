"""What no store could run is refused, and says which step, what it had and what is allowed."""

from dataclasses import replace

import pytest

from workbench.errors import FanoutError
from workbench.schema import Column, EdgeType, ForeignKey, Schema, Stype, Table
from workbench.stores.step_rules import check_one, check_steps
from workbench.stores.steps import ALL, Step, StepPlan, Strategy

ID = Column("id", Stype.ID, "int64")
ORDER_COLUMNS = (
    ID,
    Column("at", Stype.TIMESTAMP, "timestamp[us]"),
    Column("amount", Stype.NUMERICAL, "double"),
    Column("items", Stype.CATEGORICAL, "int32"),
    Column("note", Stype.TEXT, "string"),
    Column("guess", Stype.NUMERICAL),
    Column("price", Stype.NUMERICAL, "DOUBLE"),
    Column("rank", Stype.CATEGORICAL, "UTINYINT"),
)
SCHEMA = Schema(
    (
        Table("users", (ID,), "id", None, None, (ForeignKey("city", "cities"),)),
        Table("cities", (ID,), "id"),
        Table("orders", ORDER_COLUMNS, "id", "at", None, (ForeignKey("user", "users"),)),
    )
)
BUYS, BOUGHT = EdgeType("orders", "user", "users"), EdgeType("users", "rev_user", "orders")
HOME = EdgeType("cities", "rev_city", "users")
STEP = Step(1, BUYS, 8)
W, D = Strategy.WEIGHTED, Strategy.DECAY

GOOD = {
    "share": {"fraction": 0.1, "fanout": ALL},
    "capped share": {"fraction": 0.5, "fanout": 3},
    "replaced": {"replace": True},
    "weighted": {"strategy": W, "weight": "amount"},
    "weighted by whole numbers": {"strategy": W, "weight": "items", "replace": True},
    "weighted, type unknown": {"strategy": W, "weight": "guess"},
    "weighted, as inferred": {"strategy": W, "weight": "price"},
    "weighted by codes, as inferred": {"strategy": W, "weight": "rank"},
    "ageing": {"strategy": D, "half_life": 1, "window": 5},
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_possible_passes(name):
    check_one(SCHEMA, replace(STEP, **GOOD[name]))


BAD = {
    r"hop 1, orders-user->users: got fraction 1\.0\. Allowed: a share between 0 and 1": {"fraction": 1.0},
    r"got fraction -0\.5": {"fraction": -0.5},
    r"got fraction nan": {"fraction": float("nan")},
    r"every neighbour was to be drawn with replacement. Allowed: a number": {"fanout": ALL, "replace": True},
    r"a fraction of 0\.5 was to be drawn with replacement": {"fraction": 0.5, "replace": True},
    r"the most recent were to be drawn with repl": {"strategy": Strategy.RECENT, "replace": True},
    r"got strategy 9. Allowed: UNIFORM, RECENT, WEIGHTED, DECAY": {"strategy": 9},
    r"strategy WEIGHTED with weight None": {"strategy": W},
    r"strategy UNIFORM with weight 'amount'": {"weight": "amount"},
    r"strategy DECAY with half_life None": {"strategy": D},
    r"strategy UNIFORM with half_life 5": {"half_life": 5},
    r"got half_life 0 us": {"strategy": D, "half_life": 0},
    r"is weighted\. column 'amont' of table 'orders'.*Did you mean 'amount'\? Where only some": {
        "strategy": W,
        "weight": "amont",
    },
    r"orders\.note is text \(string\)\. Allowed: a column of numbers: amount, guess": {
        "strategy": W,
        "weight": "note",
    },
    r"orders\.id is id": {"strategy": W, "weight": "id"},
    r"orders\.at is timestamp": {"strategy": W, "weight": "at"},
    r"by their age, but its edge times are waived": {"strategy": D, "half_life": 5, "temporal": False},
    r"hop 1, cities-rev_city->users: .*table 'users' has no time": {
        "strategy": D,
        "half_life": 5,
        "edge_type": HOME,
    },
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_impossible_is_refused(message):
    with pytest.raises(FanoutError, match=message):
        check_one(SCHEMA, replace(STEP, **BAD[message]))


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"tree": True, "disjoint": False}, r"a tree .* was asked for: disjoint is False"),
        ({"cutoff": "time"}, r"a cutoff was asked for: got 'time'. Allowed: 'anchor' or 'path'"),
        ({"max_nodes": 0}, r"max_nodes\) was asked for: got 0\. Allowed: 1"),
        ({"max_nodes": 1 << 31}, r"got 2147483648"),
        (
            {"subgraph": "both"},
            r"a form of subgraph was asked for: got 'both'. Allowed: 'directional', 'bidir",
        ),
        ({"subgraph": "induced", "tree": True}, r"an induced subgraph .* was asked for: the plan is a tree"),
    ],
)
def test_rules_of_the_whole_plan(rules, message):
    fine = StepPlan((STEP,), 1, tree=True, strict=True, cutoff="path", max_nodes=1, subgraph="bidirectional")
    check_steps(SCHEMA, fine)
    check_steps(SCHEMA, replace(fine, tree=False, subgraph="induced"))
    with pytest.raises(FanoutError, match=message):
        check_steps(SCHEMA, StepPlan((STEP,), 1, **rules))


def paths(*changes: dict) -> StepPlan:
    """users <- orders <- users and users <- cities, with changes per step."""
    steps = [
        Step(1, BUYS, 4, paths=0b011),
        Step(1, HOME, 2, paths=0b100),
        Step(2, BOUGHT, 1, parent=0, paths=0b001),
        Step(2, BOUGHT, 1, Strategy.RECENT, parent=0, paths=0b010),
        Step(3, HOME, 1, parent=2, paths=0b001),
    ]
    for number, change in enumerate(changes):
        steps[number] = replace(steps[number], **change)
    return StepPlan(tuple(steps), 3)


def test_a_plan_of_metapaths_passes():
    check_steps(SCHEMA, paths())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([{}, {"paths": 0}], r"hop 1, cities-rev_city->users: step 1 has path mask 0x0"),
        ([{"paths": 1 << 64}], r"path mask 0x1(0){16}"),
        ([{"parent": 0}], r"step 0 has parent 0\. Allowed: no parent"),
        (
            [{}, {}, {"parent": None}],
            r"hop 2, .*step 2 has parent None\. Allowed: an earlier step of the hop",
        ),
        ([{}, {}, {"parent": 3}], r"step 2 has parent 3"),
        ([{}, {}, {"parent": -1}], r"step 2 has parent -1"),
        ([{}, {}, {}, {}, {"parent": 0}], r"step 4 has parent 0"),
        (
            [{}, {}, {"parent": 1, "paths": 4}],
            r"its parent step 1 draws 'cities' along 'cities-rev_city->users'",
        ),
        ([{}, {}, {"paths": 0b101}], r"serves paths 0x5, its parent only 0x3"),
    ],
)
def test_parents_and_masks_must_fit(changes, message):
    with pytest.raises(FanoutError, match=message):
        check_steps(SCHEMA, paths(*changes))


def test_a_fanout_plan_has_no_parents():
    with pytest.raises(FanoutError, match=r"step 1 has parent 0 but no path"):
        check_steps(SCHEMA, StepPlan((STEP, Step(2, BOUGHT, 1, parent=0)), 2))


def test_a_plan_of_metapaths_has_at_most_64_steps():
    steps = tuple(Step(1, BUYS, k + 1, paths=1) for k in range(65))
    check_steps(SCHEMA, StepPlan(steps[:64], 1))
    with pytest.raises(FanoutError, match=r"it has 65 steps\. Allowed: at most 64"):
        check_steps(SCHEMA, StepPlan(steps, 1))
    check_steps(SCHEMA, StepPlan(tuple(replace(step, paths=0) for step in steps), 1))
