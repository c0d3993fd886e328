"""One hop further, against the plain sampler with the same key, and what stays hidden."""

from dataclasses import replace

import numpy as np
import pytest

from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.sampling.further import FEW, MOST, sample_further
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HiddenEdges, SampleRequest, SeedSet
from workbench.testing.graphs import DAY, random_graph, toy_shop

ORDERS = "orders-user_id->users"


@pytest.fixture(scope="module")
def graph():
    return RamGraph(toy_shop())


def request(graph, fanout, day=10):
    plan = fanout.compile(graph.schema, ["users"])
    return SampleRequest((SeedSet.of("users", np.array([0, 1]), day * DAY),), plan, 7)


def test_a_seed_goes_where_the_first_hop_went(graph):
    asked = request(graph, Fanout([{ORDERS: 2}, {"default": 3}]))
    found = sample_further(graph, asked, "users", 1, 10 * DAY, seed=1)
    first = replace(asked, seed_sets=(SeedSet.of("users", np.array([1]), 10 * DAY),))
    alone = graph.sample(replace(first, plan=Fanout([{ORDERS: 2}]).compile(graph.schema, ["users"])))
    edge_type = graph.schema.edge_type(ORDERS)
    assert found.edge_id[edge_type].tolist() == alone.edge_id[edge_type].tolist()
    fanouts = {str(step.edge_type): step.fanout for step in found.request.plan}
    assert fanouts.pop(ORDERS) == 2
    assert set(fanouts.values()) <= {FEW, 3}  # edge types into users that no hop follows, or the second


def test_every_neighbour_is_visible_and_bounded():
    graph = RamGraph(random_graph(np.random.default_rng(5)))
    kind = graph.schema.node_types[0]
    plan = Fanout([-1, 0.5]).compile(graph.schema, [kind])
    for node in range(min(graph.num_nodes(kind), 5)):
        asked = SampleRequest((SeedSet.of(kind, np.array([node]), 50),), plan)
        found = sample_further(graph, asked, kind, node, 50, seed=0, hop=1)
        assert all(step.hop == 1 and 0 < step.fanout <= MOST for step in found.request.plan)
        for name, ids in found.node_id.items():
            times = graph.times(name)
            assert times is None or (times[ids[int(name == kind) :]] <= 50).all()


def test_steps_of_metapaths_are_followed_as_plain_ones(graph):
    paths = Metapaths([Metapath(ORDERS, "products-rev_product_id->orders", fanouts=[3, 2])])
    found = sample_further(graph, request(graph, paths), "orders", 0, 10 * DAY, seed=0, hop=1)
    assert {str(s.edge_type): s.fanout for s in found.request.plan}["products-rev_product_id->orders"] == 2
    assert all((step.parent, step.paths) == (None, 0) for step in found.request.plan)


@pytest.mark.parametrize("seed", [0, -1])
def test_what_is_hidden_from_the_seed_stays_hidden(graph, seed):
    asked = request(graph, Fanout([-1]))
    edge_type = graph.schema.edge_type(ORDERS)
    free = sample_further(graph, asked, "users", 0, 10 * DAY, seed=seed)
    gone = np.sort(free.edge_id[edge_type]).astype(np.int64)[:1]
    hidden = HiddenEdges(edge_type, np.array([0, 1, 1]), gone)
    found = sample_further(graph, replace(asked, hidden=(hidden,)), "users", 0, 10 * DAY, seed=seed)
    assert set(found.edge_id[edge_type].tolist()) == set(free.edge_id[edge_type].tolist()) - set(
        gone.tolist()
    )
