"""One keyed draw per entry: the vector form of ``rng.draw_below``."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel
from workbench.kernels.rng import draw_below


@kernel
def draw_each_below(keys, bounds):
    """Draw an integer in [0, bounds[i]) from each key.

    Arrays
    ------
    keys     uint64[n]
    bounds   int64[n]   1 <= bounds[i] < 2^32
    returns  int64[n]
    Cost: one hash an entry, a second with probability bounds[i] / 2^32 at most.
    """
    out = np.empty(len(keys), np.int64)
    for i in range(len(keys)):
        value = draw_below(keys[i], np.uint64(0), np.uint64(bounds[i]))
        out[i] = np.int64(value)
    return out
