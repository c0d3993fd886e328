"""Which edge types are followed: everything that tells something new, never straight back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.advise.hops import FAR, MOMENTS, NEAR, WIDE, choose_hops, opposite, seed_degrees
from workbench.errors import BudgetError
from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.query.seed_table import SeedTable
from workbench.query.task import Task
from workbench.schema import EdgeType
from workbench.stores.ram_graph import RamGraph
from workbench.testing.shop import Shop, open_parts
from workbench.training.parts import Parts

ORDERS = EdgeType("orders", "user_id", "users")


def test_the_shop(shop: Shop) -> None:
    choice = choose_hops(shop.parts.schema, shop.parts.graph, shop.task.seeds("train"))
    fanout = choice.fanout
    assert fanout.strategy == "recent"
    assert NEAR[0] <= fanout.get(1, ORDERS) <= NEAR[1]
    assert fanout.get(2, "products-rev_product_id->orders") == 1
    assert fanout.get(2, "users-rev_user_id->orders") == 0
    assert fanout.get(3, "orders-product_id->products") == WIDE
    assert FAR > 0
    assert choice.reasons


def test_opposite_is_its_own_inverse() -> None:
    back = EdgeType("users", "rev_user_id", "orders")
    assert opposite(ORDERS) == back
    assert opposite(back) == ORDERS


def test_degrees_are_those_of_the_seeds(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    first = seeds[seeds.anchor_time == seeds.anchor_time.min()]
    assert seed_degrees(shop.parts.schema, shop.parts.graph, first).found[ORDERS] == 0
    assert seed_degrees(shop.parts.schema, shop.parts.graph, seeds).found[ORDERS] > 0
    assert seed_degrees(shop.parts.schema, shop.parts.graph, seeds[:0]).found == {}


def test_a_small_budget_looks_at_less(shop: Shop) -> None:
    """The look itself must fit: half as many seeds and neighbours until it does."""
    seeds, arrays = shop.task.seeds("train"), shop.parts.graph.arrays
    wide = seed_degrees(shop.parts.schema, shop.parts.graph, seeds)
    small = RamGraph(arrays, memory_budget=arrays.nbytes + 20_000)
    look = seed_degrees(shop.parts.schema, small, seeds)
    assert wide.cap == NEAR[1] > look.cap
    assert 0 < look.found[ORDERS] <= look.cap
    with pytest.raises(BudgetError, match="for 1 seeds"):
        seed_degrees(shop.parts.schema, RamGraph(arrays, memory_budget=arrays.nbytes + 10), seeds)


def bursts(rows_at_once: int) -> dict[str, pd.DataFrame]:
    """Baskets of one moment each, of 1 to ``rows_at_once`` lines; users have 1 to 40 baskets."""
    rng = np.random.default_rng(5)
    baskets = pd.DataFrame({"user_id": np.repeat(np.arange(30), rng.integers(1, 41, 30))})
    baskets["at"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300 * 24, len(baskets)), "h")
    lines = baskets.loc[baskets.index.repeat(rng.integers(1, rows_at_once + 1, len(baskets)))]
    lines = lines.assign(amount=rng.random(len(lines)), basket_id=lines.index).reset_index(drop=True)
    users = pd.DataFrame({"user_id": np.arange(30), "size": 1.0})
    return {"users": users, "lines": lines, "baskets": baskets.assign(basket_id=baskets.index)}


def lately(lines: pd.DataFrame, user: int, anchor: pd.Timestamp) -> int:
    """Oracle: visible rows of a user's latest moments."""
    seen = lines[(lines.user_id == user) & (lines["at"] <= anchor)]
    return int(seen["at"].isin(sorted(seen["at"].unique())[-MOMENTS:]).sum())


def stored(tables: dict[str, pd.DataFrame], folder: Path) -> tuple[Parts, SeedTable]:
    source = read_tables(tables)
    ingest(source, infer_schema(source), folder / "store")
    parts = open_parts(folder / "store")
    task = Task.build(parts.dataset, "PREDICT COUNT(lines.*, 0, 30, days) > 0 FOR EACH users.user_id")
    return parts, task.seeds("train")


@pytest.mark.parametrize("rows_at_once", [1, 8, 60])
def test_rows_that_arrive_together_count_as_one_moment(tmp_path: Path, rows_at_once: int) -> None:
    """One row a time: 16 rows. Many lines a basket: as many as 16 baskets hold, within the limit."""
    tables = bursts(rows_at_once)
    parts, seeds = stored({name: tables[name] for name in ("users", "lines")}, tmp_path)
    assert len(seeds) <= 512, "all of them are looked at"
    users = np.asarray(seeds.key.to_pylist())
    anchors = pd.to_datetime(seeds.anchor_time, unit="us")
    counts = [min(lately(tables["lines"], *one), NEAR[1]) for one in zip(users, anchors, strict=True)]
    edge_type = EdgeType("lines", "user_id", "users")
    expected = float(np.quantile(counts, 0.9))
    assert seed_degrees(parts.schema, parts.graph, seeds).found[edge_type] == expected
    choice = choose_hops(parts.schema, parts.graph, seeds)
    assert choice.fanout.get(1, edge_type) == round(expected)
    assert {1: expected == MOMENTS, 8: 32 < expected < 256, 60: expected == 256}[rows_at_once]
    said = f"9 of 10 users have at most {expected:.0f} lines at their latest {MOMENTS} different times"
    more = ", counted up to 256" if expected == 256 else ""
    assert dict(choice.reasons)["first hop 8 to 256"] == said + more


def test_rows_that_another_table_leads_to_need_no_wide_first_hop(tmp_path: Path) -> None:
    """The lines of a user's baskets are found through the baskets, which come one at a time."""
    parts, seeds = stored(bursts(8), tmp_path)
    choice = choose_hops(parts.schema, parts.graph, seeds)
    for table in ("lines", "baskets"):
        assert choice.fanout.get(1, EdgeType(table, "user_id", "users")) == MOMENTS
    assert choice.fanout.get(2, EdgeType("lines", "basket_id", "baskets")) == FAR
    reasons = dict(choice.reasons)
    assert reasons["16 lines"] == "baskets, followed too, lead to more of them"
    assert reasons["first hop 8 to 256"].startswith("9 of 10 users have at most 16 baskets at their latest")
