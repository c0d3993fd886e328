"""Segments: every seed is in one group of each kind; groups that nobody is in are said, where known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.errors import TrainingError
from workbench.temporal import FOREVER
from workbench.testing.shop import Shop
from workbench.training.segments import MISSING, MOST, OTHERS, PERIODS, by_segments, by_time


def sizes(groups: list) -> dict[str, int]:
    return {group.name: len(group.rows) for group in groups}


@pytest.mark.parametrize("period", ["anchor", *PERIODS])
def test_every_seed_is_in_one_period(shop: Shop, period: str) -> None:
    seeds = shop.task.seeds("train")
    groups = by_time(seeds, period)
    assert sorted(np.concatenate([group.rows for group in groups]).tolist()) == list(range(len(seeds)))
    stamps = pd.to_datetime(seeds.anchor_time, unit="us")
    expected = (
        pd.Series(stamps).nunique() if period == "anchor" else len(set(stamps.to_period(PERIODS[period])))
    )
    assert len(groups) == expected
    for group in groups:
        inside = stamps[group.rows]
        assert period == "anchor" or len(set(inside.to_period(PERIODS[period]))) == 1
    firsts = [stamps[group.rows].min() for group in groups]
    assert firsts == sorted(firsts)


def test_static_tasks_have_no_time(shop: Shop) -> None:
    from dataclasses import replace

    seeds = shop.task.seeds("val")
    assert by_time(replace(seeds, anchor_time=np.full(len(seeds), FOREVER))) == []
    assert by_time(seeds[:0]) == []
    with pytest.raises(TrainingError, match="Did you mean 'month'"):
        by_time(seeds, "months")


def test_columns_of_the_entity_table_are_those_of_the_source(shop: Shop) -> None:
    seeds = shop.task.seeds("val")
    con = shop.parts.dataset.duckdb()
    table = con.sql("SELECT * FROM users").to_df().set_index("user_id")
    con.close()
    names = [each.name for each in shop.parts.schema["users"].columns if each.name in table]
    for name in names:
        groups = by_segments(shop.parts.dataset, seeds, [f"users.{name}"])
        rows = np.concatenate([group.rows for group in groups])
        assert sorted(rows.tolist()) == list(range(len(seeds)))
        source = table.loc[seeds.key.to_pylist(), name].reset_index(drop=True)
        if source.nunique() <= MOST:
            counts = {str(k): v for k, v in source.value_counts().items()}
            assert sizes(groups) == counts | (
                {MISSING: int(source.isna().sum())} if source.isna().any() else {}
            )
        elif pd.api.types.is_numeric_dtype(source):
            assert [source[g.rows].max() for g in groups] == sorted(source[g.rows].max() for g in groups)


def test_values_of_yours_also_where_nobody_is(shop: Shop) -> None:
    seeds = shop.task.seeds("val")
    n = len(seeds)
    given: dict[str, Any] = {
        "flag": np.zeros(n, bool),
        "kind": pd.Categorical(["a"] * n, categories=["a", "b"]),
        "text": pa.array([None, *["x"] * (n - 1)]),
        "many": [f"v{i % 20}" for i in range(n)],
        "number": np.r_[np.nan, np.arange(n - 1.0)],
        "day": pd.Series(pd.date_range("2020-01-01", periods=n)),
    }
    found = {
        name: sizes(by_segments(shop.parts.dataset, seeds, {name: each})) for name, each in given.items()
    }
    assert found["flag"] == {"False": n, "True": 0}
    assert found["kind"] == {"a": n, "b": 0}
    assert found["text"] == {"x": n - 1, MISSING: 1}
    assert len(found["many"]) == MOST + 1
    assert sum(found["many"].values()) == n
    assert found["many"][OTHERS] > 0
    assert len(found["number"]) == 5
    assert found["number"][MISSING] == 1
    assert max(found["number"].values()) - min(list(found["number"].values())[:4]) <= 1
    assert len(found["day"]) == 4
    assert next(iter(found["day"])).startswith("2020-01-01")


def test_what_is_no_segment_is_refused(shop: Shop) -> None:
    seeds = shop.task.seeds("val")
    for name in ("users.aeg", "orders.amount"):
        with pytest.raises(TrainingError, match="columns of 'users'"):
            by_segments(shop.parts.dataset, seeds, [name])
    with pytest.raises(TrainingError, match="got 3 values of 'mine' for"):
        by_segments(shop.parts.dataset, seeds, {"mine": [1, 2, 3]})
