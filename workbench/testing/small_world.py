"""A small world: a random graph with features, seeds and samplers, as loaders need them together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.plan.fanout import Fanout
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.ram_graph import RamGraph
from workbench.testing.graphs import random_graph
from workbench.testing.ram_features import RamFeatures, random_features
from workbench.testing.seeds import random_seeds


@dataclass(frozen=True)
class SmallWorld:
    """What a loader is made of.

    Attributes
    ----------
    graph : one timed and two static node types, one timed and one static folded edge table
    features : rows of most tables; ``threaded`` answers from threads of its own
    seeds : 100, of 5 anchors
    sampler, joint : disjoint and joint
    """

    graph: RamGraph
    features: RamFeatures
    threaded: RamFeatures
    seeds: SeedTable
    sampler: NeighborSampler
    joint: NeighborSampler


def small_world(number: int = 4) -> SmallWorld:
    """World 4 is described at :class:`SmallWorld`; others are other random graphs."""
    rng = np.random.default_rng(number)
    graph = RamGraph(random_graph(rng, 60, 20))
    features = random_features(graph.arrays.num_rows, rng)
    return SmallWorld(
        graph=graph,
        features=features,
        threaded=RamFeatures(features.blocks, threads=2),
        seeds=random_seeds(graph, rng, 100, instants=5),
        sampler=NeighborSampler(graph, Fanout([4, 3]), key=7),
        joint=NeighborSampler(graph, Fanout([4, 3], disjoint=False), key=7),
    )
