"""The cost of a fanout is what a real sample of it counts, scaled to a batch."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from workbench.plan.fanout import Fanout
from workbench.sampling.profile import profile
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.subgraph import SampledSubgraph
from workbench.testing.graphs import toy_shop

FANOUT = Fanout([{"orders-user_id->users": -1}, {"products-rev_product_id->orders": 1}])
SEEDS = SeedSet.of("users", np.array([0, 1]), np.full(2, 10**12))


def test_counts_are_those_of_the_sample_scaled() -> None:
    graph = RamGraph(toy_shop())
    subgraph = graph.sample(SampleRequest((SEEDS,), FANOUT.compile(graph.schema, ["users"]), 0))
    cost = profile(graph, {}, FANOUT, SEEDS, batch_size=20)
    assert cost.pilot == 2
    assert cost.nodes == pytest.approx(10 * subgraph.num_nodes)
    assert cost.edges == pytest.approx(10 * subgraph.num_edges)
    assert cost.feature_bytes == 0
    assert cost.milliseconds > 0
    assert sum(cost.cells.values()) == pytest.approx(cost.edges)
    assert {hop for hop, _ in cost.cells} == {1, 2}


class Counting(RamGraph):
    """Notes how many seeds each call was for."""

    asked: ClassVar[list[int]] = []

    def sample(self, request: SampleRequest, snapshot: int | None = None) -> SampledSubgraph:
        self.asked.append(len(request))
        return super().sample(request, snapshot)


def test_the_pilot_is_sampled_once() -> None:
    profile(Counting(toy_shop()), {}, FANOUT, SEEDS, batch_size=20)
    assert Counting.asked == [1, 2], "one seed to warm up, then the pilot"
    none = SeedSet.of("users", np.empty(0, np.int64))
    assert profile(Counting(toy_shop()), {}, FANOUT, none, batch_size=20).nodes == 0


def test_it_prints_in_one_line() -> None:
    text = str(profile(RamGraph(toy_shop()), {}, FANOUT, SEEDS, batch_size=20))
    assert text.startswith("20 seeds: ")
    assert "pilot of 2" in text
