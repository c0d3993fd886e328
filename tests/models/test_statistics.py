"""Statistics are fitted on what was known at the last train anchor, and on nothing later."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import PlanError, TrainingError
from workbench.models.statistics import (
    KNOTS,
    Statistics,
    fit_numbers,
    fit_statistics,
    readable_rows,
    target_scale,
)
from workbench.plan.encoding import Encoding
from workbench.schema import Column, Schema, Stype, Table
from workbench.stores.features import FeatureBlock, GroupColumn, GroupLayout
from workbench.stores.protocols import Read
from workbench.testing.shop import Shop
from workbench.testing.sizes import cases

COLUMNS = (
    GroupColumn("n", "numerical", 0),
    GroupColumn("m", "numerical", 1),
    GroupColumn("c", "categorical", 0, 1, 9),
    GroupColumn("t", "timestamp", 0),
    GroupColumn("e", "embedding", 0, 3),
    GroupColumn("key", "numerical", 2),
)


class OneTable:
    """A graph and a feature store with one table; only what statistics ask for."""

    def __init__(self, rows: int, rng: np.random.Generator) -> None:
        self.layout = GroupLayout("events", rows, COLUMNS)
        self.groups = {"events": self.layout}
        self.block = FeatureBlock(self.layout, np.zeros((rows, self.layout.stride), np.uint8))
        self.block.section("numerical")[:] = rng.normal(5, 2, (rows, 3))
        self.block.section("categorical")[:] = rng.integers(0, 6, (rows, 1))
        self.block.section("timestamp")[:] = rng.integers(0, 10**15, (rows, 1))
        self.block.section("embedding")[:] = rng.normal(0, 3, (rows, 3))
        self.block.data[:, self.layout.mask_offset] = 0b111111
        self.stamps = np.arange(rows, dtype=np.int64) * 1000
        types = (
            Stype.NUMERICAL,
            Stype.NUMERICAL,
            Stype.CATEGORICAL,
            Stype.TIMESTAMP,
            Stype.EMBEDDING,
            Stype.ID,
        )
        columns = tuple(Column(c.name, s) for c, s in zip(COLUMNS, types, strict=True))
        self.schema = Schema((Table("events", (*columns, Column("at", Stype.TIMESTAMP)), None, "at"),))

    def times(self, table: str) -> np.ndarray:
        return self.stamps

    def num_nodes(self, table: str) -> int:
        return self.layout.rows

    def multi_get(self, reads: list[Read]) -> list[FeatureBlock]:
        return [FeatureBlock(self.layout, self.block.data[read.ids]) for read in reads]

    def fit(self, anchor: int, exclude: tuple[str, ...] = (), encodings: Any = None) -> Statistics:
        chosen = (encodings or {}).items()
        return fit_statistics(self.schema, self, self, ["events"], anchor, exclude, encodings=chosen)


@pytest.fixture
def store() -> OneTable:
    return OneTable(1000, np.random.default_rng(0))


def test_the_future_changes_nothing(store: OneTable) -> None:
    before = store.fit(499_000)
    assert before.rows == {"events": 500}
    later = slice(500, None)
    store.block.section("numerical")[later] += 1000 * 2.0
    store.block.section("categorical")[later] = 8
    store.block.section("embedding")[later] *= 1000
    store.block.data[later, store.layout.mask_offset] = 0
    assert store.fit(499_000) == before
    assert store.fit(999_000) != before


def test_numbers(store: OneTable) -> None:
    values = store.block.section("numerical")
    values[0, 0], values[1, 0] = np.inf, 1e30
    number = store.fit(10**9).tables["events"][0]
    assert number.column.name == "n"
    assert len(number.knots) == KNOTS
    assert np.all(np.diff(number.knots) >= 0)
    assert abs(number.mean - 5) < 0.3
    assert abs(number.scale - 2) < 0.3
    assert number.knots[-1] < 100


def test_constants_and_missing_columns_are_not_blown_up(store: OneTable) -> None:
    store.block.section("numerical")[:, 0] = 1e6
    store.block.data[:, store.layout.mask_offset] &= 0b111101
    constant, missing = store.fit(10**9).tables["events"][:2]
    assert constant.scale == 1.0
    assert (missing.missing, missing.scale) == (1.0, 1.0)


def test_categories_seen_too_rarely_have_no_embedding_of_their_own(store: OneTable) -> None:
    codes = store.block.section("categorical")
    codes[:, 0] = 1
    codes[:2, 0], codes[2:5, 0], codes[5, 0] = 4, 3, 0
    category = store.fit(10**9).tables["events"][2]
    assert category.codes == (1, 3)


METHODS = st.sampled_from(["standard", "robust", "log"])
FILLS = st.one_of(st.sampled_from(["mean", "median", "zero"]), st.floats(-100, 100))


@settings(max_examples=cases(150, 3000))
@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=60), METHODS, FILLS)
def test_numbers_are_fitted_as_pandas_would(values: list[float], method: str, fill: str | float) -> None:
    found = fit_numbers(np.array([*values, np.inf, np.nan]), Encoding(method, fill))
    series = pd.Series(values, dtype=float)
    clipped = series.clip(series.quantile(0.005), series.quantile(0.995))
    shown = clipped.apply(lambda x: math.copysign(math.log1p(abs(x)), x)) if method == "log" else clipped
    centre, spread = shown.mean(), shown.std(ddof=0)
    if method == "robust":
        centre, spread = series.median(), (series.quantile(0.75) - series.quantile(0.25)) * 0.7413 or spread
    near = {"rel": 1e-6, "abs": 1e-6 * max(1.0, shown.abs().max())}
    assert found["mean"] == pytest.approx(centre, **near)
    constant = spread <= 1e-9 * max(1.0, shown.abs().max())
    assert found["scale"] == pytest.approx(1.0 if constant else spread, **near)
    filled = {"mean": None, "median": series.median(), "zero": 0.0}.get(str(fill), fill)
    assert found["fill"] == (None if filled is None else pytest.approx(filled))


def test_choices_of_a_column(store: OneTable) -> None:
    codes = store.block.section("categorical")
    codes[:, 0] = np.repeat([1, 2, 3, 4, 5], [400, 300, 200, 60, 40])
    chosen = {"events.c": Encoding(rare=50, most=3), "events.n": Encoding("robust", "zero")}
    number, other, category, *_ = store.fit(10**9, encodings=chosen).tables["events"]
    assert (category.codes, category.seen) == ((1, 2, 3), 5)
    assert (number.method, number.fill) == ("robust", 0.0)
    assert number.mean == np.median(store.block.column("n"))
    assert (other.method, other.fill, other.seen) == ("standard", None, 0)
    with pytest.raises(PlanError, match=r"the encoding of 'events\.nn'.*Did you mean 'events\.n'"):
        store.fit(10**9, encodings={"events.nn": Encoding()})


def test_keys_and_excluded_columns_are_not_read(store: OneTable) -> None:
    names = [each.column.name for each in store.fit(10**9, ("events.m",)).tables["events"]]
    assert names == ["n", "c", "t", "e"]
    with pytest.raises(PlanError, match=r"Did you mean 'events\.m'"):
        store.fit(10**9, ("events.mm",))


def test_an_anchor_before_everything(store: OneTable) -> None:
    empty = store.fit(-1)
    assert empty.rows == {"events": 0}
    assert all(np.isfinite([each.mean, each.scale, *each.knots]).all() for each in empty.tables["events"])


def test_a_real_store_and_json(shop: Shop) -> None:
    parts, seeds = shop.parts, shop.task.seeds("train")
    last = int(seeds.anchor_time.max())
    tables = ["users", "orders", "products"]
    found = fit_statistics(parts.schema, parts.graph, parts.features, tables, last)
    assert found.rows["orders"] == readable_rows(parts.schema, parts.graph, "orders", last)
    assert found.rows["orders"] < parts.graph.num_nodes("orders")
    assert found.rows["products"] == parts.graph.num_nodes("products")
    assert Statistics.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    with pytest.raises(TrainingError, match="malformed"):
        Statistics.from_dict({"format": 2})


def test_target_scale() -> None:
    mean, scale = target_scale(np.arange(101.0))
    assert (mean, scale) == (50.0, 45.0)
    assert target_scale(np.full(5, 3.0)) == (3.0, 1.0)
    assert target_scale(np.empty(0)) == (0.0, 1.0)
