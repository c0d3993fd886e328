"""A piece of a table holds the row that was asked for, whatever was asked for, in short texts."""

import datetime as dt
import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets._table_page import LONGEST, ROWS, table_page


@given(st.integers(0, 200), st.integers(-50, 300))
def test_pieces_lie_side_by_side_and_hold_the_row(total, start):
    table = pa.table({"i": pa.array(range(total), pa.int64())})
    page = table_page(table, start)
    shown = [int(row[0]) for row in page["rows"]]
    assert shown == list(range(page["start"], min(page["start"] + ROWS, total)))
    if 0 <= start < total:
        assert start in shown
    elif total:
        assert shown[0] == 0 or shown[-1] == total - 1


def test_ten_thousand_rows_are_one_short_message():
    table = pa.table({"entity": pa.array(range(10_000)), "prediction": pa.array([1 / 3] * 10_000)})
    page = table_page(table, 9_999)
    assert len(json.dumps(page)) < 2_000
    assert page["rows"][-1] == ["9999", "0.333333"]
    assert page["total"] == 10_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (float("nan"), "nan"),
        (1e-9, "1e-09"),
        (dt.datetime(2026, 1, 2, 3), "2026-01-02 03:00:00"),
        ([1, 2, None], "1, 2, "),
        ("<img onerror=1>", "<img onerror=1>"),
        ("a\nb\tc", "a b c"),
        ("x" * 10**6, "x" * LONGEST + "\u2026"),
    ],
)
def test_values_are_short_texts(value, text):
    assert table_page(pa.table({"v": [value]}), 0)["rows"] == [[" ".join(text.split())]]
