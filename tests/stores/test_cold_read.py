"""Runs of pages: they cover every row, nothing more than needed, in file order."""

import mmap

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.stores.cold_read import ask_for_rows, page_runs
from workbench.testing.sizes import cases

PAGE = 4096


@given(
    rows=st.lists(st.integers(0, 400), max_size=60),
    stride=st.sampled_from([8, 64, 256, 512, 1536, 4096, 5120]),
    dtype=st.sampled_from([np.uint32, np.int64]),
)
@settings(max_examples=cases(200, 3000), deadline=None)
def test_runs_against_a_set_of_pages(rows, stride, dtype):
    wanted = {byte // PAGE for row in rows for byte in (row * stride, row * stride + stride - 1)}
    wanted |= {page for row in rows for page in range(row * stride // PAGE, (row + 1) * stride // PAGE)}
    runs = page_runs(np.array(rows, dtype), stride, PAGE)
    covered = [page for start, length in runs for page in range(start // PAGE, (start + length) // PAGE)]
    assert covered == sorted(wanted)
    assert not (runs % PAGE).any()
    assert (np.diff(runs[:, 0]) > runs[:-1, 1]).all()  # adjacent runs would be one


def test_asking_never_reaches_beyond_the_map(tmp_path):
    (tmp_path / "file").write_bytes(bytes(10_000))
    with (tmp_path / "file").open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 10_000, prot=mmap.PROT_READ)
    ask_for_rows(mapped, np.array([0, 1249, 600]), 8)
    ask_for_rows(mapped, np.empty(0, np.int64), 8)
