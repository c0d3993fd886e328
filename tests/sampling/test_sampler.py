"""NeighborSampler passes the shipped contract over the RAM graph and over two shards."""

import pytest

from workbench.errors import FanoutError, IdError
from workbench.plan.fanout import Fanout
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.ram_graph import RamGraph
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


def test_what_is_no_sampler_is_refused_at_once():
    graph = RamGraph(toy_shop())
    allowed = r"Allowed: a Fanout or Metapaths\. Take Fanout\(\[16, 8\]\)"
    with pytest.raises(FanoutError, match=rf"got a list\. {allowed}"):
        NeighborSampler(graph, [16, 8])
    with pytest.raises(FanoutError, match=r"got a Fanout\. Allowed: a GraphStore"):
        NeighborSampler(Fanout([2]), graph)
    with pytest.raises(IdError, match=r"got a int\. Allowed: a SeedSet\. Make one with SeedSet\.of"):
        NeighborSampler(graph, Fanout([2])).sample([1, 2])
