"""The contract of samplers: what a NeighborSampler promises over any graph store.

    class TestMySampler(SamplerSuite):
        def make_graph(self, arrays): return MyGraph(arrays)

A distributed store runs these tests over itself; what it may not change is in their names.
"""

from __future__ import annotations

import pickle
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product

import numpy as np

from workbench.errors import AnchorError, FanoutError
from workbench.plan.fanout import Fanout
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.protocols import GraphStore
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import FOREVER, NO_TIME
from workbench.testing.feature_suite import refused
from workbench.testing.graphs import random_graph
from workbench.testing.seeds import random_seeds

SEEDS = 24


class SamplerSuite:
    """Inherit, say how a graph store is made from arrays, and run with pytest."""

    graphs = 12
    """Random graphs per property."""

    def make_graph(self, arrays: GraphArrays) -> GraphStore:
        """The graph store under test."""
        raise NotImplementedError

    def cases(self, fanout: Fanout, size: int = 20) -> list[tuple[NeighborSampler, SeedTable]]:
        """Samplers over random graphs, each with seeds."""
        found = []
        for number in range(self.graphs):
            rng = np.random.default_rng(number)
            graph = self.make_graph(random_graph(rng, size, 12))
            seeds = random_seeds(graph, rng, SEEDS, instants=None if fanout.disjoint else 1)
            found.append((NeighborSampler(graph, fanout, key=number), seeds))
        return found

    def test_seeds_come_first_in_order_with_duplicates(self) -> None:
        """Row i of the seed type is seed i."""
        joint = self.cases(Fanout([3, 2], disjoint=False))
        for sampler, seeds in [*joint, *self.cases(Fanout([3, 2]))]:
            found = sampler.sample(seeds.seed_set())
            assert np.array_equal(found.node_id[seeds.node_type][: len(seeds)], seeds.node_id)
            assert np.array_equal(found.batch[seeds.node_type][: len(seeds)], np.arange(len(seeds)))

    def test_nothing_is_newer_than_its_anchor(self) -> None:
        """Every drawn node and edge with a time is at or before the anchor of its seed."""
        for strategy, disjoint in product(("uniform", "recent"), (True, False)):
            edges = 0
            for sampler, seeds in self.cases(Fanout([-1, 4, 2], strategy=strategy, disjoint=disjoint)):
                found = sampler.sample(seeds.seed_set())
                edges += found.num_edges
                _assert_visible(sampler.graph, found)
            assert edges > 100, "the random graphs show too little"

    def test_fanout_bounds_every_node_and_step(self) -> None:
        """A node draws at most its fanout of an edge type in a hop, and no edge twice."""
        for sampler, seeds in self.cases(Fanout([2, 3])):
            found = sampler.sample(seeds.seed_set())
            for edge_type in found.row:
                hops = found.edge_hops(edge_type)
                drawn = Counter(zip(found.col[edge_type].tolist(), hops.tolist(), strict=True))
                assert all(count <= (2, 3)[hop - 1] for (_, hop), count in drawn.items())
                once = zip(found.col[edge_type].tolist(), found.edge_id[edge_type].tolist(), strict=True)
                assert max(Counter(once).values(), default=1) == 1

    def test_same_inputs_same_sample(self) -> None:
        """In other threads, and from a copy, too."""
        for sampler, seeds in self.cases(Fanout([3, 3])):
            first = sampler.sample(seeds.seed_set(), epoch=2)
            with ThreadPoolExecutor(4) as pool:
                again = list(pool.map(lambda _: sampler.sample(seeds.seed_set(), epoch=2), range(8)))  # noqa: B023
            assert all(first.same_as(other) for other in again)
            assert first.same_as(replace(sampler).sample(seeds.seed_set(), epoch=2))

    def test_key_purpose_and_epoch_change_draws(self) -> None:
        """Each of them alone; with every neighbour drawn none of them matters."""
        changed = {"key": 0, "purpose": 0, "epoch": 0}
        for sampler, seeds in self.cases(Fanout([2, 2]), size=40):
            first = sampler.sample(seeds.seed_set())
            changed["key"] += not first.same_as(replace(sampler, key=99).sample(seeds.seed_set()))
            changed["purpose"] += not first.same_as(sampler.with_purpose("val").sample(seeds.seed_set()))
            changed["epoch"] += not first.same_as(sampler.sample(seeds.seed_set(), epoch=1))
            every = replace(sampler, fanout=Fanout([-1, -1]))
            assert every.sample(seeds.seed_set()).same_as(every.sample(seeds.seed_set(), epoch=1))
        assert min(changed.values()) > 0, changed

    def test_disjoint_seeds_do_not_see_each_other(self) -> None:
        """A seed's subgraph is the same alone, in any batch, at any position."""
        for sampler, seeds in self.cases(Fanout([3, 2])):
            together = sampler.sample(seeds.seed_set())
            for number in range(0, len(seeds), 7):
                alone = sampler.sample(seeds.seed_set(np.array([number])))
                assert _edges_of(alone, 0) == _edges_of(together, number)

    def test_a_joint_batch_has_one_anchor(self) -> None:
        """Two are refused."""
        rng = np.random.default_rng(0)
        graph = self.make_graph(random_graph(rng, 20))
        seeds = random_seeds(graph, rng, 4)
        late = replace(seeds, anchor_time=np.array([1, 1, 2, 1]))
        sampler = NeighborSampler(graph, Fanout([2], disjoint=False))
        message = refused(AnchorError, lambda: sampler.sample(late.seed_set()))
        assert "one anchor per joint batch" in message

    def test_static_seeds_see_every_dated_row(self) -> None:
        """An anchor of FOREVER hides only rows without a time."""
        for sampler, seeds in self.cases(Fanout([-1])):
            static = replace(seeds, anchor_time=np.full(len(seeds), FOREVER))
            found = sampler.sample(static.seed_set())
            _assert_visible(sampler.graph, found)

    def test_unknown_edge_types_are_named_at_once(self) -> None:
        """Not in the middle of an epoch."""
        graph = self.make_graph(random_graph(np.random.default_rng(0)))
        fanout = Fanout([{"no-such->edge": 3}])
        assert "hop 1 of the fanout names" in refused(FanoutError, lambda: NeighborSampler(graph, fanout))

    def test_no_seeds_no_nodes(self) -> None:
        """An empty batch is a subgraph of nothing, with every entry there."""
        for sampler, seeds in self.cases(Fanout([3, 2])):
            found = sampler.sample(seeds[:0].seed_set())
            assert found.num_nodes == found.num_edges == 0
            assert set(found.node_id) == set(sampler.graph.schema.node_types)

    def test_sampler_travels(self) -> None:
        """A pickled copy samples the same, if its store can be pickled."""
        sampler, seeds = self.cases(Fanout([3, 2]))[0]
        copy = pickle.loads(pickle.dumps(sampler))  # noqa: S301 - our own bytes
        assert copy.sample(seeds.seed_set()).same_as(sampler.sample(seeds.seed_set()))


def _assert_visible(graph: GraphStore, found: SampledSubgraph) -> None:
    anchors = found.request.anchors
    joint = not found.request.plan.disjoint
    seeds = len(found.request)
    for node_type, ids in found.node_id.items():
        times = graph.times(node_type)
        if times is not None:
            drawn = found.node_hops(node_type) > 0
            limit = np.full(len(ids), anchors[0]) if joint and seeds else found.node_anchors(node_type)
            assert (times[ids[drawn]] <= limit[drawn]).all()
            assert (times[ids[drawn]] != NO_TIME).all()
    for edge_type, ids in found.edge_id.items():
        times = graph.times(graph.schema.edge_spec(edge_type).table)
        if times is not None and seeds:
            batch = found.batch[edge_type.dst][found.col[edge_type]]
            limit = np.full(len(ids), anchors[0]) if joint else anchors[batch]
            assert ((times[ids] <= limit) & (times[ids] != NO_TIME)).all()


def _edges_of(found: SampledSubgraph, seed: int) -> dict[str, list[tuple[int, int, int, int]]]:
    """Edges of one seed as (hop, source id, destination id, edge id), in order."""
    out = {}
    for edge_type, row in found.row.items():
        col = found.col[edge_type]
        mine = found.batch[edge_type.dst][col] == seed
        columns = (
            found.edge_hops(edge_type)[mine],
            found.node_id[edge_type.src][row[mine]],
            found.node_id[edge_type.dst][col[mine]],
            found.edge_id[edge_type][mine],
        )
        out[str(edge_type)] = list(zip(*(column.tolist() for column in columns), strict=True))
    return out
