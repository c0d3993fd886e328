"""SsdFeatures passes the contract suite: identity and permuted slots, resident or not, quick or late."""

import os
import sys

import numpy as np
import pytest

from workbench.errors import CorruptStoreError, StoreError
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.feature_data import group_layout, random_group, write_feature_dataset
from workbench.testing.feature_suite import FeatureStoreSuite, make_case
from workbench.testing.slow_features import SlowFeatures


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
    reopen, arguments = store.__reduce__()
    small(tmp_path)
    with pytest.raises(StoreError, match="snapshot is now 2"):
        reopen(*arguments)


def test_a_torn_segment_is_an_error_not_a_signal(tmp_path):
    dataset, _ = small(tmp_path)
    with dataset.file("features", "g").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(CorruptStoreError, match=r"0\.seg has 100 bytes instead of"):
        SsdFeatures.open(dataset)
    with pytest.raises(CorruptStoreError, match=r"0\.seg has 100 bytes instead of"):
        SsdFeatures.open(tmp_path)


def test_close_leaves_no_thread(tmp_path):
    import threading

    before = set(threading.enumerate())
    store = SsdFeatures.open(small(tmp_path)[0])
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
