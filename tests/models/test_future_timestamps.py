"""Timestamp columns that tell the future: what they say after the anchor changes no prediction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.models.hetero_gnn import HeteroGNN, tables_read
from workbench.models.statistics import fit_statistics
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.pyg.loader import PyGLoader
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.temporal import FOREVER, MICROSECONDS
from workbench.testing.commerce import PERIOD, Commerce, commerce
from workbench.testing.shop import open_parts
from workbench.training.parts import Parts
from workbench.types import Int64Array

DAY = MICROSECONDS["days"]
USERS = 40
COLUMNS = {"users": "last_login", "orders": "delivered_at", "reviews": "read_at", "products": "sold_out_at"}
PLAN = ModelPlan(Fanout([4, 3], strategy="recent")).replace(channels=8, layers=2, dropout=0.0)


@pytest.fixture(scope="module")
def truth() -> Commerce:
    return commerce(USERS, periods=5, reviews=0.9)


def shop_with(truth: Commerce, path: Path, later: Callable[[Int64Array, int], pa.Array]) -> Parts:
    """A shop with a timestamp column in each table; ``later`` rewrites what is after the anchor."""
    rng, tables = np.random.default_rng(0), {}
    for name, table in truth.tables.items():
        stamps = rng.integers(truth.start, truth.end, len(table))
        tables[name] = table.append_column(COLUMNS[name], later(stamps, anchor_of(truth)))
    schema = infer_schema(tables).as_edge("reviews", src="user_id", dst="product_id")
    schema = schema.set_time("users", "signup_time").set_time("products", None)
    ingest(tables, schema, path)
    return open_parts(path)


def anchor_of(truth: Commerce) -> int:
    return truth.start + 3 * PERIOD


def kept(stamps: Int64Array, _anchor: int) -> pa.Array:
    return pa.array(stamps).cast(pa.timestamp("us"))


def moved(stamps: Int64Array, anchor: int) -> pa.Array:
    return kept(np.where(stamps > anchor, stamps + 400 * DAY + DAY // 3, stamps), anchor)


def removed(stamps: Int64Array, anchor: int) -> pa.Array:
    return pa.array(stamps, mask=stamps > anchor).cast(pa.timestamp("us"))


def earlier(stamps: Int64Array, anchor: int) -> pa.Array:
    return kept(np.where(stamps > anchor, stamps, stamps - 40 * DAY), anchor)


def model_of(parts: Parts, anchor: int) -> HeteroGNN:
    tables = tables_read(parts.schema, PLAN, "users")
    statistics = fit_statistics(parts.schema, parts.graph, parts.features, tables, anchor)
    torch.manual_seed(0)
    return HeteroGNN(parts.schema, PLAN, statistics, "users").eval()


def predictions(parts: Parts, anchor: int, fanout: Fanout, expand: bool, until: int | None) -> torch.Tensor:
    ids = np.arange(USERS, dtype=np.int64)
    seeds = SeedTable("users", ids, pa.array(ids), np.full(USERS, anchor), until=until)
    loader = PyGLoader(NeighborSampler(parts.graph, fanout), parts.features, seeds, USERS, expand=expand)
    model = model_of(parts, anchor)
    with torch.no_grad():
        return torch.cat([model(data) for data in loader])


@pytest.fixture(scope="module")
def shops(truth: Commerce, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parts]:
    folder = tmp_path_factory.mktemp("future")
    return {
        way.__name__: shop_with(truth, folder / way.__name__, way) for way in (kept, moved, removed, earlier)
    }


@pytest.mark.parametrize("expand", [False, True])
@pytest.mark.parametrize("disjoint", [False, True])
def test_timestamps_after_the_anchor_change_no_prediction(
    truth: Commerce, shops: dict[str, Parts], expand: bool, disjoint: bool
) -> None:
    anchor, fanout = anchor_of(truth), PLAN.fanout.with_choices(disjoint=disjoint)
    model = model_of(shops["kept"], anchor)
    assert {name for name in COLUMNS if model.moments["t_" + name].dates} == set(COLUMNS)
    found = {name: predictions(parts, anchor, fanout, expand, None) for name, parts in shops.items()}
    assert torch.equal(found["kept"], found["moved"])
    assert torch.equal(found["kept"], found["removed"])
    assert (found["kept"] - found["earlier"]).abs().max() > 1e-3, "what is before it does"


def test_seeds_frozen_at_an_instant_see_timestamps_up_to_it(truth: Commerce, shops: dict[str, Parts]) -> None:
    anchor, late = anchor_of(truth), truth.end
    found = [predictions(shops[name], late, PLAN.fanout, False, anchor) for name in ("kept", "moved")]
    assert torch.equal(*found)
    free = [predictions(shops[name], late, PLAN.fanout, False, None) for name in ("kept", "moved")]
    assert not torch.allclose(*free)


def test_a_static_task_sees_every_timestamp(shops: dict[str, Parts]) -> None:
    found = [predictions(shops[name], FOREVER, PLAN.fanout, False, None) for name in ("kept", "moved")]
    assert not torch.allclose(*found)
