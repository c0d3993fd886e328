"""A tower over the rows that are ranked: each lane by its own anchor, each row by its features alone."""

from __future__ import annotations

import torch

from workbench.models.row_tower import RowTower
from workbench.plan.architecture import ModelSettings
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.build import fit_for
from workbench.training.shelf import StoredShelf

SETTINGS = ModelSettings(4, 1, dropout=0.0, ranked_by="features")


def tower_of(shop: Shop) -> RowTower:
    statistics = fit_for(
        shop.parts.graph, shop.parts.features, ModelPlan(Fanout([2]), SETTINGS), shop.task.seeds("train"),
        ranked="products",
    )  # fmt: skip
    torch.manual_seed(1)
    shelf = StoredShelf(shop.parts.graph, shop.parts.features, "products")
    return RowTower(shop.parts.schema, "products", statistics, SETTINGS, shelf).eval()


def test_every_lane_is_answered_at_its_own_anchor(shop: Shop) -> None:
    tower, rows = tower_of(shop), shop.parts.graph.num_nodes("products")
    anchors = torch.from_numpy(shop.task.seeds("train").anchor_time[[0, -1]])
    wanted = torch.randn(1, 4).expand(2, 4)
    with torch.no_grad():
        both = tower(wanted, anchors, 0, rows)
        assert not torch.allclose(both[0], both[1]), "products age and are bought between two anchors"
        for lane in (0, 1):
            alone = tower(wanted[lane : lane + 1], anchors[lane : lane + 1], 0, rows)
            assert torch.allclose(alone[0], both[lane], atol=1e-5)
        parts = [tower(wanted, anchors, 0, 5), tower(wanted, anchors, 5, rows)]
        assert torch.allclose(torch.cat(parts, 1), both, atol=1e-5)


def test_every_weight_is_reached_and_nothing_of_the_shelf_is_saved(shop: Shop) -> None:
    tower = tower_of(shop)
    anchors = torch.from_numpy(shop.task.seeds("train").anchor_time[[0, -1]])
    tower(torch.randn(2, 4), anchors, 0, 8).logsumexp(1).sum().backward()
    for name, value in tower.named_parameters():
        assert value.grad is not None, name
        assert float(value.grad.abs().sum()) > 0, name
    assert not [name for name in tower.state_dict() if "shelf" in name or "kept" in name]
