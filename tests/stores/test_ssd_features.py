"""SsdFeatures passes the contract suite: identity and permuted slots, resident or not, quick or late."""

import os
import pickle
import signal
import sys
import threading
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from workbench.errors import CorruptStoreError, StoreError
from workbench.stores import ssd_features
from workbench.stores.dataset import collect_orphans
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.uring import is_allowed
from workbench.testing.evict import evict
from workbench.testing.feature_data import group_layout, random_group, write_feature_dataset
from workbench.testing.feature_suite import FeatureStoreSuite, make_case
from workbench.testing.slow_features import SlowFeatures

FILES = Path("/proc/self/fd")


class TestMapped(FeatureStoreSuite):
    @pytest.fixture(scope="class")
    def case(self, tmp_path_factory):
        return make_case(tmp_path_factory.mktemp("dataset"), SsdFeatures.open)


class TestPermuted(FeatureStoreSuite):
    @pytest.fixture(scope="class")
    def case(self, tmp_path_factory):
        return make_case(tmp_path_factory.mktemp("dataset"), SsdFeatures.open, permuted=True)


class TestNotResident(FeatureStoreSuite):
    @pytest.fixture(scope="class")
    def case(self, tmp_path_factory):
        return make_case(
            tmp_path_factory.mktemp("dataset"), lambda dataset: SsdFeatures.open(dataset, resident_bytes=0)
        )


class TestCold(FeatureStoreSuite):
    """Every way of cold reads, of evicted files, with and without a row cache."""

    @pytest.fixture(scope="class", params=product(["io_uring", "pread", "mapped"], [0, 20_000]))
    def case(self, tmp_path_factory, request):
        cold, cache_bytes = request.param
        if cold == "io_uring" and not is_allowed():
            pytest.skip("this system refuses io_uring")

        def open_evicted(dataset):
            for group in dataset.manifest.groups:
                evict(dataset.file("features", group.group))
            return SsdFeatures.open(dataset, resident_bytes=0, cache_bytes=cache_bytes, cold=cold)

        return make_case(tmp_path_factory.mktemp("dataset"), open_evicted, permuted=bool(cache_bytes))


class TestSlow(FeatureStoreSuite):
    @pytest.fixture(scope="class")
    def case(self, tmp_path_factory):
        return make_case(
            tmp_path_factory.mktemp("dataset"), lambda dataset: SlowFeatures(SsdFeatures.open(dataset))
        )


def small(path, rows=50):
    group = random_group(group_layout("g", rows, {"numerical": 3}), np.random.default_rng(0))
    return write_feature_dataset(path, [group]), group


def test_reads_in_a_forked_child_after_the_parent_fetched(tmp_path):
    dataset, group = small(tmp_path)
    store = SsdFeatures.open(dataset)
    store.fetch([Read("g", np.arange(3))]).result()  # the parent's threads exist; the child has none
    child = os.fork()
    if child == 0:
        data = store.fetch([Read("g", np.arange(50))]).result(timeout=20)[0].data
        os._exit(0 if (data == group.rows).all() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_pickled_store_refuses_another_snapshot(tmp_path):
    dataset, _ = small(tmp_path)
    store = SsdFeatures.open(dataset)
    pickled = pickle.dumps(store)
    small(tmp_path)
    with pytest.raises(StoreError, match="snapshot is now 2"):
        pickle.loads(pickled)


@pytest.mark.parametrize("permuted", [False, True])
@pytest.mark.parametrize("resident_bytes", [None, 0])
def test_an_open_store_reads_on_when_its_files_are_removed(tmp_path, permuted, resident_bytes):
    group = random_group(group_layout("g", 50, {"numerical": 3}), np.random.default_rng(0))
    dataset = write_feature_dataset(tmp_path, [group], permuted=permuted)
    store = SsdFeatures.open(dataset, resident_bytes=resident_bytes)
    small(tmp_path)
    collect_orphans(tmp_path)  # as an ingest does
    assert (store.multi_get([Read("g", np.arange(50))])[0].data == group.rows).all()


@pytest.mark.skipif(not FILES.is_dir(), reason="the system does not list open files")
@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize("resident_bytes", [None, 0])
def test_no_file_stays_open(tmp_path, read, resident_bytes):
    before = set(FILES.iterdir())
    store = SsdFeatures.open(small(tmp_path)[0], resident_bytes=resident_bytes)
    if read:
        store.multi_get([Read("g", np.arange(50))])
    del store
    assert set(FILES.iterdir()) <= before


@pytest.mark.parametrize("lock", ["group", "store", "arenas"])
def test_a_child_reads_whatever_a_thread_of_its_parent_was_doing_at_the_fork(tmp_path, lock):
    dataset, group = small(tmp_path)
    store = SsdFeatures.open(dataset)
    held = {
        "group": store._stored["g"].lock,
        "store": store._workers._lock,
        "arenas": store._arenas.arenas._lock,
    }[lock]
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with held:
            inside.set()
            leave.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(20)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a deadlock ends the child
        data = store.fetch([Read("g", np.arange(50))]).result()[0].data
        os._exit(0 if (data == group.rows).all() else 1)
    status = os.waitpid(child, 0)[1]
    leave.set()
    thread.join()
    assert status == 0


def test_a_torn_segment_is_an_error_not_a_signal(tmp_path):
    dataset, _ = small(tmp_path)
    with dataset.file("features", "g").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(CorruptStoreError, match=r"0\.seg has 100 bytes instead of"):
        SsdFeatures.open(dataset)
    with pytest.raises(CorruptStoreError, match=r"0\.seg has 100 bytes instead of"):
        SsdFeatures.open(tmp_path)


@pytest.mark.parametrize("resident_bytes", [None, 0])
def test_close_leaves_no_thread(tmp_path, resident_bytes):
    before = set(threading.enumerate())
    dataset = small(tmp_path)[0]
    evict(dataset.file("features", "g"))
    store = SsdFeatures.open(dataset, resident_bytes=resident_bytes, cold="pread")
    block = store.fetch([Read("g", np.arange(9))]).result()[0]
    assert set(threading.enumerate()) - before
    store.close()
    assert not set(threading.enumerate()) - before
    assert len(block.data) == 9
    store.fetch([Read("g", np.arange(9))]).result()  # opens again on demand
    store.close()


def test_a_batch_in_a_loop_reuses_memory(tmp_path):
    store = SsdFeatures.open(small(tmp_path, 5000)[0])
    addresses = set()
    for _ in range(20):
        block = store.multi_get([Read("g", np.arange(5000))])[0]
        addresses.add(block.data.ctypes.data)
        del block
    assert len(addresses) <= 2
    assert sys.getrefcount(store) < 10


@pytest.mark.parametrize("cache_bytes", [0, None])
def test_cold_rows_of_a_file_that_a_later_ingest_removed(tmp_path, cache_bytes):
    group = random_group(group_layout("g", 5000, {"numerical": 3}), np.random.default_rng(0))
    dataset = write_feature_dataset(tmp_path, [group])
    store = SsdFeatures.open(dataset, resident_bytes=0, cache_bytes=cache_bytes)
    evict(dataset.file("features", "g"))
    small(tmp_path)
    collect_orphans(tmp_path)
    ids = np.random.default_rng(1).integers(0, 5000, 3000)
    assert (store.multi_get([Read("g", ids)])[0].data == group.rows[ids]).all()


def test_the_budget_goes_to_small_groups_first_and_the_rest_to_a_row_cache(tmp_path):
    rng = np.random.default_rng(0)
    groups = [random_group(group_layout(name, rows, {"numerical": 3}), rng) for name, rows in SIZES.items()]
    dataset = write_feature_dataset(tmp_path, groups)
    report = SsdFeatures.open(dataset, resident_bytes=1600 * 16 + 20_000).describe()
    assert [report[name].way == "memory" for name in SIZES] == [False, True, False, True]
    caches = [report[name].cache.places for name in ("large", "larger")]
    assert 20_000 * 0.7 < sum(caches) * (16 + 17) < 20_000 + 16 * 33
    assert 2 < caches[1] / caches[0] < 4
    assert "memory" in str(report)
    assert "row cache" in str(report)


SIZES = {"large": 3000, "small": 600, "larger": 9000, "middle": 1000}


def test_reads_of_one_group_share_rows_and_ids_are_checked_once(tmp_path, monkeypatch):
    """What the row cache is asked for is what the disk would be asked for: each row once a batch."""
    dataset, group = small(tmp_path, 5000)
    evict(dataset.file("features", "g"))
    store = SsdFeatures.open(dataset, resident_bytes=0, cache_bytes=1 << 20)
    if store.describe()["g"].cache is None:
        pytest.skip("this file system allows no direct reads")
    checked, real = [], ssd_features.extremes
    monkeypatch.setattr(ssd_features, "extremes", lambda ids: checked.append(len(ids)) or real(ids))
    rng = np.random.default_rng(2)
    ids = [rng.choice(100, size) * 50 for size in (80, 0, 60)]
    blocks = store.multi_get([Read("g", part) for part in ids])
    for part, block in zip(ids, blocks, strict=True):
        np.testing.assert_array_equal(block.data, group.rows[part])
    cache = store.describe()["g"].cache
    assert (cache.hits, cache.misses) == (0, len(np.unique(np.concatenate(ids))))
    assert checked == [80, 0, 60]


def test_an_unknown_way_is_refused(tmp_path):
    dataset, _ = small(tmp_path)
    with pytest.raises(StoreError, match=r"'telepathy'.*io_uring, pread, mapped"):
        SsdFeatures.open(dataset, cold="telepathy")


@pytest.mark.parametrize("cold", ["io_uring", "pread"])
def test_cold_reads_in_a_forked_child(tmp_path, cold):
    """A child must not read through the ring, nor wait for the threads, of its parent."""
    if cold == "io_uring" and not is_allowed():
        pytest.skip("this system refuses io_uring")
    group = random_group(group_layout("g", 5000, {"numerical": 3}), np.random.default_rng(0))
    dataset = write_feature_dataset(tmp_path, [group])
    store = SsdFeatures.open(dataset, resident_bytes=0, cold=cold, cache_bytes=4000)
    file = dataset.file("features", "g")
    evict(file)
    store.multi_get([Read("g", np.arange(0, 5000, 7))])
    child = os.fork()
    evict(file)
    if child == 0:
        signal.alarm(20)
        data = store.multi_get([Read("g", np.arange(5000))])[0].data
        os._exit(0 if (data == group.rows).all() else 1)
    data = store.multi_get([Read("g", np.arange(5000))])[0].data
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (data == group.rows).all()


@pytest.mark.parametrize("cold", ["io_uring", "pread"])
def test_a_segment_cut_short_under_an_open_store_is_an_error(tmp_path, cold):
    """A direct read says so; a mapped one would end the process."""
    if cold == "io_uring" and not is_allowed():
        pytest.skip("this system refuses io_uring")
    group = random_group(group_layout("g", 5000, {"numerical": 3}), np.random.default_rng(0))
    dataset = write_feature_dataset(tmp_path, [group])
    store = SsdFeatures.open(dataset, resident_bytes=0, cold=cold)
    file = dataset.file("features", "g")
    with file.open("r+b") as handle:
        handle.truncate(8192)
    evict(file)
    with pytest.raises(CorruptStoreError, match=r"0\.seg was read.*torn"):
        store.multi_get([Read("g", np.arange(4000, 5000))])
    assert (store.multi_get([Read("g", np.arange(100))])[0].data == group.rows[:100]).all()
