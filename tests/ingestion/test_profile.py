"""Profiles of columns: exact where it matters."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from workbench.ingestion import profile
from workbench.ingestion.profile import profile_table
from workbench.ingestion.tables import read_tables

TABLES = read_tables(
    {
        "t": pa.table(
            {
                "whole": [1, 5, None, 5],
                "real": [1.5, float("inf"), float("nan"), None],
                "text": ["12", "2024-01-01 10:00", "two words", None],
                "at": [dt.datetime(2024, 1, 1)] * 4,
                "flag": [True, False, None, None],
            }
        )
    }
)


def test_statistics_by_kind() -> None:
    found = profile_table(TABLES, "t")
    assert list(found) == ["whole", "real", "text", "at", "flag"]
    whole = found["whole"]
    assert (whole.rows, whole.present, whole.distinct, whole.low, whole.high, whole.whole) == (
        4,
        3,
        2,
        1,
        5,
        True,
    )
    assert whole.is_number
    assert whole.variety == pytest.approx(2 / 3)
    assert (found["real"].low, found["real"].high, found["real"].whole) == (1.5, 1.5, False)
    text = found["text"]
    assert text.is_text
    assert (text.numeric, text.dated, text.words) == pytest.approx((1 / 3, 1 / 3, 5 / 3))
    assert found["at"].is_instant
    flag = found["flag"]
    assert [flag.is_number, flag.is_text, flag.is_instant] == [False] * 3


def test_an_empty_table_has_a_profile() -> None:
    empty = profile_table(TABLES.where("t", "false"), "t")["whole"]
    assert (empty.rows, empty.present, empty.variety, empty.low, empty.whole) == (0, 0, 0.0, None, False)


def test_large_tables_are_sampled_repeatably(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "SAMPLE_ROWS", 100)
    tables = read_tables({"t": pa.table({"n": list(range(5000))})})
    first, second = profile_table(tables, "t"), profile_table(tables, "t")
    assert first == second
    assert first["n"].rows == 100
