"""Folded edge tables: their columns and times reach the prediction, and the baselines see them too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.models.hetero_gnn import HeteroGNN
from workbench.models.statistics import fit_statistics
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.pyg.loader import PyGLoader
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.schema import EdgeType
from workbench.testing.commerce import commerce
from workbench.testing.shop import open_parts
from workbench.training.parts import Parts
from workbench.training.window_features import facts_of, flat_table

PLAN = ModelPlan(Fanout([4, 3], strategy="recent")).replace(channels=8, layers=2, dropout=0.0)
REVIEWS = EdgeType("products", "rev_reviews", "users")


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    truth = commerce(60, periods=6, reviews=0.9)
    schema = infer_schema(truth.tables).as_edge("reviews", src="user_id", dst="product_id")
    path: Path = tmp_path_factory.mktemp("folded") / "shop"
    ingest(truth.tables, schema, path)
    return open_parts(path)


@pytest.fixture(scope="module")
def seeds(folded: Parts) -> SeedTable:
    import pyarrow as pa

    ids = np.arange(30, dtype=np.int64)
    stamps = folded.graph.times("orders")
    assert stamps is not None
    return SeedTable("users", ids, pa.array(ids), np.full(30, stamps[-1]))


def model_of(parts: Parts) -> HeteroGNN:
    tables = ["users", "orders", "products", "reviews"]
    statistics = fit_statistics(parts.schema, parts.graph, parts.features, tables, 2**62)
    torch.manual_seed(0)
    return HeteroGNN(parts.schema, PLAN, statistics, "users").eval()


def test_columns_and_times_of_edges_reach_the_prediction(folded: Parts, seeds: SeedTable) -> None:
    model = model_of(folded)
    assert set(model.edge_tables.values()) == {"reviews"}
    loader = PyGLoader(NeighborSampler(folded.graph, PLAN.fanout), folded.features, seeds, 30, expand=False)
    data = next(iter(loader))
    touched = data[REVIEWS].edge_index[1].unique()
    touched = touched[touched < 30]
    assert len(touched)
    with torch.no_grad():
        before = model(data)
        data[REVIEWS].numerical = data[REVIEWS].numerical + 3.0
        columns = model(data)
        data[REVIEWS].edge_time = data[REVIEWS].edge_time - 10**13
        times = model(data)
    changed = (before != columns).nonzero().flatten()
    assert set(touched.tolist()) <= set(changed.tolist())
    assert not torch.equal(columns, times)


def test_distinct_edge_rows_equal_expanded_ones(folded: Parts, seeds: SeedTable) -> None:
    model, sampler = model_of(folded), NeighborSampler(folded.graph, PLAN.fanout)
    once, each = (
        next(iter(PyGLoader(sampler, folded.features, seeds, 30, expand=expand))) for expand in (False, True)
    )
    with torch.no_grad():
        assert torch.allclose(model(once), model(each), atol=1e-6)


def test_baselines_count_edges(folded: Parts, seeds: SeedTable) -> None:
    assert "reviews" in {spec.table for spec in facts_of(folded.schema, "users")}
    flat = flat_table(folded.dataset, seeds, (10**15,), 2**62)
    name = next(
        column for column in flat.frame.columns if "reviews" in column and column.endswith("count all")
    )
    with folded.dataset.duckdb() as con:
        rows = con.execute(
            "SELECT u.__row__, count(*) FROM users u JOIN reviews r USING (user_id) "
            f"WHERE epoch_us(r.review_time) <= {seeds.anchor_time[0]} GROUP BY 1"
        ).fetchall()
    expected = dict(rows)
    assert flat.frame[name].tolist() == [expected.get(i, 0) for i in range(30)]
