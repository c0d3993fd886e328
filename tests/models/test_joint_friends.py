"""Seeds that are each other's neighbours: a joint batch says of each what it is told alone."""

from __future__ import annotations

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
from workbench.temporal import MICROSECONDS, instant
from workbench.testing.shop import open_parts
from workbench.training.parts import Parts

USERS = 30
START, DAY = instant("2024-01-01"), MICROSECONDS["days"]
ANCHOR = START + 70 * DAY + DAY // 3
JOINT = Fanout([4, 4], strategy="recent", disjoint=False)


def friends(path: Path, folded: bool) -> Parts:
    """Users and who befriended whom: an edge table, or a key of users that points at users."""
    rng = np.random.default_rng(0)
    ids = np.arange(1, USERS + 1)
    joined = pa.array(START + rng.integers(0, 60 * DAY, USERS)).cast(pa.timestamp("us"))
    users = {"user_id": ids, "age": rng.normal(40.0, 10.0, USERS), "joined": joined}
    if not folded:
        invited_by = pa.array(np.where(ids > 1, rng.integers(1, np.maximum(ids, 2)), 0), mask=ids == 1)
        tables = {"users": pa.table({**users, "invited_by": invited_by})}
        ingest(tables, infer_schema(tables).link("users", "invited_by", "users"), path)
        return open_parts(path)
    count = 8 * USERS
    since = pa.array(START + rng.integers(0, 90 * DAY, count)).cast(pa.timestamp("us"))
    ends = rng.integers(1, USERS + 1, (2, count))
    rows = pa.table({"friend_id": np.arange(count), "a_id": ends[0], "b_id": ends[1], "since": since})
    tables = {"users": pa.table(users), "friends": rows}
    schema = infer_schema(tables).link("friends", "a_id", "users").link("friends", "b_id", "users")
    ingest(tables, schema.as_edge("friends", src="a_id", dst="b_id"), path)
    return open_parts(path)


def predictions(parts: Parts, model: HeteroGNN, fanout: Fanout, batch_size: int) -> torch.Tensor:
    ids = np.arange(USERS, dtype=np.int64)
    seeds = SeedTable("users", ids, pa.array(ids), np.full(USERS, ANCHOR))
    loader = PyGLoader(NeighborSampler(parts.graph, fanout), parts.features, seeds, batch_size, expand=False)
    with torch.no_grad():
        return torch.cat([model(data) for data in loader])


@pytest.mark.parametrize("folded", [True, False])
def test_a_seed_that_is_a_neighbour_looks_like_any_neighbour(tmp_path: Path, folded: bool) -> None:
    parts = friends(tmp_path / "friends", folded)
    plan = ModelPlan(JOINT).replace(channels=8, layers=2, dropout=0.0)
    assert JOINT.compile(parts.schema, ["users"]).sharing_is_exact(["users"])
    tables = tables_read(parts.schema, plan, "users")
    statistics = fit_statistics(parts.schema, parts.graph, parts.features, tables, ANCHOR)
    torch.manual_seed(0)
    model = HeteroGNN(parts.schema, plan, statistics, "users").eval()
    together = predictions(parts, model, JOINT, USERS)
    alone = predictions(parts, model, JOINT.with_choices(disjoint=True), USERS)
    online = predictions(parts, model, JOINT, 1)
    assert together.std() > 1e-3
    assert torch.allclose(together, alone, rtol=0, atol=1e-6)
    assert torch.allclose(together, online, rtol=0, atol=1e-6)


def test_the_calendar_of_the_anchor_reaches_the_head(tmp_path: Path) -> None:
    parts = friends(tmp_path / "friends", True)
    plan = ModelPlan(JOINT).replace(channels=8, layers=2, dropout=0.0)
    statistics = fit_statistics(parts.schema, parts.graph, parts.features, ["users", "friends"], ANCHOR)
    model = HeteroGNN(parts.schema, plan, statistics, "users").eval()
    before = predictions(parts, model, JOINT, USERS)
    with torch.no_grad():
        model.calendar.weight.mul_(2.0)
    assert (predictions(parts, model, JOINT, USERS) != before).all()
