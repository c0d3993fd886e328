"""Files are read whole, in either kind of memory; torn and missing ones are named."""

from pathlib import Path

import numpy as np
import pytest

from workbench.errors import CorruptStoreError
from workbench.stores import resident


@pytest.mark.parametrize("huge", [1, 1 << 40])
def test_a_file_is_read_whole(tmp_path, monkeypatch, huge):
    monkeypatch.setattr(resident, "HUGE", huge)
    values = np.arange(100_000, dtype=np.uint32)
    values.tofile(tmp_path / "a")
    array = resident.read_resident(tmp_path / "a", values.nbytes, np.uint32)
    assert np.array_equal(array, values)
    array[0] = 7  # memory of its own
    assert np.fromfile(tmp_path / "a", np.uint32)[0] == 0


def test_an_empty_file_is_an_empty_array(tmp_path):
    (tmp_path / "a").touch()
    assert resident.read_resident(tmp_path / "a", 0, np.int64).shape == (0,)


@pytest.mark.parametrize(("size", "wanted"), [(80, 88), (88, 80), (81, 81)])
def test_a_file_of_another_size_is_named(tmp_path, size, wanted):
    (tmp_path / "a.bin").write_bytes(bytes(size))
    with pytest.raises(CorruptStoreError, match=rf"a\.bin was opened: it has {size} bytes"):
        resident.read_resident(tmp_path / "a.bin", wanted, np.int64)


def test_a_missing_file_is_for_the_caller_to_explain(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a\.bin"):
        resident.read_resident(tmp_path / "a.bin", 8, np.int64)


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.bin").mkdir()
    size = (tmp_path / "a.bin").stat().st_size
    with pytest.raises(CorruptStoreError, match=r"a\.bin was opened: it cannot be read"):
        resident.read_resident(tmp_path / "a.bin", size, np.uint8)


def test_large_arrays_lie_in_huge_pages_where_the_system_gives_them(tmp_path):
    mode = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not mode.exists() or "[never]" in mode.read_text(encoding="utf-8"):
        pytest.skip("this system gives no huge pages")
    values = np.arange(8 << 20, dtype=np.uint32)
    values.tofile(tmp_path / "a")
    array = resident.read_resident(tmp_path / "a", values.nbytes, np.uint32)
    # The first and the last may be cut off by the ends of the mapping.
    assert values.nbytes - (4 << 20) <= resident.huge_bytes([array]) <= values.nbytes
    assert resident.huge_bytes([array, array[100:]]) == resident.huge_bytes([array])
    assert resident.huge_bytes([]) == 0
    assert resident.huge_bytes([np.zeros(8 << 20, np.uint32) + 1]) > 0  # numpy asks for them too


def test_a_system_that_does_not_tell(monkeypatch, tmp_path):
    monkeypatch.setattr(resident, "_SMAPS", tmp_path / "none")
    assert resident.huge_bytes([np.arange(3)]) is None
