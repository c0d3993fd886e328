"""Is every sampled edge real, visible and planned? Asked of the source tables, in SQL.

It shares nothing with the sampler: no CSC, no cut, no row-order shortcut. Keys are compared as they
stand in ``tables/``, times as they stand in the time columns, and the draws with what the plan of the
request allows. Edges go to DuckDB as Arrow, a million in a few seconds.

    audit_chunk    samples side by side as flat arrays       audit_steps    which step drew which edge
    audit_shape    counts, seeds, nodes, budgets             audit_cutoffs  cutoffs along the path
    audit_edges    each edge against its rows, in SQL        audit_counts   draws against what was visible
    audit_added    edges beside the drawn ones               audit_versions versions that nodes see
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any

from workbench.errors import SchemaError, StoreError, explain
from workbench.sampling.audit_added import check_added
from workbench.sampling.audit_chunk import Chunk, Fault, gather
from workbench.sampling.audit_counts import check_draws
from workbench.sampling.audit_cutoffs import along_paths, check_cutoffs
from workbench.sampling.audit_edges import check_edges
from workbench.sampling.audit_shape import check_budget, check_counts, check_nodes
from workbench.sampling.audit_sql import check_order, open_tables, read_times
from workbench.sampling.audit_steps import Share, check_membership, rules, shares
from workbench.sampling.audit_versions import check_versions, histories_in
from workbench.stores.dataset import Dataset
from workbench.stores.subgraph import SampledSubgraph

CHUNK = 2_000_000
"""Edges that are checked together: bounds memory, whatever the number of subgraphs."""


@dataclass(frozen=True)
class Violation:
    """One kind of fault at one edge type and hop.

    Attributes
    ----------
    edge_type : str  or the node type, of faults of nodes
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
    samples : int  subgraphs checked
    dropped : int  draws that a budget of nodes cut: the counts of these seeds are excused
    versions : int  nodes whose version of a history was checked
    """

    edges: int
    expanded: int = 0
    faults: tuple[Violation, ...] = ()
    waived: dict[str, int] = field(default_factory=dict)
    samples: int = 0
    dropped: int = 0
    versions: int = 0

    @property
    def violations(self) -> int:
        """All faults counted; 0 is a clean sample."""
        return sum(fault.count for fault in self.faults)

    @property
    def ok(self) -> bool:
        """True if nothing was found."""
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"ok": self.ok, "violations": self.violations, **asdict(self)}

    def __str__(self) -> str:
        versions = f", the versions that {self.versions:,} nodes see" if self.versions else ""
        lines = [
            f"Audit: {self.edges:,} edges and the draws of {self.expanded:,} node expansions{versions} "
            f"checked against the source tables, {self.violations:,} violations"
        ]
        lines += [f"  {fault}" for fault in self.faults]
        lines += [
            f"  waived (static step): {count:,} x {name}" for name, count in self.waived.items() if count
        ]
        lines += [f"  cut by max_nodes: {self.dropped:,} draws"] if self.dropped else []
        return "\n".join(lines)

    __repr__ = __str__


def audit(subgraphs: SampledSubgraph | Iterable[SampledSubgraph], dataset: Dataset) -> AuditReport:
    """Check samples against the source tables of the dataset they were drawn from.

    Every edge must exist (its row, and raw key equality in the source columns), lie in its row's and
    both nodes' visible past (ends, ``strict`` and cutoffs along the path included), belong to a step of
    the plan and start at a node that the step expands. Every expanded node must have drawn exactly what
    its step allows: ``min(fanout, visible)`` distinct edges, the latest ones where the strategy is
    ``recent``, none that weighs nothing or is hidden from its seed, and as many as the fraction,
    replacement or budget say where the plan has them. Edges beside the drawn ones must be just those that
    the plan's form of subgraph adds: each way back, or each edge among the nodes that its dst sees. The
    version that is read of a history (``Schema.as_history``) must be the newest that its node sees.

    Parameters
    ----------
    subgraphs : one or many; a generator is consumed in chunks of :data:`CHUNK` edges
    dataset : the snapshot that was sampled

    Raises
    ------
    StoreError
        If a subgraph comes from another snapshot.
    SchemaError
        If it has edges of a type that the dataset does not have.
    """
    many = [subgraphs] if isinstance(subgraphs, SampledSubgraph) else subgraphs
    tally, histories = _Tally(), histories_in(dataset)
    with open_tables(dataset) as connection:
        tally.add(check_order(connection, dataset.schema))
        for held in _chunks(many, dataset):
            chunk = _check(connection, held, dataset, tally)
            for name, versions in histories.items():
                tally.add(check_versions(connection, chunk, name, versions))
                tally.versions += len(chunk.nodes[str(dataset.schema[name].history_of)])
    return tally.report()


@dataclass
class _Tally:
    """What was found so far."""

    edges: int = 0
    expanded: int = 0
    samples: int = 0
    dropped: int = 0
    versions: int = 0
    waived: Counter[str] = field(default_factory=Counter)
    faults: dict[tuple[str, int, str], Violation] = field(default_factory=dict)

    def add(self, faults: Iterable[Fault]) -> None:
        for edge_type, hop, kind, count, example in faults:
            key = (edge_type, hop, kind)
            old = self.faults.get(key)
            self.faults[key] = Violation(
                *key, count + (0 if old is None else old.count), example if old is None else old.example
            )

    def report(self) -> AuditReport:
        ordered = sorted(self.faults.values(), key=lambda fault: (fault.hop, fault.edge_type, fault.kind))
        waived = {name: count for name, count in self.waived.items() if count}
        counts = self.samples, self.dropped, self.versions
        return AuditReport(self.edges, self.expanded, tuple(ordered), waived, *counts)


def _check(connection: Any, subgraphs: list[SampledSubgraph], dataset: Dataset, tally: _Tally) -> Chunk:
    """Ask every question about the graph of subgraphs of one plan."""
    chunk, broken = gather(subgraphs, dataset.schema)
    tally.add(broken)
    tally.add(check_counts(subgraphs))
    found = shares(chunk)
    if chunk.plan.cutoff == "path":
        chunk, broken = _follow_cutoffs(connection, chunk, found)
        tally.add(broken)
        tally.add(check_cutoffs(chunk, subgraphs))
    tally.add(chain(check_nodes(chunk), check_budget(chunk), check_membership(chunk, found)))
    for edge_type in chunk.edges:
        for step, mask in rules(chunk, found, edge_type):
            faults, waived = check_edges(connection, chunk, edge_type, step, mask)
            tally.add(faults)
            tally.waived[str(edge_type)] += waived
    for share in found:
        tally.add(check_draws(connection, chunk, share))
        tally.expanded += int(share.nodes.sum())
    tally.add(check_added(connection, chunk))
    tally.edges += sum(len(edges) for part in (chunk.edges, chunk.added) for edges in part.values())
    tally.samples += len(subgraphs)
    tally.dropped += int(chunk.dropped.sum())
    return chunk


def _follow_cutoffs(connection: Any, chunk: Chunk, found: list[Share]) -> tuple[Chunk, list[Fault]]:
    schema = chunk.schema
    times = {
        name: read_times(connection, schema, schema.edge_spec(name).table, edges.eid)
        for name, edges in chunk.edges.items()
    }
    return along_paths(chunk, found, times)


def _chunks(subgraphs: Iterable[SampledSubgraph], dataset: Dataset) -> Iterator[list[SampledSubgraph]]:
    """Subgraphs of one plan, at most about :data:`CHUNK` edges together."""
    held: list[SampledSubgraph] = []
    edges, snapshot, schema = 0, dataset.snapshot, dataset.schema
    for subgraph in subgraphs:
        if subgraph.snapshot != snapshot:
            raise StoreError(
                explain(
                    f"an audit against snapshot {snapshot} was asked for",
                    f"a subgraph was sampled from snapshot {subgraph.snapshot}",
                    do="Open the dataset again and sample again",
                )
            )
        unknown = [name for name in subgraph.row if name not in schema.edge_types]
        if unknown:
            raise SchemaError(
                explain(
                    "an audit against the source tables was asked for",
                    f"edges of type '{unknown[0]}' were put into the graph in memory",
                    "edge types that were ingested",
                    "Ingest them as a table, or audit a sample that does not follow them",
                )
            )
        if held and (edges >= CHUNK or subgraph.request.plan != held[0].request.plan):
            yield held
            held, edges = [], 0
        held.append(subgraph)
        edges += subgraph.num_edges
    if held:
        yield held
