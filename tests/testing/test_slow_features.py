"""SlowFeatures is late, and calls overlap (its answers pass the suite in tests/stores)."""

import time

import numpy as np
import pytest

from workbench.errors import IdError
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.feature_data import group_layout, random_group, write_feature_dataset
from workbench.testing.slow_features import SlowFeatures


@pytest.fixture
def inner(tmp_path):
    group = random_group(group_layout("g", 9, {"numerical": 1}), np.random.default_rng(0))
    return SsdFeatures.open(write_feature_dataset(tmp_path, [group]))


def test_every_answer_is_late(inner):
    store = SlowFeatures(inner, seconds=0.05)
    for call in (lambda: store.multi_get([]), lambda: store.fetch([]).result()):
        started = time.perf_counter()
        assert call() == []
        assert time.perf_counter() - started >= 0.05


def test_calls_overlap(inner):
    store = SlowFeatures(inner, seconds=0.2, threads=8)
    started = time.perf_counter()
    futures = [store.fetch([Read("g", np.arange(9))]) for _ in range(8)]
    assert all(len(future.result()[0]) == 9 for future in futures)
    assert time.perf_counter() - started < 8 * 0.2


def test_errors_are_late_too(inner):
    future = SlowFeatures(inner).fetch([Read("g", np.array([9]))])
    with pytest.raises(IdError, match="id 9 is among them"):
        future.result()
