"""A small open shop: the generated commerce data, ingested, with its task. For tests and trials."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.query.task import Task
from workbench.testing.commerce import Commerce, commerce
from workbench.training.parts import Parts


@dataclass(frozen=True)
class Shop:
    """An open dataset, its task and the truth behind it."""

    parts: Parts
    task: Task
    truth: Commerce


def open_parts(path: str | Path) -> Parts:
    """The open stores of a dataset."""
    return Parts.open(path)


def open_shop(path: str | Path, users: int = 150, periods: int = 8, seed: int = 0) -> Shop:
    """Generate a shop, ingest it into a new folder and open it."""
    truth = commerce(users, periods=periods, seed=seed)
    ingest(truth.tables, infer_schema(truth.tables), path)
    parts = open_parts(path)
    task = Task.build(
        parts.dataset,
        truth.query,
        val=truth.val,
        test=truth.test,
        begin=truth.start,
        observed_until=truth.end,
    )
    return Shop(parts, task, truth)
