"""overlay: exactly the edited rows, wherever and however often they are asked for."""

import numpy as np
import pytest

from workbench.kernels.overlay import overlay
from workbench.testing.sizes import cases


@pytest.mark.parametrize("dtype", [np.uint32, np.int64])
@pytest.mark.parametrize("words", [1, 8, 100])
def test_against_one_row_at_a_time(dtype, words):
    rng = np.random.default_rng(words)
    for _ in range(cases(60, 3000)):
        size = int(rng.integers(1, 40))
        edited = np.flatnonzero(rng.random(size) < rng.random()).astype(np.int64)
        rows = rng.integers(0, 2**63, (len(edited), words)).astype(np.uint64)
        ids = rng.integers(0, size, int(rng.integers(0, 60))).astype(dtype)
        out = rng.integers(0, 2**63, (len(ids), words)).astype(np.uint64)
        expected = out.copy()
        for i, wanted in enumerate(ids.tolist()):
            for row, edit in zip(rows, edited.tolist(), strict=True):
                if edit == wanted:
                    expected[i] = row
        marks = np.packbits(np.isin(np.arange(size), edited), bitorder="little")
        overlay(marks, edited, rows, ids, out)
        np.testing.assert_array_equal(out, expected)
