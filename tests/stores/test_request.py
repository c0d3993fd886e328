"""Seeds and requests are checked where they are made."""

import datetime as dt

import numpy as np
import pytest

from workbench.errors import AnchorError, FanoutError, IdError, SchemaError
from workbench.schema import EdgeType
from workbench.stores.request import HiddenEdges, SampleRequest, SeedSet
from workbench.stores.steps import StepPlan
from workbench.temporal import FOREVER
from workbench.testing.graphs import toy_shop


def test_one_anchor_is_spread_and_none_means_static():
    seeds = SeedSet.of("users", [3, 1, 3], 7)
    assert seeds.ids.tolist() == [3, 1, 3]
    assert seeds.anchors.tolist() == [7, 7, 7]
    assert seeds.input_ids.tolist() == [0, 1, 2]
    assert SeedSet.of("users", [1]).anchors.tolist() == [FOREVER]
    assert len(SeedSet.of("users", [])) == 0


@pytest.mark.parametrize("bad", [[0.5], [1, 2], 3])
def test_input_ids_are_one_integer_per_seed(bad):
    with pytest.raises(IdError, match="one integer per seed"):
        SeedSet.of("users", [7], None, bad)


TOO_LARGE = np.array([1 << 63], np.uint64)


@pytest.mark.parametrize(
    "bad", [[0.5], [[1, 2]], ["a"], [True, False], [1, None], TOO_LARGE, np.array([1], "timedelta64[us]")]
)
def test_seeds_that_are_no_ids_are_refused(bad):
    with pytest.raises(IdError, match="one-dimensional array of integers"):
        SeedSet.of("users", bad)


@pytest.mark.parametrize(
    "bad", [[1, 2], [1.5], ["2010-01-01"], True, TOO_LARGE, 1 << 63, np.array([5], "timedelta64[us]")]
)
def test_anchors_of_a_wrong_form_are_refused(bad):
    with pytest.raises(AnchorError, match="one int64 of microseconds, or one per seed"):
        SeedSet.of("users", [1], bad)


@pytest.mark.parametrize(
    "given",
    [
        "1970-01-03",
        "1970-01-03T02:00+02:00",
        dt.date(1970, 1, 3),
        dt.datetime(1970, 1, 3, tzinfo=dt.UTC),
        np.datetime64("1970-01-03"),
        np.array(["1970-01-03"] * 2, "datetime64[s]"),
        np.array(["1970-01-03"] * 2, "datetime64[ns]"),
        2 * 86_400_000_000,
    ],
)
def test_anchors_may_be_any_instant(given):
    assert SeedSet.of("users", [3, 4], given).anchors.tolist() == [2 * 86_400_000_000] * 2


def test_a_missing_anchor_and_a_node_type_that_is_no_name_are_refused():
    with pytest.raises(AnchorError, match=r"an instant was asked for: got np\.datetime64"):
        SeedSet.of("users", [3], np.array(["NaT"], "datetime64[us]"))
    with pytest.raises(IdError, match="seeds of a node type was asked for: got a NoneType"):
        SeedSet.of(None, [3])


def test_a_joint_request_with_two_anchors_is_refused():
    joint = StepPlan((), 1, disjoint=False)
    two = SeedSet.of("users", [1, 2], [5, 6])
    with pytest.raises(AnchorError, match="2 different anchor times"):
        SampleRequest((two,), joint).check_anchors()
    SampleRequest((SeedSet.of("users", [1, 2], 5),), joint).check_anchors()
    SampleRequest((two,), StepPlan((), 1, disjoint=True)).check_anchors()
    SampleRequest((SeedSet.of("users", []),), joint).check_anchors()


def test_requests_number_seeds_over_all_sets():
    request = SampleRequest((SeedSet.of("a", [1, 2], 5), SeedSet.of("b", [3], 6)), StepPlan((), 1))
    assert len(request) == 3
    assert request.anchors.tolist() == [5, 5, 6]
    assert len(SampleRequest((), StepPlan((), 1)).anchors) == 0


def test_ids_beyond_int32_survive():
    big = np.array([2**40], np.int64)
    assert SeedSet.of("a", big).ids.tolist() == [2**40]


def hidden(offsets, rows, edge_type=("users", "ratings", "products")):
    return HiddenEdges(EdgeType(*edge_type), np.asarray(offsets), np.asarray(rows))


def test_hidden_edges_are_a_list_per_seed():
    edges = hidden([0, 2, 2, 3], [1, 4, 0])
    assert [edges.of(seed).tolist() for seed in range(3)] == [[1, 4], [], [0]]
    edges.check(3, toy_shop().schema)
    assert [str(each) for each in edges.edge_types(toy_shop().schema)] == [
        "users-ratings->products",
        "products-rev_ratings->users",
    ]
    fact = hidden([0], [], ("orders", "user_id", "users")).edge_types(toy_shop().schema)
    assert [str(each) for each in fact] == ["orders-user_id->users", "users-rev_user_id->orders"]


@pytest.mark.parametrize(
    ("offsets", "rows", "message"),
    [
        ([0, 1], [1], "int64 edge ids and 3 int64 offsets"),
        ([0, 1, 2], [1], "ascend from 0 to their number"),
        ([0, 2, 1], [1], "ascend from 0"),
        ([0, 1, 2], [1.0, 2.0], "of float64"),
        ([0, 2, 2], [3, 3], "negative or out of order"),
        ([0, 2, 2], [4, 3], "negative or out of order"),
        ([0, 1, 2], [-1, 3], "negative or out of order"),
    ],
)
def test_hidden_edges_of_a_wrong_form_are_refused(offsets, rows, message):
    with pytest.raises(IdError, match=message):
        hidden(offsets, rows).check(2, toy_shop().schema)


def test_edge_types_that_cannot_be_hidden():
    with pytest.raises(SchemaError, match="users-rating->products"):
        hidden([0], [], ("users", "rating", "products")).check(0, toy_shop().schema)


def test_hidden_edges_of_nodes():
    hidden = HiddenEdges(EdgeType("a", "r", "b"), np.array([0, 2, 2, 3]), np.array([4, 7, 4]))
    offsets, rows = hidden.of_each(np.array([2, 0, 1, 0]))
    assert (offsets.tolist(), rows.tolist()) == ([0, 1, 3, 3, 5], [4, 4, 7, 4, 7])
    offsets, rows = hidden.of_all(2)
    assert (offsets.tolist(), rows.tolist()) == ([0, 2, 4], [4, 7, 4, 7])
    assert [part.tolist() for part in hidden.of_each(np.array([], np.int64))] == [[0], []]


SEEDS, PLAN = SeedSet.of("users", [1]), StepPlan((), 1)
HIDDEN = HiddenEdges(EdgeType("a", "b", "c"), np.array([0, 0]), np.empty(0, np.int64))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            (SEEDS, PLAN),
            r"a sample of seeds was asked for: got a SeedSet\. Allowed: a tuple",
        ),
        (((3,), PLAN), "a sample of seeds was asked for: got a int"),
        (
            ((SEEDS,), None),
            r"a plan of steps was asked for: got a NoneType\. Allowed: a StepPlan",
        ),
        (((SEEDS,), PLAN, "a"), "a sampling key was asked for: got 'a'"),
        (((SEEDS,), PLAN, 1.5), "a sampling key was asked for: got 1.5"),
        (((SEEDS,), PLAN, 0, HIDDEN), "a sample of hidden edges was asked for: got a HiddenEdges"),
        (((SEEDS,), PLAN, 0, (3,)), "a sample of hidden edges was asked for: got a int"),
    ],
)
def test_requests_are_made_of_what_they_say(parts, message):
    with pytest.raises((IdError, FanoutError), match=message):
        SampleRequest(*parts)
    assert len(SampleRequest([SEEDS], PLAN, np.int64(3), [HIDDEN])) == 1
