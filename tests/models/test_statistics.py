"""Statistics are fitted on what was known at the last train anchor, and on nothing later."""

from __future__ import annotations

import json

import numpy as np
import pytest

from workbench.errors import PlanError, TrainingError
from workbench.models.statistics import KNOTS, Statistics, fit_statistics, readable_rows, target_scale
from workbench.schema import Column, Schema, Stype, Table
from workbench.stores.features import FeatureBlock, GroupColumn, GroupLayout
from workbench.stores.protocols import Read
from workbench.testing.shop import Shop

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

    def fit(self, anchor: int, exclude: tuple[str, ...] = ()) -> Statistics:
        return fit_statistics(self.schema, self, self, ["events"], anchor, exclude)  # type: ignore[arg-type]


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
