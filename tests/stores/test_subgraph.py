"""What can be asked of a sampled subgraph."""

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
