"""The pack kernel writes nothing but its rows (its values are tested through ``encode_rows``)."""

import numpy as np

from workbench.stores.buffers import ArenaPool
from workbench.stores.segments import encode_rows
from workbench.testing.feature_data import group_layout, random_group


def test_a_recycled_buffer_leaves_no_trace():
    widths = {"timestamp": 1, "numerical": 5, "embedding": 3, "categorical": 6}
    group = random_group(group_layout("g", 600, widths), np.random.default_rng(0))
    pool = ArenaPool()
    dirty = pool.take(group.rows.shape)
    dirty[:] = 255
    place = dirty.ctypes.data
    del dirty
    rows = encode_rows(group.layout, group.sections, group.present, pool)
    assert rows.ctypes.data == place
    np.testing.assert_array_equal(rows, group.rows)


def test_sections_that_are_not_contiguous_or_of_another_type():
    group = random_group(group_layout("g", 50, {"numerical": 3, "timestamp": 2}), np.random.default_rng(0))
    odd = {name: np.asfortranarray(values) for name, values in group.sections.items()}
    odd["numerical"] = odd["numerical"].astype(np.float64)
    rows = encode_rows(group.layout, odd, np.asfortranarray(group.present))
    np.testing.assert_array_equal(rows, group.rows)
