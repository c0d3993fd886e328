"""verify names the file of every flipped byte, truncation, swap and loss; open never signals."""

import numpy as np
import pytest

from workbench.errors import CorruptStoreError, StoreError
from workbench.events import Progress
from workbench.stores import verify as verify_module
from workbench.stores.dataset import Dataset
from workbench.stores.durable import write_file
from workbench.stores.seal import write_seal
from workbench.stores.verify import verify
from workbench.testing.every_file import flip_bit
from workbench.testing.feature_data import group_layout, random_group, write_feature_dataset
from workbench.testing.sizes import cases

KINDS = {"segment": "features/p1/0.seg", "slot": "features/p1/0.slot", "table": "tables/p1/0.parquet"}


@pytest.fixture
def root(tmp_path):
    group = random_group(group_layout("g", 300, {"numerical": 2, "categorical": 1}), np.random.default_rng(0))
    return write_feature_dataset(tmp_path, [group], permuted=True).path


@pytest.fixture
def trusted_catalog(monkeypatch):
    """Skip the child process where the catalog is not what is damaged: thousands of cases."""
    monkeypatch.setattr(verify_module, "probe", lambda _: True)


def test_a_sound_dataset(root):
    events = []
    report = verify(root, [events.append])
    assert report.ok
    assert report.files == 5
    assert report.bytes == sum(
        p.stat().st_size for p in root.rglob("*") if p.is_file() and p.name != "lock.mdb"
    )
    assert "every byte as committed" in str(report)
    assert isinstance(events[-1], Progress)
    assert events[-1].done == events[-1].total == report.bytes


def test_every_place_of_the_catalog(root):
    data = root / "catalog.lmdb/data.mdb"
    rng = np.random.default_rng(0)
    for place in range(data.stat().st_size):
        bit = int(rng.integers(8))
        flip_bit(data, place, bit)
        assert [p.file for p in verify(root).problems] == ["catalog.lmdb/data.mdb"], place
        if place % 16 == 0:
            with pytest.raises(CorruptStoreError, match=r"catalog\.lmdb/data\.mdb"):
                Dataset.open(root)
        flip_bit(data, place, bit)
    assert verify(root).ok


def test_every_place_of_the_seal(root):
    seal = root / "catalog.seal"
    for place in range(seal.stat().st_size):
        flip_bit(seal, place, place % 8)
        assert [p.file for p in verify(root).problems] == ["catalog.seal"]
        with pytest.raises(CorruptStoreError, match=r"catalog\.seal"):
            Dataset.open(root)
        flip_bit(seal, place, place % 8)
    assert verify(root).ok


@pytest.mark.usefixtures("trusted_catalog")
@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS)
def test_random_places_of_every_kind_of_file(root, path):
    file, rng = root / path, np.random.default_rng(0)
    size = file.stat().st_size
    for place in [0, size - 1, *rng.integers(0, size, cases(300, 5000))]:
        bit = int(rng.integers(8))
        flip_bit(file, int(place), bit)
        report = verify(root)
        assert [p.file for p in report.problems] == [path]
        assert "altered or foreign" in str(report)
        flip_bit(file, int(place), bit)
    assert verify(root).ok


@pytest.mark.usefixtures("trusted_catalog")
@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS)
def test_truncated_longer_foreign_and_missing_files(root, path):
    file = root / path
    whole = file.read_bytes()
    for content, message in [
        (whole[:-1], "instead of"),
        (b"", "has 0 bytes instead of"),
        (whole + b"\0", "instead of"),
        (bytes(len(whole)), "altered or foreign"),
        (whole[::-1], "altered or foreign"),
    ]:
        file.write_bytes(content)
        report = verify(root)
        assert [p.file for p in report.problems] == [path]
        assert message in str(report)
    file.unlink()
    assert "No such file" in str(verify(root))
    file.mkdir()
    assert [p.file for p in verify(root).problems] == [path]


def test_a_foreign_catalog(root, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    write_feature_dataset(other, [])
    for name in ("catalog.lmdb/data.mdb", "catalog.seal"):
        mine = (root / name).read_bytes()
        (root / name).write_bytes((other / name).read_bytes())
        assert [p.file for p in verify(root).problems] == ["catalog.lmdb/data.mdb"]
        (root / name).write_bytes(mine)
    assert verify(root).ok


def test_several_damaged_files_are_all_named(root):
    for path in KINDS.values():
        flip_bit(root / path, 5, 1)
    assert {p.file for p in verify(root).problems} == set(KINDS.values())


def test_a_damaged_catalog_under_a_matching_seal_kills_only_the_child(root):
    data = root / "catalog.lmdb/data.mdb"
    data.write_bytes(data.read_bytes()[:8192])
    write_seal(root, 1, committing=False)
    assert [p.file for p in verify(root).problems] == ["catalog.lmdb/data.mdb"]


def test_leftovers_are_listed_and_harmless(root):
    write_file(root, "graph/p2/0", "nbr", "x", b"1")
    report = verify(root)
    assert report.ok
    assert report.unregistered == ("graph/p2/0",)


def test_no_dataset_is_an_error(tmp_path):
    with pytest.raises(StoreError, match="nothing was ever committed"):
        verify(tmp_path)
