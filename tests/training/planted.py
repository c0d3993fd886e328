"""A task over the shop with a planted answer: a user's age, and the quantities of its latest orders."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn
from torch_geometric.data import HeteroData

from workbench.models.statistics import target_scale
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.protocols import Read
from workbench.temporal import MICROSECONDS
from workbench.testing.shop import Shop
from workbench.training.parts import Parts

PLAN = ModelPlan(Fanout([4], strategy="recent", disjoint=True)).replace(
    loss="mse", metric="mae", channels=8, layers=1, dropout=0.0, batch_size=64, epochs=1, learning_rate=1e-6
)
MOMENTS = 4
TOLD = ("users.age", "orders.quantity")


class Planted:
    """``y = age / 18 + mean quantity of the latest four orders``, of users that have some."""

    task_type = "regression"
    target = SimpleNamespace(classes=None, top_k=None)

    def __init__(self, shop: Shop) -> None:
        self.shop, self.hidden = shop, {}
        self.horizon, self.resolved = shop.task.horizon, shop.task.resolved

    def seeds(self, split: str) -> SeedTable:
        seeds = self.shop.task.seeds(split)
        if split == "train":  # each user at several moments: noise is not to be learned by heart
            rows = np.tile(np.arange(len(seeds)), MOMENTS)
            later = np.repeat(np.arange(MOMENTS), len(seeds)) * MICROSECONDS["weeks"]
            seeds = replace(seeds[rows], anchor_time=seeds.anchor_time[rows] + later)
        sample = NeighborSampler(self.shop.parts.graph, PLAN.fanout).sample(seeds.seed_set())
        edge = next(e for e in sample.row if e.src == "orders" and e.dst == "users")
        drawn = values(self.shop.parts, "orders", "quantity", sample.node_id["orders"][sample.row[edge]])
        owner, count = sample.col[edge], np.bincount(sample.col[edge], minlength=len(seeds))
        mean = np.bincount(owner, drawn, len(seeds)) / np.maximum(count, 1)
        age = values(self.shop.parts, "users", "age", seeds.node_id)
        return replace(seeds, label=(age / 18 + mean))[count > 0]


def values(parts: Parts, table: str, column: str, ids: np.ndarray) -> np.ndarray:
    """float64[n]: stored numbers of some rows."""
    return parts.features.multi_get([Read(table, ids)])[0].column(column).astype(np.float64)


class Exact(nn.Module):
    """The planted answer itself, read off ``x``; also reads a code, which no gradient reaches."""

    def __init__(self, age: int, quantity: int, code: float, shift: tuple[float, float]) -> None:
        super().__init__()
        self.age, self.quantity, self.code, self.shift = age, quantity, code, shift
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, data: HeteroData) -> torch.Tensor:
        users, orders = data["users"], data["orders"]
        source, target = data["orders", "user_id", "users"].edge_index
        seeds = int(users.batch_size)
        inside = target < seeds
        total = users.x.new_zeros(seeds).index_add(0, target[inside], orders.x[source[inside], self.quantity])
        count = total.new_zeros(seeds).index_add(0, target[inside], torch.ones_like(total)[target[inside]])
        told = users.x[:seeds, self.age] / 18 + total / count.clamp(min=1)
        mean, spread = self.shift
        return (told + self.code * users.categorical[:seeds, 0] - mean) / spread * self.scale


def exact(shop: Shop, code: float = 0.0) -> Exact:
    """The module for the places that the shop's columns have."""
    groups = shop.parts.features.groups
    shift = target_scale(Planted(shop).seeds("train").label)
    return Exact(groups["users"].column("age").start, groups["orders"].column("quantity").start, code, shift)
