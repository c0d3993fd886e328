"""Workbench: train graph neural networks on large temporal, heterogeneous graphs, from a notebook.

import workbench as wb

    tables = wb.read_tables("data/shop/*.parquet")
    wb.ingest(tables, wb.infer_schema(tables), "stores/shop")
    engine = wb.open("stores/shop")
    task = engine.task("PREDICT COUNT(orders.*, 0, 30, days) = 0 FOR EACH users.user_id")
    run = engine.train(task, engine.suggest_plan(task))

Names are loaded on first use, so that ``import workbench`` costs nothing and needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "ALL": "workbench.stores.steps",
    "AnchorError": "workbench.errors",
    "AuditReport": "workbench.sampling.audit",
    "Batch": "workbench.loading.batch",
    "BudgetError": "workbench.errors",
    "CorruptStoreError": "workbench.errors",
    "Cost": "workbench.sampling.profile",
    "Dataset": "workbench.stores.dataset",
    "EdgeType": "workbench.schema",
    "Engine": "workbench.engine",
    "Event": "workbench.events",
    "Fanout": "workbench.plan.fanout",
    "FanoutError": "workbench.errors",
    "FeatureBlock": "workbench.stores.features",
    "IdError": "workbench.errors",
    "IngestCancelled": "workbench.errors",
    "IngestError": "workbench.errors",
    "IngestReport": "workbench.ingest.report",
    "Loader": "workbench.loading.loader",
    "LoaderError": "workbench.errors",
    "ModelPlan": "workbench.plan.model_plan",
    "NeighborSampler": "workbench.sampling.sampler",
    "PlanError": "workbench.errors",
    "PyGLoader": "workbench.pyg.loader",
    "QueryError": "workbench.errors",
    "Read": "workbench.stores.protocols",
    "Run": "workbench.training.run",
    "RunCancelled": "workbench.errors",
    "SampleRequest": "workbench.stores.request",
    "SampledSubgraph": "workbench.stores.subgraph",
    "Schema": "workbench.schema",
    "SchemaError": "workbench.errors",
    "SeedSet": "workbench.stores.request",
    "SeedTable": "workbench.query.seed_table",
    "StoreError": "workbench.errors",
    "Stype": "workbench.schema",
    "TableError": "workbench.errors",
    "Tables": "workbench.ingest.tables",
    "Task": "workbench.query.task",
    "TaskError": "workbench.errors",
    "TrainingError": "workbench.errors",
    "WorkbenchError": "workbench.errors",
    "flights_tables": "workbench.testing.flights",
    "infer_schema": "workbench.ingest.infer",
    "ingest": "workbench.ingest.build",
    "load_run": "workbench.training.run",
    "open": "workbench.engine",
    "read_tables": "workbench.ingest.tables",
    "verify": "workbench.stores.verify",
}
"""Public name -> the module that owns it."""

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    module = import_module(_HOMES[name])
    return getattr(module, "open_engine" if name == "open" else name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
