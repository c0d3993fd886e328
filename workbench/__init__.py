"""Workbench: train graph neural networks on large temporal, heterogeneous graphs, from a notebook.

    import workbench as wb

    tables = wb.read_tables("data/shop/*.parquet")
    wb.ingest(tables, wb.infer_schema(tables), "stores/shop")
    engine = wb.open("stores/shop")
    task = engine.task("PREDICT COUNT(orders.*, 0, 30, days) = 0 FOR EACH users.user_id")
    run = engine.train(task, engine.suggest_plan(task))

The same by clicking: ``from widgets import Workbench``, then ``Workbench("data/shop/*.parquet")``; all that
a notebook shows is in ``widgets``. Names are loaded on first use, so that ``import workbench`` costs nothing
and needs no torch.
"""

from __future__ import annotations

import sys
from functools import cached_property, partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "ALARM": "workbench.report.palette",
    "ALL": "workbench.stores.steps",
    "AnchorError": "workbench.errors",
    "AttributeAbsent": "workbench.errors",
    "AuditReport": "workbench.sampling.audit",
    "BEGINNING": "workbench.temporal",
    "Baseline": "workbench.training.baselines",
    "Batch": "workbench.loading.batch",
    "BudgetError": "workbench.errors",
    "Callback": "workbench.events",
    "Column": "workbench.schema",
    "Compaction": "workbench.stores.compaction",
    "CorruptStoreError": "workbench.errors",
    "Cost": "workbench.sampling.profile",
    "Dataset": "workbench.stores.dataset",
    "Draw": "workbench.plan.draw",
    "EdgeType": "workbench.schema",
    "Effect": "workbench.training.importance",
    "Encoders": "workbench.models.transform",
    "Encoding": "workbench.plan.encoding",
    "Engine": "workbench.engine",
    "Editing": "workbench.ingestion.edit",
    "EpochDone": "workbench.events",
    "Evaluation": "workbench.training.evaluation",
    "Event": "workbench.events",
    "Explanation": "workbench.training.explanation",
    "FOREVER": "workbench.temporal",
    "Fanout": "workbench.plan.fanout",
    "FanoutError": "workbench.errors",
    "FeatureBlock": "workbench.stores.features",
    "Found": "workbench.training.found",
    "Fit": "workbench.sampling.profile_fit",
    "FlatSubgraph": "workbench.report.flat",
    "ForeignKey": "workbench.schema",
    "GraphSource": "workbench.ingestion.graph_source",
    "HeteroGNN": "workbench.models.hetero_gnn",
    "IdError": "workbench.errors",
    "Importance": "workbench.training.importance",
    "IngestCancelled": "workbench.errors",
    "IngestError": "workbench.errors",
    "IngestReport": "workbench.ingestion.report",
    "LeakageReport": "workbench.sampling.leakage",
    "Loader": "workbench.loading.loader",
    "LoaderError": "workbench.errors",
    "Locality": "workbench.ingestion.locality",
    "Metapath": "workbench.plan.metapath",
    "Metapaths": "workbench.plan.metapath",
    "ModelPlan": "workbench.plan.model_plan",
    "NO_TIME": "workbench.temporal",
    "Negatives": "workbench.sampling.avoided",
    "NeighborSampler": "workbench.sampling.sampler",
    "PlanError": "workbench.errors",
    "Positives": "workbench.sampling.avoided",
    "Predictions": "workbench.training.predict",
    "Profile": "workbench.sampling.profile_batches",
    "Progress": "workbench.events",
    "PyGFeatureStore": "workbench.pyg.stores",
    "PyGGraphStore": "workbench.pyg.stores",
    "PyGLoader": "workbench.pyg.loader",
    "PyGSampler": "workbench.pyg.sampler",
    "QueryError": "workbench.errors",
    "RadialLayout": "workbench.report.layout",
    "RamGraph": "workbench.stores.ram_graph",
    "Read": "workbench.stores.protocols",
    "Run": "workbench.training.run",
    "RunCancelled": "workbench.errors",
    "RunDone": "workbench.events",
    "SampleRequest": "workbench.stores.request",
    "SampledSubgraph": "workbench.stores.subgraph",
    "Schema": "workbench.schema",
    "SchemaError": "workbench.errors",
    "Section": "workbench.report.html",
    "SeedSet": "workbench.stores.request",
    "SeedTable": "workbench.query.seed_table",
    "SsdFeatures": "workbench.stores.ssd_features",
    "StageTimes": "workbench.events",
    "StepDone": "workbench.events",
    "StoreError": "workbench.errors",
    "Stype": "workbench.schema",
    "TIME_COLOURS": "workbench.report.palette",
    "Table": "workbench.schema",
    "TableError": "workbench.errors",
    "Tables": "workbench.ingestion.tables",
    "Task": "workbench.query.task",
    "TaskError": "workbench.errors",
    "Trainer": "workbench.training.trainer",
    "TrainingJob": "workbench.plan.job",
    "TrainingError": "workbench.errors",
    "WorkbenchError": "workbench.errors",
    "add_versions": "workbench.pyg.as_of",
    "amount": "workbench.report.amounts",
    "bars_svg": "workbench.report.charts",
    "batch_order": "workbench.loading.order",
    "candidates_svg": "workbench.report.candidates_svg",
    "commerce": "workbench.testing.commerce",
    "compare_runs": "workbench.training.records",
    "compact": "workbench.ingestion.merge",
    "duration": "workbench.temporal",
    "edit": "workbench.ingestion.edit",
    "evaluation_svgs": "workbench.report.evaluation_svg",
    "flatten": "workbench.report.flat",
    "flights_tables": "workbench.testing.flights",
    "html_report": "workbench.report.html",
    "hide_future": "workbench.pyg.convert",
    "infer_schema": "workbench.ingestion.infer",
    "ingest": "workbench.ingestion.build",
    "instant": "workbench.temporal",
    "iso": "workbench.temporal",
    "line_svg": "workbench.report.charts",
    "load_found": "workbench.training.found",
    "load_run": "workbench.training.begin",
    "normalise": "workbench.ingestion.normalise",
    "open": "workbench.engine",
    "radial_layout": "workbench.report.layout",
    "read_graph": "workbench.ingestion.graph_source",
    "read_tables": "workbench.ingestion.tables",
    "review_schema": "workbench.ingestion.review",
    "run_loader": "workbench.training.drawn",
    "sample_further": "workbench.sampling.further",
    "scaled": "workbench.sampling.profile_fit",
    "schema_layout": "workbench.report.schema_layout",
    "schema_svg": "workbench.report.schema_svg",
    "search": "workbench.training.search",
    "subgraph_svg": "workbench.report.svg",
    "subgraph_text": "workbench.report.svg",
    "to_data": "workbench.pyg.convert",
    "to_hetero": "workbench.pyg.convert",
    "total_memory": "workbench.stores.memory",
    "type_style": "workbench.report.palette",
    "verify": "workbench.stores.verify",
}
"""Public name -> the module that owns it."""

__all__ = sorted(_HOMES)


if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...


def _load(name: str, _package: ModuleType) -> Any:
    return getattr(import_module(_HOMES[name]), "open_engine" if name == "open" else name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


# Attributes of the package's class, not a function `__getattr__`: to list names, Tab in a notebook reads each
# one that no class declares, which would load torch and take seconds.
_NAMES = {name: cached_property(partial(_load, name)) for name in _HOMES}
sys.modules[__name__].__class__ = type("Names", (ModuleType,), _NAMES)
