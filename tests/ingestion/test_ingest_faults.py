"""An ingest in which one system call goes wrong, whichever: the old dataset or the new, and a clear error.

Writes of DuckDB and LMDB are among the calls. One process imports everything once; each trial is a fork.
"""

import shutil
import signal
from pathlib import Path

import pytest

from workbench.ingestion.build import ingest
from workbench.stores import catalog
from workbench.stores.dataset import Dataset
from workbench.testing.disk_calls import can_trace
from workbench.testing.disk_trials import SCHEMA, Trial, prepare, run_trials, tables
from workbench.testing.edited_shop import assert_sound
from workbench.testing.sizes import torture

pytestmark = pytest.mark.skipif(not can_trace(), reason="this system lets no child be traced")

KINDS = ("ingest", "first ingest")
"""Over a dataset, and into a new folder."""


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """What each kind begins with."""
    root = tmp_path_factory.mktemp("before")
    for kind in KINDS:
        (root / kind).mkdir()
        prepare(kind, root / kind)
    return root


@pytest.fixture(scope="module")
def counts(stores, tmp_path_factory):
    """How many calls each kind makes."""
    root = tmp_path_factory.mktemp("count")
    shutil.copytree(stores, root, dirs_exist_ok=True)
    seen = run_trials([Trial(kind, str(root / kind)) for kind in KINDS])
    assert [one.error for one in seen] == ["", ""]
    return {kind: len(one.calls) for kind, one in zip(KINDS, seen, strict=True)}


def trials(stores, counts, root, faults, kinds=KINDS):
    """One trial for each call, with each fault or, but for torture, with one after the other."""
    made = []
    for kind in kinds:
        for at in range(counts[kind]):
            for fault in faults if torture() else [faults[at % len(faults)]]:
                path = root / f"{kind}-{at}-{fault}"
                shutil.copytree(stores / kind, path)
                made.append(Trial(kind, str(path), at, fault))
    return made


def check(trial, done):
    """The dataset is whole, old or new; new if the ingest said so. The next ingest succeeds."""
    state = catalog.find(trial.path)
    rows = state.manifest.rows("orders") if state else 0
    old, new = (40, 50) if trial.operation == "ingest" else (0, 40)
    assert rows in (old, new)
    assert rows == new or not done
    if rows:
        dataset = Dataset.open(trial.path, verify="read")
        for entry in dataset.manifest.files:
            dataset.locate(entry)
        assert dataset.row("orders", rows - 1)["amount"] == (rows - 1) / 4
    if trial.at % 8 == 0 or torture():
        ingest(tables(30), SCHEMA, trial.path)
        assert_sound(Path(trial.path))
    return rows == new


@pytest.mark.slow
def test_a_kill_at_every_call(stores, counts, tmp_path):
    made = trials(stores, counts, tmp_path, ["kill"])
    seen = run_trials(made)
    states = {kind: [] for kind in KINDS}
    for trial, one in zip(made, seen, strict=True):
        assert one.signal == signal.SIGKILL, "the call was not reached"
        states[trial.operation].append(check(trial, False))
    for found in states.values():
        assert found == sorted(found), "once new, always new"
        assert set(found) == {False, True}


@pytest.mark.slow
def test_a_disk_that_refuses_or_writes_less_at_every_call(stores, counts, tmp_path):
    kinds = KINDS if torture() else KINDS[:1]
    made = trials(stores, counts, tmp_path, ["ENOSPC", "EIO", "short"], kinds)
    for trial, one in zip(made, run_trials(made), strict=True):
        assert not one.signal, trial
        assert one.expected or not one.error, (trial, one.calls[trial.at], one.error)
        check(trial, not one.error)
        if trial.fault == "EIO" and one.error:
            assert "Input/output error" in one.error, (trial, one.error)
