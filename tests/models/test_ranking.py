"""Scores of every candidate: who may be ranked, and by what they know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from workbench.models import best_rows
from workbench.models.best_rows import first
from workbench.models.ranking import Candidates, RankingGNN
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.pyg.loader import PyGLoader
from workbench.sampling.sampler import NeighborSampler
from workbench.testing.shop import Shop
from workbench.training.build import fit_for
from workbench.training.shelf import StoredShelf

PLAN = ModelPlan(Fanout([6, 1], strategy="recent")).replace(
    loss="softmax", metric="map", channels=4, dropout=0.0
)


def ranked(shop: Shop, candidates: Candidates, by: str = "ids") -> RankingGNN:
    seeds, plan = shop.task.seeds("train"), PLAN.replace(ranked_by=by)
    statistics = fit_for(shop.parts.graph, shop.parts.features, plan, seeds, ranked="products")
    shelf = StoredShelf(shop.parts.graph, shop.parts.features, "products")
    torch.manual_seed(0)
    candidates = replace(candidates, shelf=shelf)
    return RankingGNN(shop.parts.schema, plan, statistics, "users", candidates).eval()


def batch_of(shop: Shop, expand: bool = False) -> object:
    sampler = NeighborSampler(shop.parts.graph, PLAN.fanout, purpose="predict")
    return PyGLoader(sampler, shop.parts.features, shop.task.seeds("test"), 16, expand=expand).batch(0)


def test_every_row_that_exists_at_the_anchor_has_a_score(shop: Shop) -> None:
    rows = shop.parts.graph.num_nodes("products")
    data = batch_of(shop)
    anchors = data["users"].seed_time  # type: ignore[index]
    begin, end = np.zeros(rows, np.int64), np.full(rows, 2**62)
    begin[3], end[5] = int(anchors.max()) + 1, int(anchors.min())
    scores = ranked(shop, Candidates("products", rows, begin, end))(data)
    assert scores.shape == (16, rows)
    absent = torch.zeros(rows, dtype=torch.bool)
    absent[[3, 5]] = True
    assert torch.equal(torch.isinf(scores), absent.expand_as(scores))
    begin[3], end[5] = int(anchors.max()), int(anchors.max()) + 1
    assert torch.isfinite(ranked(shop, Candidates("products", rows, begin, end))(data)).all()


def test_only_rows_that_a_seed_saw_are_scored_by_what_it_saw(shop: Shop) -> None:
    rows, data = shop.parts.graph.num_nodes("products"), batch_of(shop)
    model = ranked(shop, Candidates("products", rows))
    with torch.no_grad():
        before = model(data)
        model.seen[-1].bias += 2.0
        moved = (model(data) - before).numpy()
    products = data["products"]  # type: ignore[index]
    expected = np.zeros_like(moved)
    expected[products.batch.numpy(), products.n_id.numpy()] = 2.0
    assert expected.any()
    assert np.allclose(moved, expected, atol=1e-4)


def test_rows_that_came_after_the_training_are_ranked_by_features_alone(shop: Shop) -> None:
    data = batch_of(shop)
    few, rows = int(data["products"].n_id.max()), shop.parts.graph.num_nodes("products")  # type: ignore[index]
    scores = ranked(shop, Candidates("products", few))(data)
    assert scores.shape == (16, few)
    assert torch.isfinite(scores).all()
    model = ranked(shop, Candidates("products", rows, known=few), "both")
    with torch.no_grad():
        before = model(data)
        assert before.shape == (16, rows)
        model.bias += 1.0
        moved = model(data) - before
    expected = torch.zeros(16, rows)
    expected[:, :few] = 1.0
    assert torch.allclose(moved, expected, atol=1e-4), "a row that is new has no bias of its own"


@pytest.mark.parametrize("by", ["ids", "features", "both"])
def test_the_best_are_those_of_all_scores_whatever_the_block(
    shop: Shop, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, data = shop.parts.graph.num_nodes("products"), batch_of(shop)
    begin = np.zeros(rows, np.int64)
    begin[4] = 2**62
    model = ranked(shop, Candidates("products", rows, begin), by)
    with torch.no_grad():
        scores = model(data)
        wanted, places = first(scores.double(), torch.arange(rows).expand_as(scores), 6)
        monkeypatch.setattr(best_rows, "BLOCK_SCORES", 16 * 7)
        found = model.best(data, 6)
        assert torch.equal(found[:, 0].long(), places)
        assert torch.allclose(found[:, 1], wanted, atol=1e-5)
        assert 4 not in places
        assert model.best(data, 10 * rows).shape == (16, 2, rows)


def test_who_else_is_in_the_batch_and_how_it_is_expanded_change_nothing(shop: Shop) -> None:
    rows = shop.parts.graph.num_nodes("products")
    model = ranked(shop, Candidates("products", rows))
    with torch.no_grad():
        whole = model(batch_of(shop))
        assert torch.allclose(model(batch_of(shop, expand=True)), whole, atol=1e-5)
        sampler = NeighborSampler(shop.parts.graph, PLAN.fanout, purpose="predict")
        alone = PyGLoader(sampler, shop.parts.features, shop.task.seeds("test")[[3]], 16, expand=False).batch(
            0
        )
        assert torch.allclose(model(alone)[0], whole[3], atol=1e-5)


@pytest.mark.parametrize("loss", ["softmax"])
def test_every_weight_is_reached(shop: Shop, loss: str) -> None:
    model = ranked(shop, Candidates("products", shop.parts.graph.num_nodes("products")))
    model(batch_of(shop)).logsumexp(dim=1).sum().backward()
    for name, value in (
        ("vectors", model.vectors.weight),
        ("bias", model.bias),
        ("seen", model.seen[0].weight),
    ):
        assert value.grad is not None, name
        assert float(value.grad.abs().sum()) > 0, name
