"""One flipped bit, anywhere in any file of a dataset: ``verify`` finds it, and so do reads that verify."""

import numpy as np
import pytest

from workbench.errors import CorruptStoreError, StoreError
from workbench.stores import verify as verify_module
from workbench.stores.dataset import Dataset
from workbench.stores.verify import verify
from workbench.testing.every_file import flip_bit, make_coded, make_edited, read_everything
from workbench.testing.sizes import torture


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flips")
    return [make_edited(folder / "edited"), make_coded(folder / "coded")]


@pytest.fixture
def trusted_catalog(monkeypatch):
    """Skip the child process that reads the catalog, which is not what is damaged: thousands of cases."""
    monkeypatch.setattr(verify_module, "probe", lambda _: True)


def entries_of(root):
    return Dataset.open(root).manifest.kept_files


def flips(root, width):
    """(file, place, bit): one in each range of so many bytes of each file; None: one in each file."""
    rng = np.random.default_rng(1)
    for entry in entries_of(root):
        step = width or entry.bytes
        for start in range(0, entry.bytes, max(step, 1)):
            yield entry, int(rng.integers(start, min(start + step, entry.bytes))), int(rng.integers(8))


def newest_with(root, entry):
    """The newest snapshot that reads a file."""
    manifest = Dataset.open(root).manifest
    return manifest.snapshot if entry in manifest.files else manifest.previous.snapshot


@pytest.mark.usefixtures("trusted_catalog")
def test_verify_names_the_file_of_every_flipped_bit(roots):
    for root in roots:
        for entry, place, bit in flips(root, 1 if torture() else 1024):
            flip_bit(root / entry.path, place, bit)
            assert [problem.file for problem in verify(root).problems] == [entry.path], place
            flip_bit(root / entry.path, place, bit)
        assert verify(root).ok


def test_reads_that_verify_find_every_flipped_bit(roots):
    for root in roots:
        for entry, place, bit in flips(root, 16 if torture() else None):
            snapshot = newest_with(root, entry)
            flip_bit(root / entry.path, place, bit)
            with pytest.raises(CorruptStoreError, match=f"{entry.path} was to be read.*altered or foreign"):
                read_everything(root, snapshots=[snapshot])
            flip_bit(root / entry.path, place, bit)
        assert verify(root).ok


def test_a_file_is_compared_once_and_a_copy_in_another_process_compares_again(roots, monkeypatch):
    from workbench.stores import dataset as module

    compared, real = [], module.checksum
    monkeypatch.setattr(module, "checksum", lambda path: compared.append(path) or real(path))
    dataset = Dataset.open(roots[1], verify="read")
    assert not compared
    segment = dataset.file("features", "items")
    assert dataset.file("features", "items") == segment
    assert compared == [segment]
    make, arguments = dataset.__reduce__()
    assert make(*arguments).file("features", "items") == segment
    assert compared == [segment, segment]
    Dataset.open(roots[1]).file("features", "items")
    assert len(compared) == 2


def test_another_way_to_verify_is_refused(roots):
    with pytest.raises(StoreError, match=r"verify='always'.*None or 'read'"):
        Dataset.open(roots[0], verify="always")
