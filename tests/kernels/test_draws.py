"""Keyed draws below a bound."""

import numpy as np

from workbench.kernels.draws import draw_each_below


def test_draws_are_below_their_bounds_and_uniform():
    keys = np.arange(60_000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    drawn = draw_each_below(keys, np.full(60_000, 6))
    counts = np.bincount(drawn, minlength=6)
    assert len(counts) == 6
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 20.5  # chi-square, 5 degrees, p = 0.001
    assert (draw_each_below(keys, np.ones(60_000, np.int64)) == 0).all()
    assert np.array_equal(drawn, draw_each_below(keys, np.full(60_000, 6)))
