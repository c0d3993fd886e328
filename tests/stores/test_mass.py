"""Masses are built once, under a budget, for every layout; the numbers are tested with the kernel."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from workbench.errors import FanoutError
from workbench.schema import EdgeType
from workbench.stores.mass import Masses
from workbench.stores.steps import Step, StepPlan, Strategy
from workbench.stores.weights import Weights
from workbench.testing.graphs import DAY, toy_shop

USERS = EdgeType("orders", "user_id", "users")
BACK = EdgeType("users", "rev_user_id", "orders")
RATED = EdgeType("users", "ratings", "products")
WEIGHTS = {("orders", "amount"): np.array([1.0, 2.0, 4.0, 8.0]), ("ratings", "stars"): np.array([3, 5, 1])}


def graph(**columns):
    shop = toy_shop()
    return replace(shop, weights=Weights.of(shop.num_rows, WEIGHTS | columns))


def test_each_layout():
    masses = Masses(graph())
    assert masses.linear(USERS, "amount").tolist() == [1.0, 5.0, 2.0]
    assert masses.linear(RATED, "stars").tolist() == [1.0, 3.0, 8.0]
    assert masses.linear(BACK, "amount").tolist() == [1.0, 2.0, 4.0, 8.0]
    assert masses.decay(USERS, DAY).tolist() == pytest.approx([0.0, np.log2(3), 0.0])
    assert masses.decay(RATED, DAY).tolist() == pytest.approx([0.0, 0.0, np.log2(3)])
    assert masses.decay(BACK, DAY).tolist() == [1.0] * 4


def test_what_is_built_is_counted_once():
    taken = []
    masses = Masses(graph(), taken.append)
    first = masses.linear(USERS, "amount")
    assert taken == [4 * 8, 3 * 8]  # the column, then the sums
    assert masses.linear(USERS, "amount") is first
    assert masses.linear(BACK, "amount") is masses.linear(BACK, "amount")
    assert masses.nbytes == sum(taken) == 7 * 8
    masses.decay(USERS, DAY)
    masses.decay(USERS, 2 * DAY)
    assert masses.nbytes == sum(taken) == (7 + 3 + 3) * 8


def test_what_a_plan_lacks_is_what_it_takes():
    taken = []
    masses = Masses(graph(), taken.append)
    steps = (
        Step(1, USERS, 2, Strategy.WEIGHTED, weight="amount"),
        Step(1, RATED, 2, Strategy.DECAY, half_life=DAY),
        Step(2, BACK, 2, Strategy.WEIGHTED, replace=True, weight="amount"),
        Step(2, USERS, 1, Strategy.WEIGHTED, weight="amount"),
        Step(2, RATED, 2),
    )
    plan = StepPlan(steps, 2)
    assert masses.missing(plan) == (4 + 3 + 3) * 8  # the column, and sums of two edge types
    masses.linear(USERS, "amount")
    masses.linear(BACK, "amount")
    assert masses.missing(plan) == 3 * 8
    masses.decay(RATED, DAY)
    assert masses.missing(plan) == 0
    assert sum(taken) == (4 + 3 + 3) * 8


def test_too_many_half_lives_cost_nothing():
    taken = []
    masses = Masses(graph(), taken.append)
    assert masses.decay(USERS, 1) is None
    assert masses.nbytes == sum(taken) == 0


def test_a_column_that_is_refused_costs_nothing():
    taken = []
    masses = Masses(graph(), taken.append)
    masses._graph.weights._read = lambda _: np.array([1.0, -1.0, 0.0, 0.0])
    for _ in range(2):
        with pytest.raises(FanoutError, match=r"orders\.amount: row 1 has -1"):
            masses.linear(USERS, "amount")
    assert masses.nbytes == sum(taken) == 0


def test_a_budget_is_asked_first():
    def refuse(size):
        raise MemoryError(size)

    masses = Masses(graph(), refuse)
    with pytest.raises(MemoryError):
        masses.decay(USERS, DAY)
    with pytest.raises(MemoryError):
        masses.linear(USERS, "amount")
    assert (masses.nbytes, masses._graph.weights.nbytes) == (0, 0)


def test_threads_share_one():
    masses = Masses(graph())
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: id(masses.linear(RATED, "stars")), range(64)))
    assert len(found) == 1
    assert masses.nbytes == 6 * 8
