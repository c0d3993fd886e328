"""The driver by hand: a sample worked out on paper, the keys frozen, any store with sample_hop."""

import numpy as np
from stars import ORDERS, request_of

from workbench.schema import EdgeType
from workbench.stores.hop_answer import answer_hop
from workbench.stores.hop_driver import HopDriver, name_salt, request_keys
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import ALL, Step, StepPlan, Strategy
from workbench.testing.graphs import DAY, toy_shop

BACK = EdgeType("users", "rev_user_id", "orders")
SOLD = EdgeType("products", "rev_product_id", "orders")
BUYERS = EdgeType("users", "ratings", "products")


class Plain:
    """A store that answers hops and nothing else."""

    def __init__(self, arrays):
        self.arrays, self.schema, self.snapshot, self.id_dtype = arrays, arrays.schema, 7, arrays.id_dtype

    def num_nodes(self, node_type):
        return self.arrays.num_rows[node_type]

    def sample_hop(self, request, snapshot=None):
        return answer_hop(self.arrays, request)


def sample(steps, ids, anchor, **options):
    return HopDriver(Plain(toy_shop())).sample(request_of(steps, ids, anchor, **options))


STEPS = [Step(1, ORDERS, ALL), Step(2, SOLD, ALL), Step(3, BUYERS, 1, Strategy.RECENT)]


def test_two_seeds_on_day_three_worked_out_by_hand():
    # user 0 bought product 0 (day 1) and 1 (day 2); user 1 bought product 0 (day 2);
    # product 1 was rated by user 0 (day 2) and user 1 (day 3), product 0 only on day 5
    subgraph = sample(STEPS, [0, 1], 3 * DAY)
    assert subgraph.node_id["users"].tolist() == [0, 1, 1]
    assert subgraph.batch["users"].tolist() == [0, 1, 0]
    assert subgraph.node_id["orders"].tolist() == [0, 2, 1]
    assert subgraph.node_id["products"].tolist() == [0, 1, 0]
    assert subgraph.batch["products"].tolist() == [0, 0, 1]
    assert subgraph.row[ORDERS].tolist() == [0, 1, 2]
    assert subgraph.col[ORDERS].tolist() == [0, 0, 1]
    assert subgraph.edge_id[SOLD].tolist() == [0, 2, 1]
    assert (subgraph.row[BUYERS].tolist(), subgraph.col[BUYERS].tolist()) == ([2], [1])
    assert subgraph.edge_id[BUYERS].tolist() == [1]
    assert subgraph.nodes_per_hop["users"].tolist() == [2, 0, 0, 1]
    assert subgraph.edges_per_hop[BUYERS].tolist() == [0, 0, 1]
    assert subgraph.step_edges.tolist() == [3, 3, 1]
    assert subgraph.snapshot == 7


def test_joint_seeds_share_their_nodes():
    subgraph = sample(STEPS, [0, 1], 3 * DAY, disjoint=False)
    assert subgraph.node_id["products"].tolist() == [0, 1]
    assert subgraph.batch["products"].tolist() == [-1, -1]
    assert subgraph.node_id["users"].tolist() == [0, 1]  # the drawn rater is the second seed
    assert subgraph.row[BUYERS].tolist() == [1]


def test_a_seed_given_twice_is_found_as_the_first():
    subgraph = sample([Step(1, ORDERS, ALL), Step(2, BACK, 1)], [1, 1], 3 * DAY, disjoint=False)
    assert subgraph.node_id["users"].tolist() == [1, 1]
    assert subgraph.batch["users"].tolist() == [0, 1]
    assert subgraph.row[ORDERS].tolist() == [0, 0]
    assert subgraph.col[ORDERS].tolist() == [0, 1]
    assert subgraph.row[BACK].tolist() == [0]


def test_keys_are_frozen():
    """Draws are part of the contract: a stored prediction can be repeated only while these stand."""
    assert name_salt("users") == 0x42288471628C3333
    seeds = SeedSet.of("users", np.array([5, 5, 6]), np.array([1, 1, 1]))
    disjoint = request_keys(SampleRequest((seeds,), StepPlan((), 1), 3))
    assert disjoint[0] == disjoint[1] != disjoint[2]
    assert disjoint.tolist() == FROZEN_DISJOINT
    joint = request_keys(SampleRequest((seeds,), StepPlan((), 1, disjoint=False), 3))
    assert joint.tolist() == FROZEN_JOINT


FROZEN_DISJOINT = [13505328267964933521, 13505328267964933521, 13496317651995591910]
FROZEN_JOINT = [8503945588219334051]


def test_no_seed_sets_have_no_keys():
    assert len(request_keys(SampleRequest((), StepPlan((), 1), 3))) == 0
    assert len(request_keys(SampleRequest((), StepPlan((), 1, disjoint=False), 3))) == 1
