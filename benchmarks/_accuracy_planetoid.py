"""Cora and Citeseer under their public split: a plain graph convolution over batches from our stores.

Two layers of ``GCNConv``, as published (Kipf and Welling, 2017), trained by our trainer. Its batches are the
seeds of a split with every neighbour three hops deep: two that the layers read, and a third so that the
degrees by which the second is divided are whole. There are no draws, so a batch is the same in every epoch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from _report import BenchReport
from torch import Tensor, nn
from torch_geometric.io import read_planetoid_data  # type: ignore[import-untyped]
from torch_geometric.nn import GCNConv
from torch_geometric.transforms import NormalizeFeatures

import workbench as wb
from workbench.plan.model_plan import ModelPlan
from workbench.pyg.loader import PyGLoader
from workbench.query.task import SPLITS
from workbench.sampling.sampler import NeighborSampler
from workbench.training.build import fixed_weights
from workbench.training.trainer import Trainer

SETS: dict[str, float] = {"cora": 81.5, "citeseer": 70.3}
"""Name -> published accuracy of this very model, in percent."""

CITES = ("nodes", "edges", "nodes")

FANOUT = wb.Fanout([{"nodes-edges->nodes": -1}] * 3, disjoint=False)

PLAN = ModelPlan(FANOUT).replace(
    loss="cross_entropy", metric="accuracy", optimiser="adam", learning_rate=0.01, weight_decay=5e-4,
    epochs=200, patience=200, clip=1e9,
)  # fmt: skip
"""As published, with the best epoch by validation accuracy."""


class Gcn(nn.Module):
    """Two graph convolutions with dropout before each; reads a ``HeteroData`` of one node type."""

    def __init__(self, inputs: int, classes: int, channels: int = 16) -> None:
        super().__init__()
        self.first, self.second = GCNConv(inputs, channels), GCNConv(channels, classes)

    def forward(self, data: Any) -> Tensor:
        """float32[seeds, classes]: logits."""
        store, edges = data["nodes"], data[CITES].edge_index
        x = nn.functional.dropout(store.embedding, 0.5, self.training)
        x = nn.functional.dropout(self.first(x, edges).relu(), 0.5, self.training)
        return torch.as_tensor(self.second(x, edges))[: store.batch_size]


def opened(name: str, data: Path, folder: Path) -> tuple[wb.Engine, Any]:
    """The graph in a store of ours, and its task: the public split as seeds with labels."""
    graph = NormalizeFeatures()(read_planetoid_data(str(data), name))
    tables, schema = wb.read_graph(graph)
    wb.ingest(tables, schema, folder)
    engine = wb.open(folder)
    masks = {split: getattr(graph, f"{split}_mask").numpy() for split in SPLITS}
    ids = np.concatenate([np.flatnonzero(mask) for mask in masks.values()])
    split = np.repeat(list(masks), [int(mask.sum()) for mask in masks.values()])
    labels = graph.y.numpy()[ids].astype(str)
    seeds = pa.table({"id": ids, "label": labels, "split": split})
    return engine, engine.task(seeds, entity="nodes.id")


def measure(report: BenchReport, name: str, data: Path, folder: Path, seeds: int, quick: bool) -> None:
    """Accuracy on test of the epoch that was best on val, under several keys."""
    engine, task = opened(name, data, folder)
    batches = {}
    for split in SPLITS:
        some = task.seeds(split)
        loader = PyGLoader(NeighborSampler(engine.graph, FANOUT), engine.features, some, len(some))
        batches[split] = loader.batch(0)
    inputs, classes = batches["train"]["nodes"].embedding.shape[1], len(task.target.classes)
    plan = PLAN.replace(epochs=3) if quick else PLAN
    reached = []
    for key in range(1, seeds + 1):
        with fixed_weights(key):
            model = Gcn(inputs, classes)
        trainer = Trainer(plan, key=key, device="cpu")
        fit = trainer.fit([batches["train"]], [batches["val"]], model)
        reached.append(100 * trainer.evaluate(fit.model, [batches["test"]]))
        best = max(event.value for event in fit.history)
        print(
            f"{name}, key {key}: val accuracy {100 * best:.1f}, test accuracy {reached[-1]:.1f}", flush=True
        )
    value, spread = float(np.mean(reached)), float(np.std(reached))
    told = {"keys": seeds, "spread": spread, "visibility": "static", "model": "GCN"}
    report.add(
        f"{name}: test accuracy", value, "%", reference="published GCN", ratio=value / SETS[name], **told
    )
