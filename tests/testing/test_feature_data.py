"""The small dataset of the feature tests: writable again and again, permuted or not."""

import numpy as np

from workbench.stores.verify import verify
from workbench.testing.feature_data import WORDS, group_layout, random_group, write_feature_dataset


def group(rows=30, key=0):
    layout = group_layout("g", rows, {"timestamp": 1, "embedding": 4, "categorical": 2})
    return random_group(layout, np.random.default_rng(key))


def test_layout():
    columns = [(c.name, c.width, c.cardinality) for c in group().layout.columns]
    words = len(WORDS) + 1
    assert columns == [
        ("timestamp_0", 1, 0), ("embedding", 4, 0), ("categorical_0", 1, words), ("categorical_1", 1, words),
    ]  # fmt: skip


def test_random_groups_follow_their_key():
    assert (group(key=1).rows == group(key=1).rows).all()
    assert (group(key=1).rows != group(key=2).rows).any()


def test_a_permuted_dataset_leads_back(tmp_path):
    written = group()
    dataset = write_feature_dataset(tmp_path, [written], permuted=True)
    slot = np.fromfile(dataset.file("slot", "g"), np.uint32)
    stored = np.fromfile(dataset.file("features", "g"), np.uint8)[: written.rows.size].reshape(30, -1)
    assert sorted(slot) == list(range(30))
    assert (slot != np.arange(30)).any()
    np.testing.assert_array_equal(stored[slot], written.rows)


def test_writing_again_counts_snapshots(tmp_path):
    for expected in (1, 2, 3):
        assert write_feature_dataset(tmp_path, [group()]).snapshot == expected
    assert verify(tmp_path).ok
