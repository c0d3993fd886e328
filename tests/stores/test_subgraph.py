"""What can be asked of a sampled subgraph."""

from dataclasses import replace

import numpy as np

from workbench.schema import EdgeType
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import Step, StepPlan
from workbench.stores.subgraph import SampledSubgraph

BUYS = EdgeType("orders", "user", "users")


def small(edge_id=(4, 5), **more) -> SampledSubgraph:
    plan = StepPlan((Step(1, BUYS, 2),), hops=1)
    return SampledSubgraph(
        request=SampleRequest((SeedSet.of("users", [7, 8], [10, 20]),), plan),
        snapshot=1,
        node_id={"users": np.array([7, 8]), "orders": np.array([4, 5])},
        batch={"users": np.array([0, 1], np.int32), "orders": np.array([0, 1], np.int32)},
        row={BUYS: np.array([0, 1], np.int32)},
        col={BUYS: np.array([0, 1], np.int32)},
        edge_id={BUYS: np.array(edge_id)},
        nodes_per_hop={"users": np.array([2, 0]), "orders": np.array([0, 2])},
        edges_per_hop={BUYS: np.array([2])},
        step_edges=np.array([2]),
        **more,
    )


def test_counts_anchors_and_hops():
    subgraph = small()
    assert (subgraph.num_nodes, subgraph.num_edges) == (4, 2)
    assert subgraph.node_anchors("orders").tolist() == [10, 20]
    assert subgraph.node_hops("orders").tolist() == [1, 1]
    assert subgraph.node_hops("users").tolist() == [0, 0]
    assert subgraph.edge_hops(BUYS).tolist() == [1, 1]


def test_equality_sees_every_array():
    assert small().same_as(small())
    assert not small().same_as(small(edge_id=(4, 6)))


def test_equality_sees_what_only_some_plans_have():
    for name, array, other in (
        ("edge_paths", {BUYS: np.array([1, 2], np.uint64)}, {BUYS: np.array([1, 3], np.uint64)}),
        ("cutoffs", {"users": np.array([10, 20])}, {"users": np.array([10, 19])}),
        ("dropped", np.array([0, 1]), np.array([0, 2])),
    ):
        first = small(**{name: array})
        assert first.same_as(small(**{name: array}))
        assert not first.same_as(small(**{name: other}))
        assert not first.same_as(small())
        assert not small().same_as(first)
    assert small(slow_draws=1).same_as(small())


def test_the_first_edges_of_a_hop_are_those_that_were_drawn():
    plan = StepPlan((Step(1, BUYS, 2), Step(2, BUYS, 1), Step(2, BUYS, 3)), hops=2, subgraph="induced")
    zeros = {BUYS: np.zeros(10, np.int32)}
    subgraph = small()
    more = replace(
        subgraph,
        request=replace(subgraph.request, plan=plan),
        row=zeros,
        col=zeros,
        edges_per_hop={BUYS: np.array([4, 6])},
        step_edges=np.array([3, 1, 2]),
    )
    assert more.edge_hops(BUYS).tolist() == [1] * 4 + [2] * 6
    assert more.is_drawn(BUYS).tolist() == [True] * 3 + [False] + [True] * 3 + [False] * 3
    assert subgraph.is_drawn(BUYS).all()


def test_printed_it_counts_hop_by_hop_and_leaves_out_what_is_empty():
    text = repr(small(dropped=np.array([0, 3])))
    assert (
        text.splitlines()[0]
        == "SampledSubgraph of 2 seeds, disjoint: 4 nodes, 2 edges; max_nodes dropped 3 draws"
    )
    counts = {line.split()[0]: line.split(maxsplit=1)[1] for line in text.splitlines()[1:]}
    assert counts == {"users": "2 = 2 + 0", "orders": "2 = 0 + 2", "orders-user->users": "2 = 2"}
    empty = replace(small(), nodes_per_hop={"users": np.array([2, 0]), "orders": np.array([0, 0])})
    assert "\n  orders " not in repr(empty)


def test_bytes_are_those_of_all_arrays():
    plain = small()
    wanted = sum(array.nbytes for part in ("node_id", "batch", "row", "col", "edge_id")
                 for array in getattr(plain, part).values())  # fmt: skip
    cutoffs = {name: np.zeros(len(ids), np.int64) for name, ids in plain.node_id.items()}
    assert plain.nbytes == wanted
    assert small(cutoffs=cutoffs).nbytes == wanted + 8 * plain.num_nodes
