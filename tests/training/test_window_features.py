"""Windowed aggregates against pandas, one seed at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import TrainingError
from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.query.seed_table import SeedTable
from workbench.stores.key_map import KeyMap
from workbench.temporal import MICROSECONDS
from workbench.testing import changing_shop
from workbench.testing.shop import Shop, open_parts
from workbench.training.parts import Parts
from workbench.training.window_features import facts_of, flat_table

DAY = MICROSECONDS["days"]
WINDOWS = (30 * DAY, 90 * DAY)
LATER = {"begin_time": 0, "audit_time": 20, "end_time": 40}


def test_facts_are_timed_tables_with_a_key_to_the_entity(shop: Shop) -> None:
    assert {spec.table for spec in facts_of(shop.parts.schema, "users")} == {"orders", "reviews"}


def seeds_of_orders(shop: Shop, after: int) -> SeedTable:
    """A seed per order, for its user, at a time after it."""
    orders = shop.truth.tables["orders"].to_pandas()[:200]
    stamps = orders["order_time"].astype("datetime64[us]").astype(np.int64).to_numpy()
    keys = pa.array(orders["user_id"])
    return SeedTable("users", KeyMap.open(shop.parts.dataset, "users").lookup(keys), keys, stamps + after)


@pytest.mark.parametrize(
    "after", [None, -1, 0, *WINDOWS], ids=["val", "before", "at an order", "30 d", "90 d"]
)
def test_equal_to_pandas(shop: Shop, after: int | None) -> None:
    seeds = shop.task.seeds("val") if after is None else seeds_of_orders(shop, after)
    flat = flat_table(shop.parts.dataset, seeds, WINDOWS, int(seeds.anchor_time.max()))
    orders = shop.truth.tables["orders"].to_pandas()
    stamps = orders["order_time"].astype("datetime64[us]").astype(np.int64)
    keys = seeds.key.to_pylist()
    for i in range(0, len(seeds), 7):
        anchor = seeds.anchor_time[i]
        mine = orders[(orders["user_id"] == keys[i]) & (stamps <= anchor)]
        ages = anchor - stamps[mine.index]
        row = flat.frame.iloc[i]
        assert row["orders count all"] == len(mine)
        for window, label in zip(WINDOWS, ("30d", "90d"), strict=True):
            inside = mine[ages < window]
            assert row[f"orders count {label}"] == len(inside)
            expected = inside["amount"].mean()
            assert np.isclose(row[f"orders mean amount {label}"], expected, equal_nan=True)
        last = ages.min() / DAY if len(mine) else np.nan
        assert np.isclose(row["orders days since last"], last, equal_nan=True)


def test_frozen_seeds_know_what_was_known_at_that_instant(shop: Shop) -> None:
    seeds = shop.task.seeds("val")
    until = int(seeds.anchor_time.min()) - 45 * DAY
    early = replace(seeds, anchor_time=np.full(len(seeds), until))
    frozen, known, later = (
        flat_table(shop.parts.dataset, table, WINDOWS, until).frame
        for table in (replace(seeds, until=until), early, seeds)
    )
    assert frozen.equals(known)
    assert not frozen.equals(later)


def test_columns_of_the_entity_and_shares_of_categories(shop: Shop) -> None:
    seeds = shop.task.seeds("val")
    flat = flat_table(shop.parts.dataset, seeds, WINDOWS, int(seeds.anchor_time.max()))
    assert flat.categorical == ("users.country",)
    shares = [name for name in flat.frame.columns if "channel=" in name and name.endswith(" all")]
    assert shares
    assert np.nanmax(flat.frame[shares].sum(axis=1)) <= 1 + 1e-9
    assert len(flat.frame) == len(seeds)
    assert flat.frame["users.age"].notna().any()


def test_excluded_columns_are_not_read(shop: Shop) -> None:
    seeds, every = shop.task.seeds("val"), 2**62
    hidden = ("users.age", "orders.amount", "orders.channel")
    full = flat_table(shop.parts.dataset, seeds, WINDOWS, every).frame
    kept = flat_table(shop.parts.dataset, seeds, WINDOWS, every, hidden).frame
    gone = set(full.columns) - set(kept.columns)
    assert {name for name in full.columns if "amount" in name or "channel" in name} | {"users.age"} == gone
    assert kept.equals(full[kept.columns])
    with pytest.raises(TrainingError, match=r"users\.agee.*Did you mean 'users.age'"):
        flat_table(shop.parts.dataset, seeds, WINDOWS, every, ("users.agee",))


def test_events_after_the_anchor_change_nothing(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    first = seeds[seeds.anchor_time == seeds.anchor_time.min()]
    flat = flat_table(shop.parts.dataset, first, WINDOWS, int(first.anchor_time.max()))
    assert (flat.frame["orders count all"] == 0).all()


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """Contracts of days 10, 20, ..., of a new kind after day 300: audited 20 days later, ended after 40."""
    days = np.arange(10, 410, 10)
    stamps = {name: pa.array((days + after) * DAY).cast(pa.timestamp("us")) for name, after in LATER.items()}
    kinds = pa.array(["late" if day > 300 else ("new", "old")[day // 10 % 2] for day in days.tolist()])
    tables = {"contracts": pa.table({"contract_id": days, "kind": kinds, **stamps})}
    schema = infer_schema(tables).set_time("contracts", "begin_time").set_end_time("contracts", "end_time")
    folder: Path = tmp_path_factory.mktemp("contracts") / "store"
    ingest(tables, schema, folder)
    return open_parts(folder)


def contract_seeds(parts: Parts, anchor: int) -> SeedTable:
    ids = np.arange(parts.graph.num_nodes("contracts"))
    return SeedTable("contracts", ids, pa.array(ids), np.full(len(ids), anchor * DAY))


def test_an_end_time_is_never_read_and_a_timestamp_only_once_it_has_come(contracts: Parts) -> None:
    days = np.arange(10, 410, 10)
    frame = flat_table(contracts.dataset, contract_seeds(contracts, 400), WINDOWS, 400 * DAY).frame
    assert not [name for name in frame.columns if "end_time" in name]
    assert np.array_equal(frame["contracts.begin_time age"], 400.0 - days)
    expected = np.where(days + 20 <= 400, 400.0 - days - 20, np.nan)
    assert np.array_equal(frame["contracts.audit_time age"], expected, equal_nan=True)


def test_nothing_is_known_of_an_entity_that_came_later(contracts: Parts) -> None:
    days = np.arange(10, 410, 10)
    frame = flat_table(contracts.dataset, contract_seeds(contracts, 200), WINDOWS, 400 * DAY).frame
    for name in ("contracts.kind", "contracts.begin_time age"):
        assert np.array_equal(frame[name].notna(), days <= 200)


def test_a_value_that_came_later_than_training_is_unknown(contracts: Parts) -> None:
    days, seeds = np.arange(10, 410, 10), contract_seeds(contracts, 400)
    for until in (300, 400):
        frame = flat_table(contracts.dataset, seeds, WINDOWS, until * DAY).frame
        assert np.array_equal(frame["contracts.kind"].notna(), days <= until)


def test_histories_are_read_as_of_the_anchor(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    frames = changing_shop.random_frames(rng, versions=60)
    ingest(changing_shop.as_tables(frames), changing_shop.SCHEMA, tmp_path)
    parts = open_parts(tmp_path)
    ids = rng.integers(0, 8, 40)
    anchors = rng.integers(-1, changing_shop.DAYS + 3, 40) * DAY
    seeds = SeedTable("users", ids, pa.array(ids * 10), anchors)
    flat = flat_table(parts.dataset, seeds, WINDOWS, int(anchors.max()))
    expected, since = changing_shop.versions_of(frames["plans"], "plans", ids * 10, anchors)
    np.testing.assert_array_equal(flat.frame["plans.quota"], expected["quota"])
    there = expected["plan"].notna().to_numpy()
    assert (flat.frame["plans.plan"].notna() == there).all()
    codes = dict(zip(expected["plan"][there], flat.frame["plans.plan"][there], strict=False))
    assert [codes[word] for word in expected["plan"][there]] == flat.frame["plans.plan"][there].tolist()
    assert len(set(codes.values())) == len(codes) == 3
    age = np.where(since <= anchors, (anchors - since) / DAY, np.nan)
    np.testing.assert_allclose(flat.frame["plans.valid_from age"], age)
    assert "plans.plan" in flat.categorical
    assert "plans count all" in flat.frame
    assert "plans.quota" not in flat_table(parts.dataset, seeds, WINDOWS, 0, ["plans.quota"]).frame
