"""Is every sampled edge real, visible and planned? Asked of the source tables, in SQL.

It shares nothing with the sampler: no CSC, no cut, no row-order shortcut. Keys are compared as they
stand in ``tables/``, times as they stand in the time columns, and the draws with what the plan of the
request allows. Edges go to DuckDB as Arrow, a million in a few seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import pyarrow as pa

from workbench.errors import StoreError, explain
from workbench.sampling.audit_sql import check_draws, check_edges, check_order, open_tables
from workbench.stores.dataset import Dataset
from workbench.stores.steps import StepPlan
from workbench.stores.subgraph import SampledSubgraph

CHUNK = 2_000_000
"""Edges that are checked together: bounds memory, whatever the number of subgraphs."""


@dataclass(frozen=True)
class Violation:
    """One kind of fault at one edge type and hop.

    Attributes
    ----------
    edge_type : str
    hop : int
    kind : str  ``no such row``, ``keys differ``, ``edge later than the anchor``, ...
    count : int  edges (or expanded nodes) with the fault
    example : str  one of them
    """

    edge_type: str
    hop: int
    kind: str
    count: int
    example: str

    def __str__(self) -> str:
        return f"hop {self.hop}, {self.edge_type}: {self.kind}, {self.count:,} times ({self.example})"


@dataclass(frozen=True)
class AuditReport:
    """What an audit found.

    Attributes
    ----------
    edges : int  edges checked
    expanded : int  (node, step) pairs whose draws were counted against what was visible
    faults : tuple of Violation
    waived : dict edge type -> edges whose own time is later than the anchor, or missing, on a step
        that waives it (``static``): allowed, but said
    """

    edges: int
    expanded: int = 0
    faults: tuple[Violation, ...] = ()
    waived: dict[str, int] = field(default_factory=dict)

    @property
    def violations(self) -> int:
        """All faults counted; 0 is a clean sample."""
        return sum(fault.count for fault in self.faults)

    @property
    def ok(self) -> bool:
        """True if nothing was found."""
        return not self.faults

    def __str__(self) -> str:
        lines = [
            f"Audit: {self.edges:,} edges and the draws of {self.expanded:,} node expansions checked "
            f"against the source tables, {self.violations:,} violations"
        ]
        lines += [f"  {fault}" for fault in self.faults]
        lines += [
            f"  waived (static step): {count:,} x {name}" for name, count in self.waived.items() if count
        ]
        return "\n".join(lines)


def audit(subgraphs: SampledSubgraph | Iterable[SampledSubgraph], dataset: Dataset) -> AuditReport:
    """Check samples against the source tables of the dataset they were drawn from.

    Every edge must exist (its row, and raw key equality in the source columns), lie in its row's and
    both nodes' visible past, belong to a step of the plan and start at a node of the hop before. Every
    expanded node must have drawn exactly what its step allows: ``min(fanout, visible)`` distinct
    edges, and the latest ones where the strategy is ``recent``.

    Parameters
    ----------
    subgraphs : one or many; a generator is consumed in chunks of :data:`CHUNK` edges
    dataset : the snapshot that was sampled

    Raises
    ------
    StoreError
        If a subgraph comes from another snapshot.
    """
    many = [subgraphs] if isinstance(subgraphs, SampledSubgraph) else subgraphs
    edges = expanded = 0
    faults: dict[tuple[str, int, str], Violation] = {}
    waived: Counter[str] = Counter()
    with open_tables(dataset) as connection:
        found = list(check_order(connection, dataset.schema))
        for plan, chunk in _chunks(many, dataset.snapshot):
            for fault in chain(found, _unplanned(chunk, plan)):
                _count(faults, Violation(*fault))
            found = []
            frontiers = {name: _frontier(chunk, name) for name in dataset.schema.node_types}
            for edge_type in {step.edge_type: None for step in plan}:
                table = _edges(chunk, edge_type)
                edges += table.num_rows
                spec = dataset.schema.edge_spec(edge_type)
                steps = [step for step in plan if step.edge_type == edge_type]
                bad, late = check_edges(connection, dataset.schema, spec, steps, table)
                waived[str(edge_type)] += late
                for step in steps:
                    frontier = frontiers[edge_type.dst].filter(pa.compute.field("hop") == step.hop - 1)
                    bad += check_draws(connection, dataset.schema, spec, step, table, frontier)
                    expanded += frontier.num_rows
                for fault in bad:
                    _count(faults, Violation(*fault))
    ordered = sorted(faults.values(), key=lambda fault: (fault.hop, fault.edge_type, fault.kind))
    return AuditReport(edges, expanded, tuple(ordered), {name: n for name, n in waived.items() if n})


def _count(faults: dict[tuple[str, int, str], Violation], new: Violation) -> None:
    key = (new.edge_type, new.hop, new.kind)
    old = faults.get(key)
    faults[key] = new if old is None else Violation(*key, old.count + new.count, old.example)


def _chunks(
    subgraphs: Iterable[SampledSubgraph], snapshot: int
) -> Iterator[tuple[StepPlan, list[SampledSubgraph]]]:
    """Subgraphs of one plan, at most about :data:`CHUNK` edges together."""
    held: list[SampledSubgraph] = []
    edges = 0
    for subgraph in subgraphs:
        if subgraph.snapshot != snapshot:
            raise StoreError(
                explain(
                    f"an audit against snapshot {snapshot} was asked for",
                    f"a subgraph was sampled from snapshot {subgraph.snapshot}",
                    do="Open the dataset again and sample again",
                )
            )
        if held and (edges >= CHUNK or subgraph.request.plan != held[0].request.plan):
            yield held[0].request.plan, held
            held, edges = [], 0
        held.append(subgraph)
        edges += subgraph.num_edges
    if held:
        yield held[0].request.plan, held


def _unplanned(chunk: list[SampledSubgraph], plan: StepPlan) -> Iterator[tuple[str, int, str, int, str]]:
    """Edges of a type or hop that the plan does not have."""
    planned = {(step.edge_type, step.hop) for step in plan}
    for number, subgraph in enumerate(chunk):
        for edge_type, row in subgraph.row.items():
            counts = subgraph.edges_per_hop.get(edge_type, np.zeros(0, np.int64))
            if counts.sum() != len(row):
                yield str(edge_type), 0, "hop counts do not add up", 1, f"subgraph {number}"
            for hop, count in enumerate(counts, start=1):
                if count and (edge_type, hop) not in planned:
                    yield str(edge_type), hop, "not in the plan", int(count), f"subgraph {number}"


def _edges(chunk: list[SampledSubgraph], edge_type: tuple[str, str, str]) -> pa.Table:
    """Edges of one type in global ids: g (subgraph), hop, local, src, dst, eid, anchor, found."""
    src, _, dst = edge_type
    parts = []
    for number, subgraph in enumerate(chunk):
        row, col = subgraph.row[edge_type], subgraph.col[edge_type]  # type: ignore[index]
        hops = subgraph.edge_hops(edge_type)  # type: ignore[arg-type]
        columns = {
            "g": np.full(len(row), number, np.int32),
            "hop": np.resize(hops, len(row)).astype(np.int32),
            "local": col,
            "src": subgraph.node_id[src][row].astype(np.int64),
            "dst": subgraph.node_id[dst][col].astype(np.int64),
            "eid": subgraph.edge_id[edge_type].astype(np.int64),  # type: ignore[index]
            "anchor": subgraph.node_anchors(dst)[col],
            "found": subgraph.node_hops(dst)[col],
        }
        parts.append(pa.table(columns))
    return pa.concat_tables(parts)


def _frontier(chunk: list[SampledSubgraph], node_type: str) -> pa.Table:
    """Nodes of one type: g (subgraph), local, node, anchor, hop at which it was found."""
    parts = []
    for number, subgraph in enumerate(chunk):
        ids = subgraph.node_id[node_type]
        columns = {
            "g": np.full(len(ids), number, np.int32),
            "local": np.arange(len(ids), dtype=np.int32),
            "node": ids.astype(np.int64),
            "anchor": subgraph.node_anchors(node_type),
            "hop": subgraph.node_hops(node_type),
        }
        parts.append(pa.table(columns))
    return pa.concat_tables(parts)
