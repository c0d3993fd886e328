"""One column at a time: semantic types and clocks."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from workbench.ingestion.infer import infer_schema
from workbench.schema import Stype, Table


def inferred(**columns: Any) -> Table:
    return infer_schema({"things": pa.table(columns)})["things"]


SENTENCES = [f"the {word} thing number {i}" for i, word in enumerate(["red", "blue", "old", "new"] * 10)]


@pytest.mark.parametrize(
    ("values", "stype"),
    [
        ([1.5, 2.5, None], Stype.NUMERICAL),
        ([3, 1, 2], Stype.NUMERICAL),
        ([True, False, None], Stype.CATEGORICAL),
        (["a", "b", "a"], Stype.CATEGORICAL),
        (SENTENCES, Stype.TEXT),
        ([f"x{i:05d}y" for i in range(50)], Stype.ID),
        ([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], Stype.TIMESTAMP),
        (["2024-01-01 10:00:00", "2024-01-02T11:00:00Z"], Stype.TIMESTAMP),
        ([[1.0, 2.0], [3.0, 4.0]], Stype.EMBEDDING),
        (pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32(), 2)), Stype.EMBEDDING),
        ([["a"], ["b"]], Stype.MULTICATEGORICAL),
        ([[["a"]], [["b"]]], Stype.SET_ASIDE),
        ([{"a": 1}, {"a": 2}], Stype.SET_ASIDE),
        ([None, None], Stype.SET_ASIDE),
        (["1", "2", "30"], Stype.SET_ASIDE),
        ([7, 7, 7], Stype.SET_ASIDE),
        ([7, 7, None], Stype.NUMERICAL),
    ],
)
def test_semantic_types(values: Any, stype: Stype) -> None:
    table = inferred(filler=list(range(len(values))), value=values)
    assert table.column("value").stype is stype


def test_zip_codes_and_other_codes_stay_texts() -> None:
    codes = [f"{i % 7:05d}" for i in range(50)]
    assert inferred(n=list(range(50)), zip=codes).column("zip").stype is Stype.CATEGORICAL
    assert inferred(n=list(range(50)), stock_code=codes).column("stock_code").stype is Stype.CATEGORICAL


@pytest.mark.parametrize(
    ("name", "values", "timed"),
    [
        ("timestamp", [1_600_000_000, 1_600_000_001], True),
        ("created_at", [1_600_000_000_000, 1_600_000_000_001], True),
        ("views", [1_600_000_000, 1_600_000_001], False),
        ("dep_time", [517, 533], False),
        ("time", [1, 1_600_000_000], False),
    ],
)
def test_integers_that_count_since_1970(name: str, values: list[int], timed: bool) -> None:
    assert (inferred(**{name: values}).time == name) == timed
