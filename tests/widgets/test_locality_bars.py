"""A replay as groups of bars and words."""

import numpy as np

from widgets._hot_rows import HotRows
from widgets._locality_bars import locality_caption, locality_groups, locality_title
from workbench.ingestion.locality import Locality, TableLocality


def test_the_title_says_what_pays():
    better = TableLocality("orders", 10.0, {"arrival": 8.0, "user_id": 2.0})
    assert locality_title(Locality((better,), 4)) == "8 pages of 4 KiB a batch; 2 with orders by user_id"
    level = TableLocality("orders", 10.0, {"arrival": 8.0, "user_id": 7.9})
    assert locality_title(Locality((level,), 4)) == "8 pages of 4 KiB a batch; no other order pays"


def test_the_groups_name_rows_by_their_keys(shop):
    engine, *_ = shop
    hot = HotRows("users", np.array([5, 0]), np.array([4, 1]), 4, 100)
    locality = Locality((TableLocality("users", 2.0, {"arrival": 1.5}),), 4)
    pages, even, rows = locality_groups(engine, locality, hot)
    assert pages["rows"] == [["arrival", 1.5]]
    assert even["rows"][1] == ["hottest 1 % of rows", 80.0]
    keys = [str(key) for key in engine.keys("users").keys_of(np.array([5, 0])).to_pylist()]
    assert rows["rows"] == [[keys[0], 100.0], [keys[1], 25.0]]
    assert rows["pick"]
    caption = locality_caption(engine, hot)
    assert "read from memory" in caption
    assert "of 4 batches 60% of the reads" in caption
