"""Budgets: what does not fit is refused before it is allocated, and what is named instead does fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stars import ORDERS, request_of, star

from workbench.errors import BudgetError
from workbench.plan.fanout import Fanout
from workbench.stores import capacity, resident
from workbench.stores.hop_driver import HopDriver
from workbench.stores.mass import Masses
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import ALL, Step, StepPlan
from workbench.testing.graphs import random_rows, toy_shop
from workbench.testing.requests import EVERYTHING, random_request
from workbench.testing.sizes import cases

DRAWN = ("directional",)
"""Forms of subgraphs that capacities speak of; what others add is refused by itself: ``test_complete.py``."""


@pytest.fixture(autouse=True, scope="module")
def huge_pages_are_not_counted():
    """Each report of memory would read /proc/self/smaps for them, which takes longer than a sample."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resident, "_SMAPS", Path("/nowhere"))
        yield


def what_fits(arrays, request, budget):
    """Sample within a budget; a plan that a refusal names is sampled instead, and returned."""
    graph, small = RamGraph(arrays, arrays.nbytes + budget), None
    try:
        graph.sample(request)
    except BudgetError as error:
        if "none above" in str(error):
            small = capacity.capped(request.plan, int(str(error).split("none above ")[1].split(")")[0]))
            graph.sample(SampleRequest(request.seed_sets, small, request.key))
    assert graph.memory().total <= arrays.nbytes + budget
    return small


@settings(max_examples=cases(ci=150, torture_cases=2000))
@given(st.integers(0, 2**48))
def test_no_sample_exceeds_its_upper_bound(seed):
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, size=20)
    arrays, request = rows.arrays(), random_request(rng, rows.schema, rows.num_rows)
    seeds = {part.node_type: len(part) for part in request.seed_sets}
    bound = capacity.upper_bound(arrays, capacity.largest_degrees(arrays), request.plan, seeds)
    subgraph = RamGraph(arrays).sample(request)
    assert all(len(ids) <= bound.nodes[name] for name, ids in subgraph.node_id.items())
    if request.plan.subgraph == "directional":  # other forms add edges to those that were drawn
        assert all(len(ids) <= bound.edges[name] for name, ids in subgraph.row.items())


@settings(max_examples=cases(ci=150, torture_cases=2000))
@given(st.integers(0, 2**48), st.integers(0, 40_000))
@example(2547, 4896)  # room for the list of visible neighbours is needed whatever the fanout
def test_what_a_refusal_names_does_fit(seed, budget):
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, size=40)
    arrays, request = rows.arrays(), random_request(rng, rows.schema, rows.num_rows)
    assert what_fits(arrays, request, budget) != request.plan


@settings(max_examples=cases(ci=150, torture_cases=3000))
@given(st.integers(0, 2**48), st.sampled_from([np.uint32, np.int64]), st.booleans())
def test_what_a_request_is_said_to_need_is_enough_for_every_kind_of_plan(seed, id_dtype, hops):
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, 40, extras=True)
    knobs = replace(EVERYTHING, forms=DRAWN, fanouts=(-1, 1, 3, 30), hops=5 if hops else 2, seeds=9)
    arrays, request = rows.arrays(id_dtype), random_request(rng, rows.schema, rows.num_rows, knobs)
    degrees = capacity.largest_degrees(arrays)
    seeds = {part.node_type: len(part) for part in request.seed_sets}
    bound = capacity.upper_bound(arrays, degrees, request.plan, seeds)
    needed = capacity.request_bytes(arrays, degrees, request.plan, bound)
    needed += Masses(arrays).missing(request.plan)
    graph = RamGraph(arrays, arrays.nbytes + needed)
    subgraph = graph.sample(request)
    assert graph.memory().arenas <= needed
    assert all(len(ids) <= bound.nodes[name] for name, ids in subgraph.node_id.items())
    assert all(len(ids) <= bound.edges[name] for name, ids in subgraph.row.items())


@settings(max_examples=cases(ci=150, torture_cases=3000))
@given(st.integers(0, 2**48), st.integers(0, 60_000))
def test_what_a_refusal_names_does_fit_for_every_kind_of_plan(seed, budget):
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, 40, extras=True)
    knobs = replace(EVERYTHING, forms=DRAWN, fanouts=(-1, 1, 3, 30), seeds=9)
    arrays, request = rows.arrays(), random_request(rng, rows.schema, rows.num_rows, knobs)
    what_fits(arrays, request, budget)


def test_bits_of_a_local_id_hold_one_more_than_every_number():
    name = toy_shop().schema.edge_types[0]
    for nodes, edges, by_path, most in ((10, 11, False, 10), (11, 1, True, 11), (1, 16, True, 16)):
        bits = capacity.local_bits(capacity.Capacity({"users": nodes}, {name: edges}, by_path=by_path))
        assert 2 ** (bits - 1) <= most < 2**bits


def test_a_graph_larger_than_the_budget_is_not_opened():
    with pytest.raises(BudgetError, match=r"the graph was opened: it takes \d+ bytes.*budget of 100 bytes"):
        RamGraph(toy_shop(), memory_budget=100)


@pytest.mark.parametrize("disjoint", [True, False])
def test_a_fanout_over_the_budget_is_refused_and_what_fits_is_named(disjoint):
    arrays = star(400, hubs=300).arrays()
    budget = arrays.nbytes + 3_000_000
    graph = RamGraph(arrays, memory_budget=budget)
    hops = ["orders-user_id->users", "users-rev_user_id->orders", "products-rev_product_id->orders"]
    wide = Fanout([{hops[0]: -1}, {hops[1]: 1, hops[2]: 1}, {hops[0]: 300}], disjoint=disjoint)
    seeds = SeedSet.of("users", np.arange(300), 10**6)
    request = SampleRequest((seeds,), wide.compile(arrays.schema, ["users"]), 3)
    with pytest.raises(BudgetError) as caught:
        graph.sample(request)
    message = str(caught.value)
    assert message.startswith("fanout [-1, 1, 300] for 300 seeds was asked for: it needs ")
    assert "3,000,000 bytes for samples" in message
    assert graph.memory().total <= budget
    cap = int(message.split("none above ")[1].split(")")[0])
    assert 1 <= cap < 300
    small = capacity.capped(request.plan, cap)
    assert capacity.describe(small) in message
    subgraph = graph.sample(SampleRequest((seeds,), small, 3))
    assert subgraph.same_as(HopDriver(graph).sample(SampleRequest((seeds,), small, 3)))
    assert graph.memory().total <= budget


def test_a_budget_that_fits_no_fanout_names_fewer_seeds_or_says_so():
    arrays = star(400, hubs=300).arrays()
    steps = [Step(1, ORDERS, 5)]
    with pytest.raises(BudgetError, match=r"take at most \d+ seeds with a fanout of 1"):
        RamGraph(arrays, arrays.nbytes + 9_000).sample(request_of(steps, np.arange(300), 10**6))
    with pytest.raises(BudgetError, match="Nothing fits: raise the memory budget"):
        RamGraph(arrays, arrays.nbytes + 100).sample(request_of(steps, np.arange(300), 10**6))


def test_subgraphs_that_are_held_count_against_the_budget():
    arrays = star(400, hubs=300).arrays()
    graph = RamGraph(arrays, arrays.nbytes + 4_000_000)
    request = request_of([Step(1, ORDERS, 50)], np.arange(300), 10**6)
    held = [graph.sample(request)]
    with pytest.raises(BudgetError, match="that samples hold already"):
        held.extend(graph.sample(request) for _ in range(200))
    assert len(held) > 2
    held.clear()
    assert graph.sample(request).num_edges == 300 * 50


def test_without_a_budget_the_machine_is_the_limit(monkeypatch):
    monkeypatch.setattr("workbench.stores.memory.available_memory", lambda: 1 << 20)
    monkeypatch.setattr("workbench.stores.memory.UNCHECKED", 1 << 10)
    arrays = star(2000, hubs=300).arrays()
    with pytest.raises(BudgetError, match=r"Fanout .* fits"):
        RamGraph(arrays).sample(request_of([Step(1, ORDERS, ALL)], np.arange(300), 10**6))


def test_plans_are_told_as_users_write_them():
    first, second = toy_shop().schema.edge_types[:2]
    for steps, text in (
        ([Step(1, first, 16), Step(2, first, 8), Step(2, second, 8)], "[16, 8]"),
        ([Step(2, first, 3), Step(2, second, ALL)], f"[0, {{'{first}': 3, '{second}': -1}}]"),
        ([Step(1, first, ALL, fraction=0.5), Step(2, second, 9, fraction=0.1)], "[0.5, 0.1]"),
        ([Step(1, first, 3, paths=1), Step(1, first, 5, paths=2)], f"[{{'{first}': 3, '{first}': 5}}]"),
        ([Step(1, first, 3, paths=1), Step(1, first, 3, paths=2)], "[3]"),
    ):
        assert capacity.describe(StepPlan(tuple(steps), steps[-1].hop)) == text
