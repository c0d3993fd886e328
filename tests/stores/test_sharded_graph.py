"""ShardedGraph: the contract, any number of shards, parts that add up."""

import numpy as np
import pytest

from workbench.errors import StoreError
from workbench.stores.ram_graph import RamGraph
from workbench.stores.sharded_graph import ShardedGraph
from workbench.testing.graph_suite import GraphStoreSuite
from workbench.testing.graphs import random_rows, toy_shop
from workbench.testing.requests import random_request


class TestContract(GraphStoreSuite):
    def make_store(self, arrays):
        return ShardedGraph(arrays, shards=2)


@pytest.mark.parametrize("shards", [1, 3, 7])
def test_the_number_of_shards_changes_nothing(shards):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows = random_rows(rng, size=30)
        arrays, request = rows.arrays(), random_request(rng, rows.schema, rows.num_rows)
        assert ShardedGraph(arrays, shards).sample(request).same_as(RamGraph(arrays).sample(request))


def test_shards_hold_disjoint_parts_of_the_graph():
    arrays = random_rows(np.random.default_rng(4), size=40).arrays()
    store = ShardedGraph(arrays, shards=3)
    for edge_type in arrays.schema.edge_types:
        parts = [shard.num_edges(edge_type) for shard in store.shards]
        assert sum(parts) == arrays.num_edges(edge_type)
        assert max(parts) < sum(parts) or sum(parts) < 3


def test_no_shards_are_refused():
    with pytest.raises(StoreError, match="1 or more"):
        ShardedGraph(toy_shop(), shards=0)
