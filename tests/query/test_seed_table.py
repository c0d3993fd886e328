"""SeedTable: rows can be chosen, shown and turned into seeds."""

import numpy as np
import pyarrow as pa

from workbench.query.seed_table import SeedTable
from workbench.temporal import instant

DAY = 86_400_000_000


def table(**changes) -> SeedTable:
    values = {
        "node_type": "users",
        "node_id": np.array([5, 3, 9]),
        "key": pa.array(["e", "c", "i"]),
        "anchor_time": instant("2020-01-01") + DAY * np.arange(3),
        "label": np.array([0.0, 1.0, 1.0]),
        "split": "val",
    }
    return SeedTable(**{**values, **changes})


def test_rows_are_chosen_by_slice_index_and_mask():
    assert table()[1:].node_id.tolist() == [3, 9]
    assert table()[[2, 0]].key.to_pylist() == ["i", "e"]
    assert table()[np.array([True, False, True])].label.tolist() == [0.0, 1.0]
    assert [len(row) for row in table()] == [1, 1, 1]
    assert table(label=None)[:1].label is None


def test_two_tables_follow_one_another():
    later = table(node_id=np.array([1, 2, 3]), key=pa.chunked_array([["x"], ["y", "z"]]), split="test")
    both = table(until=7).followed_by(later)
    assert (both.split, both.until) == ("val", 7)
    assert both.node_id.tolist() == [5, 3, 9, 1, 2, 3]
    assert both.key.to_pylist() == ["e", "c", "i", "x", "y", "z"]
    assert both.label.tolist() == [0.0, 1.0, 1.0, 0.0, 1.0, 1.0]
    assert both[4:].key.to_pylist() == ["y", "z"]
    assert table(label=None).followed_by(later).label is None
    assert len(table()[:0].followed_by(later)) == 3


def test_until_freezes_what_is_visible_and_not_the_anchor():
    frozen = table(until=instant("2020-01-02"))
    assert (frozen.visible_until - instant("2020-01-01")).tolist() == [0, DAY, DAY]
    assert frozen.anchor_time.tolist() == table().anchor_time.tolist()
    assert frozen.seed_set([2, 0]).anchors.tolist() == [instant("2020-01-02"), instant("2020-01-01")]
    assert frozen.seed_set([2, 0]).input_ids.tolist() == [2, 0]


def test_arrow_and_text():
    arrow = table().to_arrow()
    assert arrow.column_names == ["entity", "node_id", "anchor_time", "label"]
    assert arrow["anchor_time"].type == pa.timestamp("us")
    assert table(label=None).to_arrow().column_names == ["entity", "node_id", "anchor_time"]
    assert table().to_pandas().shape == (3, 4)
    assert repr(table()) == "SeedTable(val: 3 x users, 2020-01-01 .. 2020-01-03, mean label 0.6667)"
    assert repr(table()[:0]) == "SeedTable(val: 0 x users)"
