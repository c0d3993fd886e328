"""The spill file holds every bucket's records, in row order, in the bucket's own place."""

import numpy as np

from workbench.ingestion import csc_plan
from workbench.ingestion.csc_columns import Columns
from workbench.ingestion.csc_plan import SPILL, CscState
from workbench.ingestion.csc_split import split


def test_records_lie_by_bucket_and_row(tmp_path, monkeypatch):
    monkeypatch.setattr(csc_plan, "SAVE_EVERY", 1)
    rng, told = np.random.default_rng(0), []
    dst, src = rng.integers(0, 9, 500).astype(np.uint32), rng.integers(0, 4, 500).astype(np.uint32)
    columns = Columns(dst, src, 9, 4, 70)
    buckets = columns.count(100, lambda *_: None)
    fresh = CscState.of("uint32", 500, 9, 4, True, buckets)
    done = split(columns, buckets, fresh, tmp_path, lambda *given: told.append(given))
    records = np.fromfile(tmp_path / SPILL, np.uint32).reshape(-1, 3)
    order = np.argsort(buckets.of_bin[dst], kind="stable")
    assert (records == np.stack([dst, src, np.arange(500)], axis=1)[order]).all()
    assert (done.split_rows, done.filled) == (500, np.diff(buckets.begins).tolist())
    assert fresh.found_in(tmp_path) == done
    assert told == [("split", 70)] * 7 + [("split", 10)]
    # What is spilled is not spilled again; what was not saved is, in the same place.
    (tmp_path / "other").mkdir()
    assert split(columns, buckets, done, tmp_path / "other", lambda *_: None) == done
    assert (tmp_path / "other" / SPILL).stat().st_size == 0
