"""The door: each refusal says what was asked, what was got, what is allowed and what to do."""

from dataclasses import replace

import numpy as np
import pytest
from stars import ORDERS, request_of

from workbench.errors import AnchorError, FanoutError, IdError, StoreError
from workbench.schema import EdgeType
from workbench.stores.door import check_hop, check_request
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HopRequest, SampleRequest, SeedSet
from workbench.stores.steps import Step, StepPlan
from workbench.testing.graphs import DAY, toy_shop

GRAPH = RamGraph(toy_shop())
STEP = Step(1, ORDERS, 2)


def with_seeds(**changes):
    seeds = replace(SeedSet.of("users", np.array([0, 1]), DAY), **changes)
    return SampleRequest((seeds,), StepPlan((STEP,), 1))


def with_step(**changes):
    return request_of([replace(STEP, **changes)], [0], DAY)


UNKNOWN = EdgeType("a", "b", "users")

BAD_REQUESTS = {
    r"id 7 at position 1 is out of range \(1 of 2 are\). Allowed: 0 \.\. 2": (
        IdError,
        with_seeds(ids=np.array([0, 7])),
    ),
    r"id -1 at position 0 is out of range": (IdError, with_seeds(ids=np.array([-1, 0]))),
    r"engine.node_ids\(type, keys\)": (IdError, with_seeds(ids=np.array([3, 3]))),
    r"dtype float64, shape \(2,\). Allowed: int64 ids": (IdError, with_seeds(ids=np.array([0.0, 1.0]))),
    r"dtype uint32": (IdError, with_seeds(ids=np.array([0, 1], np.uint32))),
    r"no such node type. Allowed: users, products, orders. Did you mean 'users'": (
        IdError,
        with_seeds(node_type="user"),
    ),
    r"no such node type": (IdError, with_seeds(node_type="ratings")),
    r"anchors of seeds of type 'users': got dtype int64, shape \(1,\)": (
        AnchorError,
        with_seeds(anchors=np.array([DAY])),
    ),
    r"anchors of .* got dtype float64": (AnchorError, with_seeds(anchors=np.array([0.5, 1]))),
    r"input_ids of seeds": (IdError, with_seeds(input_ids=np.array([1]))),
    r"hop 1 names edge type 'a-b->users'.*not have it": (FanoutError, with_step(edge_type=UNKNOWN)),
    r"got fanout 0. Allowed: 1 \.\. 2\^31 - 1, or -1": (FanoutError, with_step(fanout=0)),
    r"got fanout -2": (FanoutError, with_step(fanout=-2)),
    r"got fanout 2147483648": (FanoutError, with_step(fanout=1 << 31)),
    r"got window 0 us": (FanoutError, with_step(window=0)),
    r"a sampling key was asked for: got -1": (FanoutError, request_of([STEP], [0], DAY, key=-1)),
}


@pytest.mark.parametrize("message", BAD_REQUESTS)
def test_bad_requests(message):
    error, request = BAD_REQUESTS[message]
    with pytest.raises(error, match=message):
        check_request(GRAPH, request, None)


def test_steps_must_follow_their_hops():
    late = request_of([replace(STEP, hop=2), STEP], [0], DAY)
    with pytest.raises(
        FanoutError, match="a step at hop 1 was asked for: it follows hop 2 in a plan of 2 hops"
    ):
        check_request(GRAPH, late, None)


def test_one_set_per_type():
    seeds = with_seeds().seed_sets[0]
    with pytest.raises(IdError, match="one set of seeds per node type"):
        check_request(GRAPH, SampleRequest((seeds, seeds), StepPlan((STEP,), 1)), None)


def test_two_anchors_in_a_joint_batch():
    request = with_seeds(anchors=np.array([1, 2]) * DAY)
    check_request(GRAPH, request, None)
    joint = replace(request, plan=replace(request.plan, disjoint=False))
    with pytest.raises(AnchorError, match=r"its seeds have 2 different anchor times.*disjoint=True"):
        check_request(GRAPH, joint, None)


def test_another_snapshot():
    check_request(GRAPH, with_seeds(), 1)
    with pytest.raises(StoreError, match="snapshot 2 was asked for: this store reads snapshot 1"):
        check_request(GRAPH, with_seeds(), 2)


def test_bad_hops():
    nodes, keys = np.array([0, 2]), np.zeros(2, np.uint64)
    good = HopRequest(STEP, nodes, nodes, keys)
    check_hop(GRAPH, good, None)
    for error, bad in (
        (IdError, replace(good, nodes=np.array([0, 3]))),
        (IdError, replace(good, keys=keys.astype(np.int64))),
        (IdError, replace(good, keys=keys[:1])),
        (AnchorError, replace(good, anchors=nodes[:1])),
        (FanoutError, replace(good, step=replace(STEP, fanout=0))),
    ):
        with pytest.raises(error):
            check_hop(GRAPH, bad, None)


def test_a_type_without_nodes_allows_no_seed():
    empty = replace(toy_shop(), num_rows={**toy_shop().num_rows, "users": 0})
    with pytest.raises(IdError, match="none: the type has no nodes"):
        check_request(_Sizes(empty), with_seeds(), None)


class _Sizes:
    """Just enough of a store for the door."""

    snapshot = 1

    def __init__(self, arrays):
        self.schema, self.num_nodes = arrays.schema, arrays.num_rows.__getitem__


@pytest.mark.parametrize("part", ["ids", "anchors", "input_ids"])
def test_lists_are_no_arrays(part):
    seeds = replace(SeedSet.of("users", [1], 5), **{part: [1]})
    with pytest.raises((IdError, AnchorError), match=r"got a list\. Allowed: int64 .*SeedSet\.of"):
        RamGraph(toy_shop()).sample(SampleRequest((seeds,), StepPlan((), 1)))


@pytest.mark.parametrize("request_", [None, SeedSet.of("users", [1]), SampleRequest])
def test_what_is_no_request_is_refused(request_):
    with pytest.raises(IdError, match=r"a sample of a graph was asked for: got .* Allowed: a SampleRequest"):
        RamGraph(toy_shop()).sample(request_)
