"""Forms of subgraphs over stores: what is added where, in which order, and what a budget refuses."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import BudgetError
from workbench.schema import EdgeType
from workbench.stores import hop_driver
from workbench.stores.capacity import capped
from workbench.stores.complete import complete
from workbench.stores.hop_driver import HopDriver
from workbench.stores.memory import Arenas
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import ALL, Step, StepPlan
from workbench.testing.graphs import random_rows, toy_shop
from workbench.testing.requests import EVERYTHING, Knobs, random_request
from workbench.testing.sizes import cases

BUYS, BOUGHT = EdgeType("orders", "user_id", "users"), EdgeType("users", "rev_user_id", "orders")
RATED, RATES = EdgeType("products", "rev_ratings", "users"), EdgeType("users", "ratings", "products")
DAY = 86_400_000_000


def asked(form: str, *steps: Step, seeds: tuple[int, ...] = (0, 1), disjoint: bool = True) -> SampleRequest:
    plan = StepPlan(steps, max(step.hop for step in steps), disjoint, subgraph=form)
    return SampleRequest((SeedSet.of("users", np.array(seeds), 10 * DAY),), plan, 5)


def test_directional_subgraphs_stay_as_they_are() -> None:
    graph = RamGraph(toy_shop())
    subgraph = graph.sample(asked("directional", Step(1, BUYS, ALL)))
    assert complete(graph, subgraph, Arenas()) is subgraph
    assert list(subgraph.row) == [BUYS]


def test_ways_back_of_a_shop_by_hand() -> None:
    subgraph = RamGraph(toy_shop()).sample(asked("bidirectional", Step(1, BUYS, ALL)))
    assert list(subgraph.row) == [BUYS, BOUGHT]
    assert subgraph.row[BOUGHT].tolist() == subgraph.col[BUYS].tolist()
    assert subgraph.col[BOUGHT].tolist() == subgraph.row[BUYS].tolist()
    assert subgraph.edge_id[BOUGHT].tolist() == subgraph.edge_id[BUYS].tolist()
    assert subgraph.edges_per_hop[BOUGHT].tolist() == [len(subgraph.row[BUYS])]
    assert subgraph.is_drawn(BUYS).all()
    assert not subgraph.is_drawn(BOUGHT).any()
    assert subgraph.step_edges.tolist() == [len(subgraph.row[BUYS])]


def test_added_edges_follow_the_drawn_ones_of_their_hop() -> None:
    met = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        rows = random_rows(rng, 14)
        knobs = replace(EVERYTHING, weights=(), forms=("bidirectional", "induced"))
        request = random_request(rng, rows.schema, rows.num_rows, knobs)
        graph = RamGraph(rows.arrays())
        subgraph = graph.sample(request)
        plain = graph.sample(replace(request, plan=replace(request.plan, subgraph="directional")))
        for name, row in subgraph.row.items():
            hops, mine = subgraph.edge_hops(name), subgraph.is_drawn(name)
            latest = np.maximum(
                subgraph.node_hops(name.src)[row], subgraph.node_hops(name.dst)[subgraph.col[name]]
            )
            order = np.lexsort((row, subgraph.edge_id[name], subgraph.col[name], hops))
            assert (np.diff(hops) >= 0).all()
            assert (hops[~mine] == np.maximum(latest[~mine], 1)).all()
            assert order[~mine[order]].tolist() == np.flatnonzero(~mine).tolist()
            for part in ("row", "col", "edge_id", "edge_paths"):
                if getattr(subgraph, part) is not None:
                    before = getattr(plain, part).get(name, np.empty(0))
                    assert np.array_equal(getattr(subgraph, part)[name][mine], before)
            if subgraph.edge_paths is not None:
                assert not subgraph.edge_paths[name][~mine].any()
            met += int(mine.any() and not mine.all())
        assert all(np.array_equal(subgraph.node_id[name], ids) for name, ids in plain.node_id.items())
    assert met > 50


def test_arrays_outlive_the_store_and_later_batches() -> None:
    graph = RamGraph(toy_shop())
    request = asked("induced", Step(1, RATED, ALL))
    kept = graph.sample(request).edge_id[RATES][:]
    before = kept.copy()
    for _ in range(30):
        graph.sample(request)
    assert np.array_equal(kept, before)
    held = graph.memory().arenas
    for _ in range(30):
        graph.sample(request)
    assert graph.memory().arenas == held


@settings(max_examples=cases(60, 600))
@given(st.integers(0, 2**48), st.integers(0, 400_000))
def test_a_budget_is_kept(seed: int, budget: int) -> None:
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, 40)
    knobs = Knobs(forms=("bidirectional", "induced"))
    request, arrays = random_request(rng, rows.schema, rows.num_rows, knobs), rows.arrays()
    graph = RamGraph(arrays, arrays.nbytes + budget)
    message = ""
    try:
        found = graph.sample(request)
    except BudgetError as error:
        message = str(error)
    else:
        assert found.same_as(RamGraph(arrays).sample(request))
    assert not message or "Without added edges (subgraph='directional'): " in message
    if "none above" in message:
        small = capped(request.plan, int(message.split("none above ")[1].split(")")[0]))
        graph.sample(replace(request, plan=replace(small, subgraph="directional")))
    assert graph.memory().total <= arrays.nbytes + budget


def test_a_driver_without_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hop_driver, "Arenas", lambda: Arenas(limit=100))
    message = "a subgraph with subgraph='induced' was asked for: it needs"
    with pytest.raises(BudgetError, match=re.escape(message)):
        HopDriver(RamGraph(toy_shop())).sample(asked("induced", Step(1, RATED, ALL)))
