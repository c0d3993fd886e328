"""Shops in memory with the engine's methods that widgets use: for the kernel of the widgets' benchmark."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from _sampling_graphs import BOUGHT, BUYERS, shop

import workbench as wb
from workbench.engine import Engine

FANOUTS = {200: (10, 19), 2_000: (40, 50), 10_000: (106, 106)}
"""Nodes of a picture -> products of its user, and users of each of them, that draw about so many."""


class ShopEngine:
    """The methods of ``Engine`` that a picker and a view call, over a graph in memory."""

    profile, fit_fanout, sample = Engine.profile, Engine.fit_fanout, Engine.sample
    _span = None

    def __init__(self, graph: wb.RamGraph, stride: int = 64) -> None:
        self.graph, self.schema = graph, graph.schema
        self.features = Widths(dict.fromkeys(graph.schema.node_types, Row(stride)))

    def row(self, _table: str, row_id: int) -> dict[str, Any]:
        """A source row; the graph has none."""
        return {"id": row_id}


class Row:
    """The layout of a feature row, as far as a cost needs it: its bytes."""

    def __init__(self, stride: int) -> None:
        self.stride = stride


class Widths:
    """Feature groups by table."""

    def __init__(self, groups: dict[str, Any]) -> None:
        self.groups = groups


class ShopTask:
    """A hundred thousand users at most, each at the end of the data."""

    entity_table = "users"

    def __init__(self, graph: wb.RamGraph, anchor: int) -> None:
        self._ids, self._anchor = np.arange(min(graph.num_nodes("users"), 100_000)), anchor

    def seeds(self, split: str) -> wb.SeedTable:
        """The seeds of any split."""
        anchors = np.full(len(self._ids), self._anchor)
        return wb.SeedTable("users", self._ids, pa.array(self._ids), anchors, split=split)


def large_shop(edges: int) -> tuple[ShopEngine, ShopTask, wb.ModelPlan]:
    """A shop whose orders point at users and products by so many edges, and as many back."""
    rows = edges // 2
    graph = shop(max(rows // 25, 10), max(rows // 100, 10), rows, folded=False)
    plan = wb.ModelPlan(fanout=wb.Fanout([16, 8], strategy="recent"))
    return ShopEngine(graph), ShopTask(graph, rows * 1000), plan


def picture_shop(rows: int) -> tuple[ShopEngine, ShopTask]:
    """A folded shop in which every user bought 160 products, and every product has 160 buyers."""
    graph = shop(rows // 160, rows // 160, rows)
    return ShopEngine(graph), ShopTask(graph, rows * 1000)


def picture_plan(nodes: int) -> wb.ModelPlan:
    """A plan whose fanout draws about so many nodes for a seed."""
    first, second = FANOUTS[nodes]
    return wb.ModelPlan(fanout=wb.Fanout([{BOUGHT: first}, {BUYERS: second}])).replace(batch_size=16)
