"""Random seeds."""

import numpy as np

from workbench.stores.ram_graph import RamGraph
from workbench.testing.graphs import random_graph, toy_shop
from workbench.testing.seeds import random_seeds


def test_seeds_are_nodes_at_moments_of_the_graph():
    for number in range(20):
        rng = np.random.default_rng(number)
        graph = RamGraph(random_graph(rng))
        seeds = random_seeds(graph, rng, 30, instants=2)
        assert len(np.unique(seeds.anchor_time)) <= 2
        assert len(seeds) in (0, 30)
        assert (seeds.node_id < max(graph.num_nodes(seeds.node_type), 1)).all()
        assert graph.num_nodes(seeds.node_type) == max(map(graph.num_nodes, graph.schema.node_types))


def test_the_type_can_be_chosen_and_may_be_empty():
    graph = RamGraph(toy_shop())
    assert random_seeds(graph, np.random.default_rng(0), 5, "products").node_type == "products"
