"""The oracle of histories is itself checked on rows that a reader can follow."""

import numpy as np
import pandas as pd
import pytest

from workbench.stores.features import FeatureBlock, GroupColumn, GroupLayout
from workbench.temporal import FOREVER
from workbench.testing.changing_shop import (
    DAY,
    DAYS,
    PLAIN,
    SCHEMA,
    check_block,
    random_frames,
    random_rows,
    versions_of,
)

PRICES = pd.DataFrame(
    {
        "item_id": [100, 101, 100, 100],
        "since": (np.array([1, 1, 3, 3]) * DAY).astype("M8[us]"),
        "price": [1.0, 2.0, 3.0, np.nan],
    }
)


def test_the_last_version_of_the_newest_instant_holds():
    keys, sees = np.array([100, 100, 100, 101, 100]), np.array([0, 2 * DAY, 3 * DAY, FOREVER, FOREVER])
    found, since = versions_of(PRICES, "prices", keys, sees)
    np.testing.assert_array_equal(found["price"], [np.nan, 1.0, np.nan, 2.0, np.nan])
    assert since.tolist() == [FOREVER, DAY, 3 * DAY, DAY, 3 * DAY]


def test_a_wrong_block_is_found():
    layout = GroupLayout("prices", 2, (GroupColumn("price", "numerical", 0),))
    block = FeatureBlock(layout, np.zeros((2, layout.stride), np.uint8))
    block.section("numerical")[0] = 3
    block.data[0, layout.mask_offset] = 1
    index = np.array([1, 0, 0])
    check_block(None, block, index, pd.DataFrame({"price": [np.nan, 3.0, 3.0]}))
    for wrong in ([np.nan, 3.0, 4.0], [3.0, 3.0, 3.0], [np.nan, np.nan, 3.0]):
        with pytest.raises(AssertionError):
            check_block(None, block, index, pd.DataFrame({"price": wrong}))


def test_frames_are_in_order_and_lack_values():
    frames = random_frames(np.random.default_rng(0), versions=80)
    assert set(frames) == {table.name for table in SCHEMA} == {table.name for table in PLAIN}
    for name, time in (("plans", "valid_from"), ("prices", "since"), ("orders", "at")):
        assert frames[name][time].is_monotonic_increasing
        assert frames[name][time].duplicated().any()
    assert frames["plans"][["plan", "quota"]].isna().any().all()
    later = random_rows(np.random.default_rng(0), frames, DAYS, DAYS + 2, prices=5)["prices"]
    assert later["since"].min() >= frames["prices"]["since"].max()
