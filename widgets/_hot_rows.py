"""Which rows the batches of a plan read, and how often: a few rows may be most of what is read. No widget."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import workbench as wb

SHARES = (0.001, 0.01, 0.1, 0.5)
"""Shares of a table's rows of which is told how much of the reads they are."""


@dataclass(frozen=True)
class HotRows:
    """Rows of one table by how many of some batches read them, the hottest first.

    Attributes
    ----------
    table : str
    rows : int64[n]  those that were read
    reads : int64[n]  batches that read each
    batches, size : int  batches looked at, and rows of the table
    """

    table: str
    rows: NDArray[np.int64]
    reads: NDArray[np.int64]
    batches: int
    size: int

    def covered(self, share: float) -> float:
        """Share of all reads that the hottest ``share`` of the table's rows are (one row at least)."""
        count = max(1, round(share * self.size))
        return float(self.reads[:count].sum() / max(self.reads.sum(), 1))

    @property
    def again(self) -> float:
        """Share of reads of a row that an earlier batch had read: what an endless cache would have held."""
        return float(1 - len(self.rows) / max(int(self.reads.sum()), 1))


def hot_rows(engine: wb.Engine, seeds: wb.SeedTable, plan: wb.ModelPlan, batches: int) -> dict[str, HotRows]:
    """Count the rows that some batches of an epoch read, of every table with features."""
    sampler = wb.NeighborSampler(engine.graph, plan.fanout, purpose="locality")
    loader = wb.Loader(sampler, engine.features, seeds, plan.optimisation.batch_size, shuffle=True)
    read: dict[str, list[NDArray[np.int64]]] = {}
    done = 0
    for subgraph in loader.subgraphs():
        done += 1
        ids: dict[str, list[NDArray[np.int64]]] = {kind: [found] for kind, found in subgraph.node_id.items()}
        for edge_type, rows in subgraph.edge_id.items():
            spec = engine.schema.edge_spec(edge_type)
            if spec.layout == "edges":
                ids.setdefault(spec.table, []).append(rows)
        for table, parts in ids.items():
            if table in engine.features.groups:
                read.setdefault(table, []).append(np.unique(np.concatenate(parts)))
        if done == batches:
            break
    return {table: _counted(engine, table, parts, done) for table, parts in read.items()}


def _counted(engine: wb.Engine, table: str, parts: list[NDArray[np.int64]], batches: int) -> HotRows:
    rows, reads = np.unique(np.concatenate(parts), return_counts=True)
    order = np.lexsort((rows, -reads))
    size = engine.dataset.manifest.rows(table)
    return HotRows(table, rows[order].astype(np.int64), reads[order].astype(np.int64), batches, size)
