"""A ranking over the shop: which products each user orders next, with habits planted or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np

from workbench.query.seed_table import SeedTable
from workbench.testing.shop import Shop


@dataclass(frozen=True)
class Lists:
    """A list of rows per seed, chosen as arrays are."""

    indptr: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Any]) -> Lists:
        sizes = [len(row) for row in rows]
        joined = np.concatenate([np.asarray(row, np.int64) for row in rows] or [np.empty(0, np.int64)])
        return cls(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), joined)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def __getitem__(self, rows: Any) -> Lists:
        chosen = np.arange(len(self))[rows]
        return Lists.of([self.values[self.indptr[i] : self.indptr[i + 1]] for i in chosen])


class Ranked:
    """Seeds of the shop whose labels are two products that the user ordered last: a habit to be learned."""

    task_type = "ranking"

    def __init__(self, shop: Shop, top_k: int | None = 3) -> None:
        self.shop = shop
        self.horizon, self.resolved, self.hidden = shop.task.horizon, shop.task.resolved, {}
        self.target = SimpleNamespace(classes=None, top_k=top_k, table="products")

    @cached_property
    def orders(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """User, product and time of every order, in time order."""
        con = self.shop.parts.dataset.duckdb()
        graph = self.shop.parts.graph
        table = con.sql("SELECT user_id, product_id FROM orders ORDER BY order_time").to_arrow_table()
        con.close()
        users, products = (self._ids(name, table[f"{name[:-1]}_id"]) for name in ("users", "products"))
        times = graph.times("orders")
        assert times is not None
        return users, products, times

    def _ids(self, table: str, keys: Any) -> np.ndarray:
        from workbench.stores.key_map import KeyMap

        return KeyMap.open(self.shop.parts.dataset, table).ids_of(keys.combine_chunks())

    def seeds(self, split: str) -> SeedTable:
        seeds = self.shop.task.seeds(split)
        users, products, times = self.orders
        rows = [
            np.unique(products[(users == user) & (times <= anchor)][-2:])
            for user, anchor in zip(seeds.node_id, seeds.anchor_time, strict=True)
        ]
        has = np.array([len(row) > 0 for row in rows])
        return replace(seeds[has], label=Lists.of([row for row in rows if len(row)]))
