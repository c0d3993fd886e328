"""RamGraph: the contract, what depends on nothing it should not, uniform draws, held and pickled values."""

import multiprocessing
import pickle
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from stars import ORDERS, RATED, both, request_of, star

from workbench.errors import IdError, SchemaError
from workbench.kernels.floyd import ROWS, SCAN
from workbench.kernels.tables import CHUNK
from workbench.stores import capacity, fused, layout
from workbench.stores.hop_driver import HopDriver
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import ALL, Step, StepPlan, Strategy
from workbench.testing.graph_suite import GraphStoreSuite
from workbench.testing.graphs import DAY, random_rows, toy_shop
from workbench.testing.requests import Knobs, random_request
from workbench.testing.sizes import cases


class TestContract(GraphStoreSuite):
    def make_store(self, arrays):
        return RamGraph(arrays)


@settings(max_examples=cases(ci=300, torture_cases=2000))
@given(st.integers(0, 2**48))
def test_rows_later_than_every_anchor_change_no_sample(seed):
    rng = np.random.default_rng(seed)
    rows = random_rows(rng).dated_only()
    later = rows.with_later_rows(60, rng)
    request = random_request(
        rng, rows.schema, rows.num_rows, Knobs(temporal=(True,), anchors=(-1, 0, 10, 30, 55, 60))
    )
    assert RamGraph(rows.arrays()).sample(request).same_as(RamGraph(later.arrays()).sample(request))


def test_uniform_draws_are_uniform_over_subsets():
    graph, subsets = RamGraph(star(6).arrays()), Counter()
    for key in range(200):
        anchors = 10 + np.arange(60)
        seeds = SeedSet.of("users", np.zeros(60, np.int64), anchors)
        subgraph = graph.sample(SampleRequest((seeds,), StepPlan((Step(1, ORDERS, 3),), 1), key))
        drawn = subgraph.edge_id[ORDERS].reshape(60, 3)
        subsets.update(tuple(sorted(row)) for row in drawn.tolist())
    every = list(combinations(range(6), 3))
    assert set(subsets) <= set(every)
    assert chisquare([subsets[subset] for subset in every]).pvalue > 1e-3


def test_uniform_draws_from_a_large_degree_are_uniform():
    graph, counts = RamGraph(star(1000).arrays()), np.zeros(1000, np.int64)
    for key in range(400):
        subgraph = graph.sample(request_of([Step(1, ORDERS, 200)], [0], 10**6, key))
        counts += np.bincount(subgraph.edge_id[ORDERS], minlength=1000)
    assert counts.sum() == 80_000
    # draws without replacement: the variance of a count is 400 * 0.2 * 0.8
    assert ((counts - 80) ** 2 / 64).sum() == pytest.approx(1000, abs=200)


@pytest.mark.parametrize("fanout", [1, SCAN, SCAN + 1, ROWS, ROWS + 1, 300, CHUNK, 1999, 2000, ALL])
@pytest.mark.parametrize("strategy", [Strategy.UNIFORM, Strategy.RECENT])
def test_many_draws_from_a_large_degree(fanout, strategy):
    graph = RamGraph(star(2000, hubs=3).arrays())
    steps = [
        Step(1, ORDERS, fanout, strategy),
        Step(1, RATED, fanout),
    ]
    subgraph = both(graph, request_of(steps, [0, 2, 0], 5500))
    drawn = subgraph.edge_id[ORDERS][subgraph.col[ORDERS] == 0]
    assert len(set(drawn.tolist())) == len(drawn) == (1834 if fanout == ALL else min(fanout, 1834))


@pytest.mark.parametrize("bits", [31, 32])
def test_hash_slots_that_hardly_check_give_the_same_bits(monkeypatch, bits):
    """What a slot's check leaves open, the node's row decides."""
    monkeypatch.setattr(layout, "local_bits", lambda _capacity: bits)
    for seed in range(30):
        rng = np.random.default_rng(seed)
        rows = random_rows(rng)
        both(RamGraph(rows.arrays()), random_request(rng, rows.schema, rows.num_rows))


def test_arenas_that_are_too_small_grow(monkeypatch):
    def tiny(bound, seeds):
        return capacity.Capacity(
            {t: min(n, seeds.get(t, 0)) for t, n in bound.nodes.items()}, dict.fromkeys(bound.edges, 0)
        )

    monkeypatch.setattr(fused, "first_guess", tiny)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rows = random_rows(rng, size=40)
        both(RamGraph(rows.arrays()), random_request(rng, rows.schema, rows.num_rows))


def test_many_batches_in_the_same_hash_tables():
    graph, rng = RamGraph(star(50, hubs=20).arrays()), np.random.default_rng(0)
    for number in range(600):
        request = request_of(
            [Step(1, ORDERS, 5)], rng.integers(0, 20, 3), 600, number, disjoint=bool(number % 2)
        )
        subgraph = graph.sample(request)
        if number % 50 > 40 or 250 < number < 260:
            assert subgraph.same_as(HopDriver(graph).sample(request))


def test_a_pickled_graph_gives_the_same_bits_in_another_process():
    rng = np.random.default_rng(11)
    rows = random_rows(rng, size=40)
    graph = RamGraph(rows.arrays())
    requests = [random_request(rng, rows.schema, rows.num_rows) for _ in range(20)]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for request, there in zip(requests, pool.map(graph.sample, requests), strict=True):
            assert graph.sample(request).same_as(there)


def test_a_subgraph_that_is_held_keeps_its_arena():
    graph = RamGraph(star(50, hubs=20).arrays())
    kept = graph.sample(request_of([Step(1, ORDERS, 5)], [0], 600)).edge_id[ORDERS][1:]
    before = kept.copy()
    for number in range(50):
        graph.sample(request_of([Step(1, ORDERS, 5)], [1], 600, number))
    assert np.array_equal(kept, before)
    held = graph.memory().arenas
    for number in range(50):
        graph.sample(request_of([Step(1, ORDERS, 5)], [1], 600, number))
    assert graph.memory().arenas == held


def test_the_door_says_what_is_wrong_and_what_to_do():
    graph = RamGraph(toy_shop())
    with pytest.raises(IdError, match=r"id 7 at position 1 is out of range \(1 of 2 are\).*Allowed: 0 .. 2"):
        graph.sample(request_of([Step(1, ORDERS, 2)], [0, 7], DAY))
    with pytest.raises(IdError, match=r"no such node type.*users, products, orders. Did you mean 'users'"):
        graph.sample(request_of([Step(1, ORDERS, 2)], [0], DAY, node_type="user"))


@pytest.mark.parametrize("ask", ["num_nodes", "times", "num_edges"])
def test_names_that_the_graph_does_not_have_are_said(ask):
    with pytest.raises(SchemaError, match=r"user.*Allowed: .*users"):
        getattr(RamGraph(toy_shop()), ask)("user")


def test_pickling_keeps_budget_and_snapshot():
    graph = pickle.loads(pickle.dumps(RamGraph(toy_shop(), memory_budget=10**6, snapshot=4)))
    assert (graph.snapshot, graph.memory_budget) == (4, 10**6)


def test_no_seeds_and_no_steps():
    graph = RamGraph(toy_shop())
    empty = both(graph, SampleRequest((), StepPlan((Step(1, ORDERS, 2),), 1)))
    assert empty.num_nodes == empty.num_edges == 0
    bare = both(graph, SampleRequest((SeedSet.of("users", np.array([0])),), StepPlan((), 2)))
    assert bare.nodes_per_hop["users"].tolist() == [1, 0, 0]
