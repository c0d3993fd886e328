"""merge_csc gives what the counting sort of all rows gives."""

import numpy as np
import pytest

from workbench.kernels.csc import csc_from_column
from workbench.kernels.merge_csc import merge_csc


@pytest.mark.parametrize("dtype", [np.uint32, np.int64])
def test_as_if_built_at_once(dtype):
    rng = np.random.default_rng(0)
    for _ in range(200):
        known, nodes = sorted(int(n) for n in rng.integers(0, 9, 2))
        first, rows = (int(n) if nodes else 0 for n in rng.integers(0, 30, 2))
        first = first if known else 0
        old = rng.integers(0, max(known, 1), first).astype(dtype)
        new = rng.integers(0, max(nodes, 1), rows).astype(dtype)
        before, after = csc_from_column(old, known), csc_from_column(new, nodes)
        wanted = csc_from_column(np.concatenate([old, new]), nodes)
        indptr, out = np.empty(nodes + 1, np.int64), np.empty(first + rows, dtype)
        merge_csc(*before, after[0], after[1] + dtype(first), indptr, out)
        np.testing.assert_array_equal(indptr, wanted[0])
        np.testing.assert_array_equal(out, wanted[1])
