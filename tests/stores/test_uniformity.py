"""Draws are as likely as promised at any degree, by tests that a modulo-biased generator fails."""

import numpy as np
import pytest
from chi_square import modulo_counts, p_of_counts, p_of_ranks
from stars import ORDERS, star

from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import Step, StepPlan
from workbench.testing.sizes import cases

DEGREES = (10, 100, 1_000, 10_000, 50_000, 100_000)
LEAST_P = 1e-4
"""Keys are fixed, so a test that passes once passes always."""

DRAWS = cases(8_000_000, 400_000_000)
PER_BATCH = 400_000


def batches(graph, degree, step, draws, key=1):
    """int64[samples, fanout] of ranks, batch by batch: drawn for one user by seeds of different anchors."""
    plan, each = StepPlan((step,), 1), min(draws, PER_BATCH) // step.fanout
    for number in range(max(1, draws // PER_BATCH)):
        anchors = degree + np.arange(each) + number * each  # all orders are visible
        seeds = SeedSet.of("users", np.zeros(each, np.int64), anchors)
        found = graph.sample(SampleRequest((seeds,), plan, key))
        yield found.edge_id[ORDERS].astype(np.int64).reshape(-1, step.fanout)


def counts(graph, degree, step, draws):
    """int64[degree]: how often each rank was drawn."""
    return sum(np.bincount(b.ravel(), minlength=degree) for b in batches(graph, degree, step, draws))


@pytest.mark.parametrize("degree", DEGREES)
def test_every_neighbour_is_as_likely_as_any_other(degree):
    graph, step = RamGraph(star(degree).arrays()), Step(1, ORDERS, min(8, degree // 2))
    found = counts(graph, degree, step, DRAWS)
    assert p_of_ranks(found, np.ones(degree), step.fanout) > LEAST_P


@pytest.mark.parametrize(
    ("degree", "draws"),
    [(100, 400_000_000), (1_000, 8_000_000), (10_000, 8_000_000), (50_000, 8_000_000), (100_000, 8_000_000)],
)
def test_the_same_test_fails_16_random_bits_modulo_the_range(degree, draws):
    """Of 65,536 words, 36 too many fall on ranks below 36 at degree 100; at 10 it would take 10^11 draws."""
    found = modulo_counts(np.uint64(1), draws, degree)
    assert p_of_ranks(found, np.ones(degree)) < 1e-9


def test_every_set_of_neighbours_is_as_likely_as_any_other():
    graph = RamGraph(star(10).arrays())
    sets = np.concatenate(list(batches(graph, 10, Step(1, ORDERS, 3), 1_200_000)))
    _, found = np.unique(np.sort(sets, axis=1) @ [100, 10, 1], return_counts=True)
    assert len(found) == 120
    assert p_of_counts(found, np.full(120, len(sets) / 120)) > LEAST_P


def test_draws_of_different_seeds_and_keys_are_independent():
    """A table of (draw of one seed, draw of the next) is flat; so is one over two keys."""
    graph, step = RamGraph(star(16).arrays()), Step(1, ORDERS, 1)
    one, other = (next(batches(graph, 16, step, 400_000, key)).ravel() for key in (1, 2))
    for left, right in ((one[:-1], one[1:]), (one, other)):
        found = np.bincount(left * 16 + right, minlength=256)
        assert p_of_counts(found, np.full(256, len(left) / 256)) > LEAST_P
