"""Trials run in a process of their own; a mutant breaks its promise and gives the code back as it was."""

import pytest

from workbench.stores import catalog, records
from workbench.stores.dataset import Dataset
from workbench.stores.durable import DurableFile
from workbench.testing.disk_calls import can_trace
from workbench.testing.disk_trials import MUTANTS, Trial, prepare, run_trials


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_gives_back_what_it_changed(mutant):
    real = catalog.commit, catalog.write_seal, catalog.write_records, records._open, DurableFile._sync
    with MUTANTS[mutant]():
        pass
    assert real == (
        catalog.commit,
        catalog.write_seal,
        catalog.write_records,
        records._open,
        DurableFile._sync,
    )


@pytest.mark.skipif(not can_trace(), reason="this system lets no child be traced")
def test_a_trial_does_what_it_says(tmp_path):
    prepare("compact", tmp_path)
    assert Dataset.open(tmp_path).snapshot == 2
    (seen,) = run_trials([Trial("compact", str(tmp_path))])
    assert (seen.signal, seen.error) == (0, "")
    assert Dataset.open(tmp_path).snapshot == 3
    assert {"create", "write", "sync", "rename"} <= {call.kind for call in seen.calls}
