"""Chi-square tests of draws, and the generator that a sampler must not have."""

import numpy as np
from scipy.stats import chi2

from workbench.kernels.jit import kernel
from workbench.kernels.rng import GOLDEN, mix64

BINS = 16
"""Ranks are counted in so many spans of equal weight: a bias of many ranks is not lost among their noise."""


def p_of_ranks(counts, weights, take=1):
    """Probability of counts at least as uneven, if each rank were drawn in proportion to its weight.

    counts : ints[ranks];  weights : numbers[ranks]
    take : draws without replacement of one sample; more than 1 wants equal weights
    """
    ranks, total = len(weights), np.sum(weights)
    middles = (np.cumsum(weights) - np.asarray(weights) / 2) / total
    _, spans = np.unique((middles * BINS).astype(int), return_inverse=True)
    expected = np.bincount(spans, weights=weights) / total * counts.sum()
    # a span that ends within one heavy rank may hold next to nothing: such spans are counted with it
    spans = np.where(expected[spans] < 5, np.argmax(expected), spans)
    _, spans = np.unique(spans, return_inverse=True)
    expected = np.bincount(spans, weights=weights) / total * counts.sum()
    assert len(expected) > 2, "too few draws for a chi-square test"
    # ranks of one sample exclude each other, so counts vary less than independent ones
    return p_of_counts(np.bincount(spans, weights=counts), expected, (ranks - 1) / (ranks - take))


def p_of_counts(found, expected, narrowed=1.0):
    """Upper tail of the chi-square statistic."""
    statistic = narrowed * float(((found - expected) ** 2 / expected).sum())
    return float(chi2.sf(statistic, len(expected) - 1))


@kernel
def modulo_counts(key, draws, degree):
    """How often each rank is drawn by 16 random bits modulo the range, as neighbour samplers have done."""
    counts = np.zeros(degree, np.int64)
    for i in range(draws):
        word = mix64(key + (np.uint64(i) + np.uint64(1)) * GOLDEN)
        counts[np.int64((word >> np.uint64(48)) % np.uint64(degree))] += 1
    return counts
