"""RamFeatures is a feature store like any other, but for what its pickle weighs."""

import pickle

import numpy as np
import pytest

from workbench.stores.features import FeatureBlock
from workbench.stores.protocols import Read
from workbench.testing.feature_data import group_layout, random_group
from workbench.testing.feature_suite import SHAPES, FeatureCase, FeatureStoreSuite
from workbench.testing.ram_features import RamFeatures, random_features


@pytest.mark.parametrize("threads", [0, 2], scope="class")
class TestRamFeatures(FeatureStoreSuite):
    @pytest.fixture(scope="class")
    def case(self, threads):
        rng = np.random.default_rng(7)
        groups = [
            random_group(group_layout(name, rows, widths), rng) for name, (rows, widths) in SHAPES.items()
        ]
        store = RamFeatures([FeatureBlock(group.layout, group.rows) for group in groups], threads)
        return FeatureCase(store, {group.layout.group: group for group in groups})

    def test_crosses_to_another_process_by_pickle(self, case):
        copy = pickle.loads(pickle.dumps(case.store))
        read = Read("a line", np.arange(999))
        assert np.array_equal(copy.fetch([read]).result()[0].data, case.written["a line"].rows)


def test_random_features_take_turns_with_columns():
    store = random_features({"a": 5, "b": 6, "c": 7, "d": 8, "e": 0}, np.random.default_rng(0))
    assert list(store.groups) == ["a", "b", "d", "e"]
    assert store.groups["b"].width("embedding") == 3
    assert [len(block) for block in store.blocks] == [5, 6, 8, 0]
