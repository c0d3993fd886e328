"""What a power cut may leave of an ingest, an edit or a compaction: the old state or the new one, whole.

Images are drawn from the system calls that were made: see ``testing/disk_images.py``. That these tests would
notice is tested too, on code that breaks its promises.
"""

import os
import shutil

import numpy as np
import pytest
import xxhash

from workbench.errors import CorruptStoreError, StoreError
from workbench.stores import catalog, records
from workbench.stores.verify import verify
from workbench.testing.disk_calls import can_trace
from workbench.testing.disk_images import DiskImages, files_in, lay_out
from workbench.testing.disk_trials import MUTANTS, OPERATIONS, Trial, prepare, run_trials
from workbench.testing.sizes import cases

pytestmark = pytest.mark.skipif(not can_trace(), reason="this system lets no child be traced")

EACH = cases(500, 5000)
"""Images of each operation."""


class Cut:
    """An operation that was traced, and the states before and after it."""

    def __init__(self, folder, operation):
        self.folder = folder
        folder.mkdir()
        prepare(operation, folder)
        self.before, self.old = files_in(folder), manifest_of(folder)

    def after(self, seen):
        assert (seen.signal, seen.error) == (0, "")
        self.images = DiskImages(self.before, seen.calls)
        self.there, self.new = files_in(self.folder), manifest_of(self.folder)
        assert self.new != self.old, "nothing was committed"
        return self

    def check(self, moment, rng):
        """One image of a cut before the call of that number: all of the old state, or all of the new."""
        image = self.images.draw(moment, rng)
        lay_out(self.folder, image, self.there)
        self.there = image
        found = manifest_of(self.folder)
        assert found in (self.old, self.new), "neither the old state nor the new"
        if moment == len(self.images.calls):
            assert found == self.new, "it was acknowledged and is not there"
        for entry in found.kept_files if found else ():
            content = image.get(entry.path, b"")
            assert (len(content), xxhash.xxh3_64_hexdigest(content)) == (entry.bytes, entry.checksum), entry

    def moments(self, rng, count):
        """Each moment at least once, and more often those from the commit on."""
        calls = self.images.calls
        sealed = next((i for i, call in enumerate(calls) if call.path == "catalog.seal.new"), 0)
        late = rng.integers(sealed, len(calls) + 1, max(0, count - len(calls)) // 2)
        rest = rng.integers(0, len(calls) + 1, max(0, count - len(calls) - len(late)))
        return [*range(len(calls) + 1), *late.tolist(), *rest.tolist()]


def manifest_of(folder):
    state = catalog.find(folder)
    return state.manifest if state else None


def forked_probe(root):
    """As ``records.probe``, in a fork: a new interpreter for each of thousands of images takes too long."""
    child = os.fork()
    if not child:
        try:
            os._exit(3 if records.read_records(root) is None else 4)
        except BaseException:
            os._exit(5)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (3, 4):
        raise CorruptStoreError(f"its reader ended with {code}")
    return code == 4


@pytest.fixture
def quick_probe(monkeypatch):
    monkeypatch.setattr(catalog, "probe", forked_probe)


@pytest.fixture(scope="module")
def cuts(tmp_path_factory):
    root = tmp_path_factory.mktemp("cuts")
    made = {operation: Cut(root / operation, operation) for operation in OPERATIONS}
    seen = run_trials([Trial(operation, str(cut.folder)) for operation, cut in made.items()])
    return {name: cut.after(one) for (name, cut), one in zip(made.items(), seen, strict=True)}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_was_traced_is_what_happened(cuts, operation):
    assert cuts[operation].images.whole() == cuts[operation].there


@pytest.mark.usefixtures("quick_probe")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_power_cut_leaves_the_old_state_or_the_new_one(cuts, operation):
    rng, cut = np.random.default_rng(7), cuts[operation]
    moments, states = cut.moments(rng, EACH), set()
    for moment in moments:
        cut.check(moment, rng)
        states.add(manifest_of(cut.folder) == cut.new)
    assert len(moments) >= EACH
    assert states == {False, True}


@pytest.mark.usefixtures("quick_probe")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_next_operation_goes_on_after_a_power_cut(cuts, operation, tmp_path):
    rng, cut = np.random.default_rng(8), cuts[operation]
    for number, moment in enumerate(rng.integers(0, len(cut.images.calls) + 1, cases(4, 100)).tolist()):
        cut.check(moment, rng)
        shutil.copytree(cut.folder, tmp_path / str(number))
        OPERATIONS["compact" if operation in ("edit", "compact") else "ingest"](tmp_path / str(number))
        report = verify(tmp_path / str(number))
        assert report.ok
        assert not report.unregistered


@pytest.mark.usefixtures("quick_probe")
def test_broken_promises_are_noticed(tmp_path):
    made = {mutant: Cut(tmp_path / str(number), "ingest") for number, mutant in enumerate(MUTANTS)}
    trials = [Trial("ingest", str(cut.folder), mutant=mutant) for mutant, cut in made.items()]
    unnoticed = []
    for (mutant, cut), seen in zip(made.items(), run_trials(trials), strict=True):
        rng = np.random.default_rng(9)
        try:
            cut.after(seen)
            for moment in cut.moments(rng, 600):
                cut.check(moment, rng)
        except (AssertionError, StoreError):
            continue
        unnoticed.append(mutant)
    assert not unnoticed
