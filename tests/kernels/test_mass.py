"""Prefix masses against plain Python, and the targets that draws look for in them."""

import math
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.jit import kernel
from workbench.kernels.mass import MOST_HALF_LIVES, cumulate, cumulate_ages, linear_target, log_target
from workbench.temporal import NO_TIME

NODES = st.lists(st.lists(st.integers(0, 50), max_size=8), max_size=6)


@kernel
def targets(before, last, share, log):
    return log_target(before, last, share) if log else linear_target(before, last, share)


def csc(nodes):
    """Offsets, edge ids (the edges in reverse, so that ids are not positions), and values by edge id."""
    indptr = np.concatenate([[0], np.cumsum([len(node) for node in nodes])]).astype(np.int64)
    values = np.array([value for node in nodes for value in node], np.int64)
    return indptr, np.arange(len(values), dtype=np.uint32)[::-1].copy(), values[::-1].copy()


@given(NODES)
def test_sums_begin_anew_at_every_node(nodes):
    indptr, eid, values = csc(nodes)
    masses = np.full(len(eid), -1.0)
    cumulate(indptr, eid, values / 4, masses)
    assert masses.tolist() == [sum for node in nodes for sum in accumulate(v / 4 for v in node)]


@given(NODES, st.sampled_from([0.5, 1.0, 7.0]), st.integers(0, 2))
def test_ages_are_logarithms_of_sums(nodes, half_life, undated):
    times = [sorted(node) + [NO_TIME] * undated for node in nodes]
    indptr, eid, values = csc(times)
    masses = np.full(len(eid), -1.0)
    assert cumulate_ages(indptr, eid, values, NO_TIME, half_life, masses)
    wanted = []
    for node in map(sorted, nodes):
        sums = list(accumulate(2.0 ** ((time - node[0]) / half_life) for time in node))
        wanted += [math.log2(sum) for sum in sums]
        wanted += [math.log2(sums[-1]) if sums else 0.0] * undated
    assert masses == pytest.approx(wanted, rel=1e-13, abs=1e-13)


def test_a_node_that_spans_too_many_half_lives_has_no_masses():
    indptr, eid, masses = np.array([0, 2]), np.arange(2, dtype=np.uint32), np.zeros(2)
    for span, exact in ((MOST_HALF_LIVES, True), (MOST_HALF_LIVES + 1, False)):
        assert cumulate_ages(indptr, eid, np.array([5, 5 + int(span)]), NO_TIME, 1.0, masses) is exact
    assert masses.tolist() == [0.0, MOST_HALF_LIVES]  # far beyond what a float64 sum could hold


@given(st.floats(0, 10), st.floats(0.001, 10), st.floats(0, 1, exclude_max=True))
def test_the_target_of_logarithms_is_the_logarithm_of_the_target(before, more, share):
    linear = targets(before, before + more, share, False)
    assert linear == before + share * (before + more - before)
    first = math.log2(before) if before else -math.inf
    log = targets(first, math.log2(before + more), share, True)
    assert 2**log == pytest.approx(linear, rel=1e-12, abs=1e-300)
