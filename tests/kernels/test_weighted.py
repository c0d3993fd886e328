"""Parts of weighted draws against plain Python: the search of masses, many searches at once, the target."""

import math
from bisect import bisect_right
from dataclasses import replace

import brute_draws
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from stars import ORDERS, both, request_of, star, with_orders

from workbench.kernels.floyd import SCAN
from workbench.kernels.jit import kernel
from workbench.kernels.weighted import _ends, _first_above, _first_of_few, _first_tries, _refined, _target
from workbench.stores.fused import address
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HiddenEdges
from workbench.stores.steps import Step, Strategy


@kernel
def _above(masses, count, target, guess):
    return _first_above(masses, count, target, guess)


@kernel
def _of_few(masses, count, target):
    return _first_of_few(masses, count, target)


@kernel
def _goal(masses, first, count, log, u):
    before, last = _ends(masses, first, count, log)
    return _target(before, last, log, u)


@kernel
def _tries(masses, first, count, log, key, take, picks, targets):
    before, last = _ends(masses, first, count, log)
    _first_tries(masses, before, last, count, log, key, take, picks, targets)


LOADS = st.lists(st.sampled_from([0.0, 0.0, 1.0, 2.5, 1e-9, 1e9]), min_size=1, max_size=70)
MANY = st.lists(LOADS, min_size=1, max_size=5).map(lambda some: [load for loads in some for load in loads])


@kernel
def _nearer(masses, count, target, guess):
    return _refined(masses, count, target, guess)


@given(MANY, st.floats(-1, 2e9), st.integers(0, 400))
def test_a_second_guess_is_a_position(loads, target, guess):
    masses = np.cumsum(loads)
    assert 0 <= _nearer(address(masses), len(masses), target, min(guess, len(masses) - 1)) < len(masses)


def test_a_second_guess_is_much_nearer():
    masses = np.cumsum(np.random.default_rng(1).exponential(size=1_000_000))
    targets = np.linspace(masses[0], masses[-1], 1000)[1:-1]
    first = ((targets - masses[0]) / (masses[-1] - masses[0]) * 999_999).astype(np.int64)
    second = [_nearer(address(masses), len(masses), t, g) for t, g in zip(targets, first, strict=True)]
    wanted = np.searchsorted(masses, targets, side="right")
    assert np.median(abs(second - wanted)) * 8 < np.median(abs(first - wanted))


@given(MANY, st.floats(-1, 2e9))
def test_the_first_above_is_bisection_whatever_the_guess(loads, target):
    masses = np.cumsum(loads)
    wanted = bisect_right(masses.tolist(), target)
    for guess in range(len(masses)):
        assert _above(address(masses), len(masses), target, guess) == wanted
    assert _of_few(address(masses), len(masses), target) == wanted


@given(MANY, st.integers(0, 3), st.integers(0, 2**64 - 1), st.integers(1, 40), st.booleans())
def test_first_tries_are_single_searches(loads, before, key, take, log):
    """The window begins after ``before`` positions, or at the node's first."""
    sums = np.cumsum(np.concatenate([np.full(before, 3.0), loads]))
    masses = np.log2(np.maximum(sums, 1e-300)) if log else sums
    at, count = address(masses) + 8 * before, len(loads)
    picks, targets = np.full(take, -7), np.zeros(take)
    _tries(at, before == 0, count, log, np.uint64(key), take, address(picks), address(targets))
    for d in range(take):
        u = brute_draws.share(key, d)
        assert targets[d] == _goal(at, before == 0, count, log, u)
        assert picks[d] == bisect_right(masses[before:].tolist(), targets[d])


SHARES = st.integers(0, 2**53 - 1).map(lambda bits: bits * 2.0**-53)
"""Shares as draws have them, 53 bits: no denormal ones."""


@given(SHARES, st.floats(-50, 50), st.floats(-50, 50), st.booleans())
def test_a_target_lies_at_a_share_of_the_masses(u, low, more, first):
    """Linear and logarithmic targets name the same mass."""
    masses = np.array([low, low + abs(more)])
    before = 0.0 if first else 2.0 ** masses[0]
    wanted = before + u * (2.0 ** masses[1] - before)
    got = _goal(address(masses) + 8, first, 1, True, u)
    assert got == pytest.approx(math.log2(wanted) if wanted > 0 else -math.inf, abs=1e-9)
    plain = 2.0**masses
    assert _goal(address(plain) + 8, first, 1, False, u) == pytest.approx(wanted, rel=1e-12)


def weighed(degree, hubs, weights):
    return RamGraph(with_orders(star(degree, hubs), weights).arrays())


@pytest.mark.parametrize("fanout", [1, 5, SCAN, SCAN + 1, 200, 299, 300])
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("kind", ["even", "steep", "sparse", "one", "none"])
def test_draws_by_weight_at_their_limits(fanout, again, kind):
    rng = np.random.default_rng(3)
    weights = {
        "even": rng.random(900),
        "steep": 2.0 ** rng.integers(-60, 60, 900),  # tries run out: the rest is scanned
        "sparse": (rng.random(900) < 0.05) * 1.0,  # fewer than are asked for
        "one": (np.arange(900) < 3) * 1.0,
        "none": np.zeros(900),
    }[kind]
    graph = weighed(300, 3, weights)
    step = Step(1, ORDERS, fanout, Strategy.WEIGHTED, replace=again, weight="weight")
    for anchor in (899, 500, 3):
        subgraph = both(graph, request_of([step], [0, 1, 2, 0], anchor))
        drawn = subgraph.edge_id[ORDERS]
        assert (weights[drawn] > 0).all()
        if kind == "steep" and fanout == 200 and not again and anchor == 899:
            assert subgraph.slow_draws > 0
        if not again:
            pairs = list(zip(subgraph.col[ORDERS].tolist(), drawn.tolist(), strict=True))
            assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("half_life", [1, 20, 10**6])
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("window", [None, 100])
def test_draws_by_age_at_their_limits(half_life, again, window):
    graph = RamGraph(star(300, 3).arrays())
    for fanout in (1, SCAN, SCAN + 1, 200):
        step = Step(1, ORDERS, fanout, Strategy.DECAY, window=window, replace=again, half_life=half_life)
        both(graph, request_of([step], [0, 1, 2, 0], 700))


def test_a_scan_counts_ages_from_the_latest_that_is_left():
    """Nine half-lives from order to order: beside the very latest, the 200th latest would weigh nothing."""
    graph = RamGraph(star(300, 9).arrays())
    step = Step(1, ORDERS, 200, Strategy.DECAY, half_life=1)
    subgraph = both(graph, request_of([step], [0, 8], 10**6))
    assert subgraph.slow_draws == 2
    assert subgraph.num_edges == 2 * 200


def test_draws_are_in_proportion():
    graph, counts = weighed(4, 1, [1.0, 2.0, 0.0, 5.0]), np.zeros(4)
    step = Step(1, ORDERS, 20, Strategy.WEIGHTED, replace=True, weight="weight")
    for key in range(200):
        counts += np.bincount(graph.sample(request_of([step], [0], 9, key)).edge_id[ORDERS], minlength=4)
    assert counts[2] == 0
    assert chisquare(counts[[0, 1, 3]], np.array([1, 2, 5]) / 8 * 4000).pvalue > 1e-3


def test_a_node_that_is_listed_and_runs_out_of_tries_is_slow_once():
    """A hidden edge in the middle has the masses summed up; their steepness uses up the tries."""
    steep = 2.0 ** np.random.default_rng(3).integers(-60, 60, 900)
    graph, step = weighed(300, 3, steep), Step(1, ORDERS, 200, Strategy.WEIGHTED, weight="weight")
    plain = request_of([step], [0], 899)
    assert both(graph, plain).slow_draws == 1
    rows = np.array([int(np.sort(graph.sample(plain).edge_id[ORDERS])[100])])
    hidden = HiddenEdges(ORDERS, np.array([0, 1]), rows)
    assert both(graph, replace(plain, hidden=(hidden,))).slow_draws == 1
