"""The widest fanout that fits: it fits, a wider one does not, and what cannot be widened is said."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import FanoutError
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.sampling.profile_batches import Interval, Profile, profile_batches
from workbench.sampling.profile_fit import fit_fanout, scaled
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SeedSet
from workbench.testing.graphs import RowGraph, toy_shop

ORDERS = "orders-user_id->users"


@pytest.fixture(scope="module")
def graph() -> RamGraph:
    """40 users, 200 orders each."""
    rng = np.random.default_rng(0)
    rows = {"users": 40, "products": 10, "orders": 8000, "ratings": 0}
    keys = {
        ("orders", "user_id"): np.arange(8000) % 40,
        ("orders", "product_id"): rng.integers(0, 10, 8000),
        ("ratings", "user_id"): np.empty(0, np.int64),
        ("ratings", "product_id"): np.empty(0, np.int64),
    }
    times = {"users": np.zeros(40, np.int64), "orders": np.arange(8000), "ratings": np.empty(0, np.int64)}
    return RamGraph(RowGraph(toy_shop().schema, rows, times, keys).arrays())


@pytest.fixture
def measure(graph):
    pilot = [SeedSet.of("users", np.arange(i, i + 10), 10_000) for i in (0, 10, 20)]
    return lambda plan: profile_batches(graph, {}, plan, pilot, batches=4)


def test_what_is_found_fits_and_one_more_would_not(measure):
    found = fit_fanout(measure, Fanout([{ORDERS: 4}]), nodes=500)
    most = found.fanout.get(1, ORDERS)
    assert most == 49, "10 seeds and 10 * 49 orders"
    assert found.profile.nodes.high <= 500 < measure(Fanout([{ORDERS: most + 1}])).nodes.high
    assert not found.saturated


@pytest.mark.parametrize("budget", [{"bytes": 3_000.0}, {"nodes": 60}, {"nodes": 61, "bytes": 1e9}])
def test_it_narrows_too(measure, budget):
    found = fit_fanout(measure, Fanout([{ORDERS: 128}]), **budget)
    assert found.scale < 1
    for name, most in budget.items():
        assert getattr(found.profile, name).high <= most
    wider = measure(Fanout([{ORDERS: found.fanout.get(1, ORDERS) + 1}]))
    assert any(getattr(wider, name).high > most for name, most in budget.items())


def test_what_the_graph_bounds_is_said(measure):
    found = fit_fanout(measure, Fanout([{ORDERS: 100}]), nodes=10**9)
    assert found.saturated
    assert found.profile.edges.mean == 10 * 200
    first, second = repr(found).splitlines()[:2]
    assert first.startswith("uniform, disjoint (x ")
    assert first.endswith("; wider changes nothing)")
    assert second.endswith(f"{found.fanout.get(1, ORDERS)} {ORDERS}")


def test_a_budget_that_nothing_fits_is_refused(measure):
    with pytest.raises(FanoutError, match="needs 20\\."):
        fit_fanout(measure, Fanout([{ORDERS: 16}]), nodes=15)
    with pytest.raises(FanoutError, match="one budget or more"):
        fit_fanout(measure, Fanout([{ORDERS: 16}]))
    for budget in (
        {"nodes": 0},
        {"ms": float("nan")},
        {"bytes": "1MB"},
        {"nodes": True},
        {"nodes": 9, "ms": -1},
    ):
        with pytest.raises(FanoutError, match="one budget or more, above 0"):
            fit_fanout(measure, Fanout([4]), **budget)


def test_one_batch_of_several_is_not_enough(graph):
    def measure(plan: Fanout) -> Profile:
        return profile_batches(graph, {}, plan, [SeedSet.of("users", np.arange(10), 10_000)], batches=4)

    with pytest.raises(FanoutError, match=r"one batch of 4 was measured, .* Say batches=4"):
        fit_fanout(measure, Fanout([{ORDERS: 4}]), nodes=10**9)


@pytest.mark.parametrize("cell", [0.1, Draw(0.5, cap=64)])
def test_shares_that_nothing_fits_are_refused_soon(measure, cell):
    """A share of a millionth takes one neighbour, as any smaller one does: there is an end to halving it."""
    asked = []

    def counted(plan: Fanout) -> Profile:
        asked.append(plan)
        return measure(plan)

    with pytest.raises(FanoutError, match=r"a fanout whose batches fit into 15 nodes .* needs 20\."):
        fit_fanout(counted, Fanout([{ORDERS: cell}]), nodes=15)
    assert len(asked) < 25


def test_time_is_a_budget_too():
    def measure(plan: Fanout) -> Profile:
        each, none = Interval(*[float(plan.get(1, ORDERS))] * 3), Interval(0.0, 0.0, 0.0)
        return Profile(1, 1, 1, none, each, none, none, none, each, none, (), {}, {})

    assert fit_fanout(measure, Fanout([{ORDERS: 3}]), ms=77.5).fanout.get(1, ORDERS) in (75, 76, 77)


def test_everything_is_scaled_but_all_and_none():
    plan = Fanout([{"default": 3, "a-b->c": -1, "d-e->c": 0}, Draw(0.2, cap=8, window="3 days"), 0.6])
    assert scaled(plan, 2) == Fanout(
        [{"default": 6, "a-b->c": -1, "d-e->c": 0}, Draw(0.4, cap=16, window="3 days"), 0.999]
    )
    assert scaled(plan, 0.01).hops[0] == Fanout([{"default": 1, "a-b->c": -1, "d-e->c": 0}]).hops[0]
    paths = Metapaths([Metapath(ORDERS, "users-rev_user_id->orders", fanouts=[4, 1], strategy="recent")])
    wider = Metapaths([Metapath(ORDERS, "users-rev_user_id->orders", fanouts=[12, 3], strategy="recent")])
    assert scaled(paths, 3) == wider
