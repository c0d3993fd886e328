"""NeighborSampler passes the shipped contract over the RAM graph and over two shards."""

import numpy as np
import pytest

from workbench.errors import FanoutError, IdError
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SeedSet
from workbench.stores.sharded_graph import ShardedGraph
from workbench.testing.graphs import toy_shop
from workbench.testing.sampler_suite import SamplerSuite


class TestRamGraph(SamplerSuite):
    def make_graph(self, arrays):
        return RamGraph(arrays)


class TestTwoShards(SamplerSuite):
    def make_graph(self, arrays):
        return ShardedGraph(arrays, shards=2)


def test_a_plan_is_compiled_once_per_seed_type():
    sampler = NeighborSampler(RamGraph(toy_shop()), Fanout([2, 2]))
    assert sampler.plan("users") is sampler.plan("users")
    assert sampler.plan("users") != sampler.plan("products")


def test_the_key_is_root_purpose_and_epoch():
    sampler = NeighborSampler(RamGraph(toy_shop()), Fanout([2]), key=5)
    keys = {
        sampler.epoch_key(0),
        sampler.epoch_key(1),
        sampler.with_purpose("val").epoch_key(0),
        NeighborSampler(sampler.graph, sampler.fanout, key=6).epoch_key(0),
    }
    assert len(keys) == 4


def test_metapaths_and_draws_come_through_as_they_are_written():
    """Expanding by one metapath alone: two that share no step draw what each draws by itself."""
    graph, seeds = RamGraph(toy_shop()), SeedSet.of("users", [0, 1, 2])
    orders, ratings = "orders-user_id->users", "products-rev_ratings->users"
    paths = [Metapath(orders, fanouts=Draw(2, strategy="recent")), Metapath(ratings, fanouts=0.5)]
    both = NeighborSampler(graph, Metapaths(paths), key=3).sample(seeds)
    for number, path in enumerate(paths):
        alone = NeighborSampler(graph, Metapaths([path]), key=3).sample(seeds)
        edge_type = graph.schema.edge_type(path.path[0])
        assert np.array_equal(both.edge_id[edge_type], alone.edge_id[edge_type])
        assert set(both.edge_paths[edge_type].tolist()) == {1 << number}
    fanout = Fanout([{orders: Draw(2, strategy="recent"), ratings: 0.5}])
    same = NeighborSampler(graph, fanout, key=3).sample(seeds)
    assert all(np.array_equal(same.edge_id[name], both.edge_id[name]) for name in both.edge_id)


def test_what_is_no_sampler_is_refused_at_once():
    graph = RamGraph(toy_shop())
    allowed = r"Allowed: a Fanout or Metapaths\. Take Fanout\(\[16, 8\]\)"
    with pytest.raises(FanoutError, match=rf"got a list\. {allowed}"):
        NeighborSampler(graph, [16, 8])
    with pytest.raises(FanoutError, match=r"got a Fanout\. Allowed: a GraphStore"):
        NeighborSampler(Fanout([2]), graph)
    with pytest.raises(IdError, match=r"got a int\. Allowed: a SeedSet\. Make one with SeedSet\.of"):
        NeighborSampler(graph, Fanout([2])).sample([1, 2])


def test_what_is_no_epoch_purpose_or_seeds_is_refused():
    graph = RamGraph(toy_shop())
    sampler, seeds = NeighborSampler(graph, Fanout([2])), SeedSet.of("users", [1])
    for epoch in (1.5, None, "a", True):
        with pytest.raises(FanoutError, match=r"samples of an epoch were asked for: got .* a whole number"):
            sampler.sample(seeds, epoch=epoch)
    with pytest.raises(FanoutError, match=r"a purpose of samples was asked for: got a int\. Allowed: a str"):
        NeighborSampler(graph, Fanout([2]), purpose=3)
    with pytest.raises(FanoutError, match=r"got the class RamGraph\. Allowed: a GraphStore"):
        NeighborSampler(RamGraph, Fanout([2]))
    with pytest.raises(IdError, match=r"got a int\. Allowed: a SeedSet"):
        sampler.sample(3)
