"""The report of a store's groups: where each is read from, what its cache did."""

import numpy as np
import pytest

from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.evict import evict
from workbench.testing.feature_data import group_layout, random_group, write_feature_dataset


@pytest.mark.parametrize(("way", "words"), [("mapped", "the page cache"), ("pread", "64 threads")])
def test_a_cold_group_says_how_it_is_read(tmp_path, way, words):
    group = random_group(group_layout("g", 5000, {"embedding": 20}), np.random.default_rng(0))
    dataset = write_feature_dataset(tmp_path, [group])
    evict(dataset.file("features", "g"))
    store = SsdFeatures.open(dataset, resident_bytes=0, cache_bytes=1 << 20, cold=way)
    for _ in range(2):
        store.multi_get([Read("g", np.arange(0, 5000, 9))])
    report = store.describe()["g"]
    assert words in report.way
    assert report.bytes == 5000 * 128
    if way == "pread":
        assert report.cache.hits > 0
        assert f"{report.cache.hit_rate:.1%} hits" in repr(store.describe())
    else:
        assert report.cache is None


def test_what_is_in_memory_is_called_so(tmp_path):
    group = random_group(group_layout("g", 5, {"numerical": 2}), np.random.default_rng(0))
    store = SsdFeatures.open(write_feature_dataset(tmp_path, [group]), resident_bytes=1 << 20)
    assert store.describe()["g"].way == "memory"
    with pytest.raises(KeyError):
        store.describe()["h"]
