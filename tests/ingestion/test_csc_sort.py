"""Buckets that fit are sorted in memory, a hub's in its mapped file: the same bytes."""

import numpy as np
import pytest

from workbench.ingestion import csc_sort
from workbench.ingestion.csc_columns import Columns
from workbench.ingestion.csc_plan import CscState
from workbench.ingestion.csc_sort import sort
from workbench.ingestion.csc_split import split
from workbench.kernels.csc import csc_from_pairs


@pytest.mark.parametrize("most", [1, 7, 350, 1000])
def test_every_amount_of_memory_gives_the_same_files(tmp_path, monkeypatch, most):
    rng, mapped, told = np.random.default_rng(0), [], []
    dst, src = rng.integers(0, 9, 1000).astype(np.uint32), rng.integers(0, 4, 1000).astype(np.uint32)
    dst[rng.random(1000) < 0.3] = 4  # a hub
    columns = Columns(dst, src, 9, 4, 70)
    buckets = columns.count(100, lambda *_: None)
    state = CscState.of("uint32", 1000, 9, 4, True, buckets)
    state = split(columns, buckets, state, tmp_path, lambda *_: None)
    keep = csc_sort._keep
    monkeypatch.setattr(
        csc_sort, "_keep", lambda file, ids: (mapped.append(isinstance(ids, np.memmap)), keep(file, ids))
    )
    sort(state, tmp_path, most, lambda *given: told.append(given))
    for role, array in zip(("indptr", "nbr", "eid"), csc_from_pairs(src, dst, 9), strict=True):
        assert (tmp_path / role).read_bytes() == array.tobytes()
    sizes = np.diff(buckets.begins)
    assert mapped == np.repeat(sizes > most, 2).tolist()
    assert any(mapped) == (most < sizes.max())
    assert told == [("sort", size) for size in sizes]
