"""A random graph with features, and loaders over it."""

from types import SimpleNamespace

import numpy as np
import pytest

from workbench.plan.fanout import Fanout
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.ram_graph import RamGraph
from workbench.testing.graphs import random_graph
from workbench.testing.ram_features import RamFeatures, random_features
from workbench.testing.seeds import random_seeds


@pytest.fixture
def world():
    """Number 4 is one timed and two static node types, one timed and one static edge table."""
    rng = np.random.default_rng(4)
    graph = RamGraph(random_graph(rng, 60, 20))
    features = random_features(graph.arrays.num_rows, rng)
    return SimpleNamespace(
        graph=graph,
        features=features,
        threaded=RamFeatures(features.blocks, threads=2),
        seeds=random_seeds(graph, rng, 100, instants=5),
        sampler=NeighborSampler(graph, Fanout([4, 3]), key=7),
        joint=NeighborSampler(graph, Fanout([4, 3], disjoint=False), key=7),
    )
