"""A group is loaded once, in file order, by whoever comes first."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from workbench.errors import CorruptStoreError
from workbench.stores import stored_group
from workbench.stores.buffers import ArenaPool
from workbench.stores.direct_file import pread_threads
from workbench.stores.residency import cached_share
from workbench.stores.stored_group import StoredGroup
from workbench.testing.evict import evict
from workbench.testing.feature_data import group_layout, random_group, write_feature_dataset


@pytest.fixture
def written(tmp_path):
    group = random_group(group_layout("g", 500, {"numerical": 3}), np.random.default_rng(0))
    return write_feature_dataset(tmp_path, [group]), group


def test_a_resident_group_is_loaded_once(written, monkeypatch):
    dataset, group = written
    loads, load = [], stored_group.load_pages
    monkeypatch.setattr(stored_group, "load_pages", lambda rows: (loads.append(rows), load(rows)))
    stored, pool = StoredGroup.resident(dataset, group.layout), ArenaPool()

    def read(_):
        out = np.empty((500, group.layout.stride), np.uint8)
        stored.read([(np.arange(500), out)], pool)
        return (out == group.rows).all()

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(read, range(30)))
    assert len(loads) == 1


def test_slots_of_a_cold_group_are_in_memory_after_the_first_read(tmp_path):
    """4 bytes a row: each looked up on disk would cost as much as the row."""
    group = random_group(group_layout("g", 5_000_000, {"numerical": 1}), np.random.default_rng(0))
    dataset = write_feature_dataset(tmp_path, [group], permuted=True)
    for role in ("features", "slot"):
        evict(dataset.file(role, "g"))
    threads = pread_threads()
    stored = StoredGroup.not_resident(dataset, group.layout, threads, None, 0)
    out = np.empty((1, group.layout.stride), np.uint8)
    stored.read([(np.array([77]), out)], ArenaPool())
    np.testing.assert_array_equal(out[0], group.rows[77])
    slots = stored._slot.view(np.uint8).reshape(-1, 4)
    assert cached_share(slots, np.arange(5_000_000), sample=2000) == 1
    threads.close()


def test_a_group_without_a_segment_is_damage(written):
    dataset, _ = written
    with pytest.raises(CorruptStoreError, match="no segment of feature group 'h' is registered"):
        StoredGroup.resident(dataset, group_layout("h", 5, {"numerical": 1}))
