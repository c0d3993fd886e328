"""Weighted draws are in proportion to their weights at any degree, with and without replacement."""

import numpy as np
import pytest
from chi_square import p_of_counts, p_of_ranks
from stars import ORDERS

from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import Step, StepPlan, Strategy
from workbench.testing.sizes import cases

LEAST_P = 1e-4
"""Keys are fixed, so a test that passes once passes always."""

SEEDS = cases(100_000, 5_000_000)
PER_BATCH = 20_000
MANY = 1000
"""Draws with replacement of one seed: how likely a neighbour is does not depend on the number of the draw."""


def weighted_star(weights):
    """One user with an order per weight, one order per microsecond."""
    columns = (
        Column("user_id", Stype.ID),
        Column("at", Stype.TIMESTAMP),
        Column("price", Stype.NUMERICAL),
    )
    orders = Table("orders", columns, None, "at", None, (ForeignKey("user_id", "users"),))
    schema = Schema((Table("users", (Column("id", Stype.ID),), "id"), orders))
    rows = {"users": 1, "orders": len(weights)}
    keys = {("orders", "user_id"): np.zeros(len(weights), np.int64)}
    times, numbers = {"orders": np.arange(len(weights))}, {("orders", "price"): np.asarray(weights)}
    return RamGraph(GraphArrays.from_columns(schema, rows, times, keys, weights=numbers))


def drawn(graph, step, seeds):
    """int64[seeds, fanout] of ranks in the order of their draws, by seeds of different anchors."""
    plan, rows = StepPlan((step,), 1), []
    for first in range(0, seeds, PER_BATCH):
        anchors = graph.num_nodes("orders") + np.arange(first, min(first + PER_BATCH, seeds))
        found = graph.sample(SampleRequest((SeedSet.of("users", np.zeros_like(anchors), anchors),), plan, 1))
        rows.append(found.edge_id[ORDERS].astype(np.int64).reshape(-1, step.fanout))
    return np.concatenate(rows)


def uneven(degree):
    """Weights over four orders of magnitude, a tenth of them 0."""
    rng = np.random.default_rng(degree)
    return np.where(rng.random(degree) < 0.1, 0, 10 ** rng.uniform(-2, 2, degree))


def ages(degree):
    """A half-life of a fifth of the history, and the weights that it gives."""
    half = max(degree // 5, 1)
    return half, 2.0 ** (-(degree - np.arange(degree)) / half)


def price(take, **options):
    return Step(1, ORDERS, take, Strategy.WEIGHTED, weight="price", **options)


@pytest.mark.parametrize("degree", [10, 100, 1_000, 10_000, 100_000])
def test_draws_with_replacement_are_in_proportion_to_the_weights(degree):
    weights = uneven(degree)
    ranks = drawn(weighted_star(weights), price(MANY, replace=True), SEEDS // 50)
    counts = np.bincount(ranks.ravel(), minlength=degree)
    assert not counts[weights == 0].any()
    assert p_of_ranks(counts, weights) > LEAST_P


@pytest.mark.parametrize("degree", [10, 100, 1_000, 10_000, 100_000])
def test_draws_by_age_halve_with_every_half_life(degree):
    half_life, weights = ages(degree)
    step = Step(1, ORDERS, MANY, Strategy.DECAY, half_life=half_life, replace=True)
    ranks = drawn(weighted_star(np.ones(degree)), step, SEEDS // 50)
    assert p_of_ranks(np.bincount(ranks.ravel(), minlength=degree), weights) > LEAST_P


@pytest.mark.parametrize("degree", [10, 100, 1_000, 10_000, 100_000])
def test_the_first_draw_without_replacement_is_in_proportion_too(degree):
    weights = uneven(degree)
    first = drawn(weighted_star(weights), price(4), SEEDS)[:, 0]
    assert p_of_ranks(np.bincount(first, minlength=degree), weights) > LEAST_P


def test_later_draws_are_in_proportion_among_what_is_left():
    """All ordered pairs of ten neighbours, one of which outweighs the rest: most seeds draw it first."""
    weights = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 60.0]) + 1
    pairs = drawn(weighted_star(weights), price(2), 2 * SEEDS)
    total, found = weights.sum(), np.zeros((10, 10))
    np.add.at(found, (pairs[:, 0], pairs[:, 1]), 1)
    expected = np.outer(weights / total, weights) / (total - weights)[:, None] * len(pairs)
    others = ~np.eye(10, dtype=bool)
    assert not found[~others].any()
    assert p_of_counts(found[others], expected[others]) > LEAST_P


def test_uniform_draws_with_replacement_are_uniform_and_repeat():
    ranks = drawn(weighted_star(np.ones(100)), Step(1, ORDERS, 8, replace=True), SEEDS)
    assert p_of_ranks(np.bincount(ranks.ravel(), minlength=100), np.ones(100)) > LEAST_P
    alone = np.mean([len(set(row)) == 8 for row in ranks[:5000].tolist()])
    assert abs(alone - np.prod(1 - np.arange(8) / 100)) < 0.03
