"""Runs: they cover every row, in file order, no longer and no wider apart than asked; rows lie where said."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.kernels.cold_rows import plan_runs, rows_at
from workbench.testing.sizes import cases

ROWS = 401


@given(
    rows=st.sets(st.integers(0, ROWS - 1), max_size=60),
    stride=st.sampled_from([8, 64, 256, 512, 1536, 4096, 5120]),
    unit=st.sampled_from([512, 4096]),
    gap=st.sampled_from([0, 512, 4096]),
    longest=st.sampled_from([4096, 16384, 1 << 40]),
    dtype=st.sampled_from([np.uint32, np.int64]),
)
@settings(max_examples=cases(200, 3000), deadline=None)
def test_runs_against_a_set_of_bytes(rows, stride, unit, gap, longest, dtype):
    size = -(-ROWS * stride // 4096) * 4096
    file = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    places = np.array(sorted(rows), dtype)
    runs, starts, bytes_ = plan_runs(places, stride, unit, gap, longest)
    assert not (runs % unit).any()
    assert runs[:, 1].sum() == bytes_
    assert (runs.sum(1) <= size).all()
    begin, length = runs[:, 0], runs[:, 1]
    assert (length <= max(longest, stride + 2 * unit)).all()
    assert (np.diff(begin) >= 0).all()
    if longest > size:  # then only gaps part runs, and larger ones than were to be read along
        assert (begin[1:] - (begin + length)[:-1] > gap).all()
    scratch = np.concatenate([file[low : low + more] for low, more in runs.tolist()] or [file[:0]])
    out = np.empty((len(places), stride), np.uint8)
    rows_at(scratch, starts, out)
    np.testing.assert_array_equal(out, file[: ROWS * stride].reshape(ROWS, stride)[places])


def test_nothing_is_read_that_no_row_needs():
    """Without gaps, every unit of every run holds a part of some row."""
    rows = np.unique(np.random.default_rng(1).integers(0, 10_000, 500))
    for stride, unit in ((64, 512), (1536, 512), (1536, 4096)):
        _, _, size = plan_runs(rows, stride, unit, 0, 1 << 40)
        words = rows[:, None] * stride + np.arange(0, stride, 8)
        assert size == len(np.unique(words // unit)) * unit
