"""Does a task let a model see what it is to predict? Found in data and a pilot of samples, untrained.

The questions about windows and seeds lie in ``leakage_seeds``, those about columns in
``leakage_columns``. Here the report, and what the samples show: the latest time that a seed sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.query.task import SPLITS, Task
from workbench.sampling.audit_chunk import Chunk, gather
from workbench.sampling.audit_sql import open_tables, read_times
from workbench.sampling.audit_versions import Versioned, histories_in
from workbench.sampling.leakage_columns import echoes, filled_in_later, untimed, versions_seen
from workbench.sampling.leakage_seeds import Finding, about_seeds
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.protocols import GraphStore
from workbench.temporal import FOREVER, just_before
from workbench.types import TimeArray

PILOT = 512
"""Seeds per split that are sampled, spread over the whole split."""


@dataclass(frozen=True)
class LeakageReport:
    """What was found.

    Attributes
    ----------
    query : str
    seeds : dict split -> seeds that were sampled
    latest : dict split -> dict table -> microseconds
        How far the latest time that any seed saw in a table lies from what it may see; negative is before.
    findings : tuple of Finding  leaks first
    """

    query: str
    seeds: Mapping[str, int]
    latest: Mapping[str, Mapping[str, int]]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True if there is no leak; suspects and notes are for a person to judge."""
        return all(finding.level != "leak" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        latest = {split: dict(times) for split, times in self.latest.items()}
        found = [asdict(finding) for finding in self.findings]
        return {
            "ok": self.ok,
            "query": self.query,
            "seeds": dict(self.seeds),
            "latest": latest,
            "findings": found,
        }

    def __str__(self) -> str:
        counts = [f"{n:,} {split}" for split, n in self.seeds.items()]
        verdict = "no leak found" if self.ok else "LEAKS FOUND"
        lines = [f"Leakage: {verdict}; sampled {', '.join(counts)} seeds of {self.query!r}"]
        for split, times in self.latest.items():
            gaps = [f"{table} {_gap(gap)}" for table, gap in sorted(times.items())]
            lines.append(f"  {split:<6} latest seen, from the anchor: {', '.join(gaps) or 'nothing timed'}")
        return "\n".join([*lines, *(f"  {finding}" for finding in self.findings)])

    __repr__ = __str__


def _gap(microseconds: int) -> str:
    seconds = microseconds / 1e6
    for unit, length in (("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if abs(seconds) >= length:
            return f"{seconds / length:+,.1f} {unit}"
    return f"{seconds:+,.0f} s"


def leakage_report(
    task: Task, plan: ModelPlan, graph: GraphStore, *, pilot: int = PILOT, key: int = 0
) -> LeakageReport:
    """Compare what seeds see under a plan with when their labels happen.

    ============================= ====== ==========================================================
    finding                       level  what is wrong
    ============================= ====== ==========================================================
    row after the anchor          leak   a seed sees a row of later than its anchor or ``until``
    label window is visible       leak   features reach into the window that the label looks at
    label window crosses splits   leak   train labels end after val begins, or val's after test
    label is not observed         leak   a label window ends after the data do
    seed is in two splits         leak   one (entity, anchor) is trained on and measured on
    entity after the anchor       leak   the seed's own row is newer than what it may see
    column tells the label        leak   a column of the entity table or of a history of it (as of
                                         the anchor) determines the label
    value is filled in later      suspect  a visible row holds a timestamp of after the anchor
    dates in a static table       suspect  a table without a time column has a timestamp column
    table is static               note   its rows are visible at every anchor
    seed is there twice           note   one (entity, anchor) twice in a split
    ============================= ====== ==========================================================

    Parameters
    ----------
    pilot : int  seeds per split to sample, spread evenly
    key : int  of the samples

    Raises
    ------
    FanoutError, TaskError, BudgetError
    """
    seeds = {split: task.seeds(split).frozen(plan.until) for split in SPLITS}
    sampler = NeighborSampler(graph, plan.fanout.with_choices(disjoint=True), key=key, purpose="leakage")
    findings = list(about_seeds(task, seeds, graph))
    latest: dict[str, dict[str, int]] = {}
    schema = task.dataset.schema
    histories = histories_in(task.dataset)
    unread = {*plan.exclude, *(f"{table}.{column}" for table in task.hidden for column in task.hidden[table])}
    with open_tables(task.dataset) as connection:
        for split, table in seeds.items():
            chunks = list(_samples(sampler, table, pilot, plan.optimisation.batch_size))
            latest[split] = {}
            for chunk in chunks:
                _note_latest(connection, chunk, latest[split])
                _note_versions(connection, chunk, histories, latest[split])
            findings += _too_late(split, latest[split])
            findings += filled_in_later(connection, split, chunks, unread, histories)
            findings += echoes(connection, schema[task.entity_table], table, table.node_id, unread)
            sees = just_before(table.visible_until) if plan.fanout.strict else table.visible_until
            for name in schema.histories_of(task.entity_table):
                rows = histories[name].rows(table.node_id, sees)
                findings += echoes(connection, schema[name], table, rows, unread)
    reached = sorted({task.entity_table, *(_tables(sampler, task.entity_table))})
    findings += untimed(schema, reached, unread)
    order = {"leak": 0, "suspect": 1, "note": 2}
    sampled = {split: min(len(table), pilot) for split, table in seeds.items()}
    ranked = sorted(dict.fromkeys(findings), key=lambda found: order[found.level])
    return LeakageReport(task.query, sampled, latest, tuple(ranked))


def _tables(sampler: NeighborSampler, seed_type: str) -> set[str]:
    """Tables that the plan reads: of the nodes that it draws and of the edges that lead to them."""
    schema, steps = sampler.graph.schema, sampler.plan(seed_type)
    return {step.edge_type.src for step in steps} | {schema.edge_spec(s.edge_type).table for s in steps}


def _samples(sampler: NeighborSampler, seeds: SeedTable, pilot: int, batch_size: int) -> Iterator[Chunk]:
    """The pilot, a batch at a time, seeds whose own row is there only (others are a finding already)."""
    count = min(pilot, len(seeds))
    rows = np.unique(np.linspace(0, len(seeds) - 1, count).astype(np.int64))
    for begin in range(0, len(rows), batch_size):
        subgraph = sampler.sample(seeds.seed_set(rows[begin : begin + batch_size]))
        yield gather([subgraph], sampler.graph.schema)[0]


def _note_latest(connection: Any, chunk: Chunk, latest: dict[str, int]) -> None:
    """Keep, per table, the largest ``time - what the seed may see`` of drawn nodes and edges."""
    for name, nodes in chunk.nodes.items():
        drawn = nodes.hop > 0
        times = read_times(connection, chunk.schema, name, nodes.ids[drawn])
        _keep(latest, name, times, chunk.anchors[nodes.lane[drawn]])
    for edge_type, edges in chunk.edges.items():
        table = chunk.schema.edge_spec(edge_type).table
        times = read_times(connection, chunk.schema, table, edges.eid)
        _keep(latest, table, times, chunk.anchors[chunk.nodes[edge_type.dst].lane[edges.dst]])


def _note_versions(
    connection: Any, chunk: Chunk, histories: Mapping[str, Versioned], latest: dict[str, int]
) -> None:
    """The same of the versions that nodes see."""
    for name, versions in histories.items():
        rows, limits = versions_seen(chunk, chunk.schema[name], versions)
        _keep(latest, name, read_times(connection, chunk.schema, name, rows), limits)


def _keep(latest: dict[str, int], table: str, times: TimeArray, limits: TimeArray) -> None:
    timed = (times != FOREVER) & (limits != FOREVER)
    if timed.any():
        gap = int((times[timed] - limits[timed]).max())
        latest[table] = max(gap, latest.get(table, gap))


def _too_late(split: str, latest: Mapping[str, int]) -> Iterator[Finding]:
    for table, gap in latest.items():
        if gap > 0:
            text = f"{split} seeds see rows of {table} up to {_gap(gap)} after their anchor"
            yield Finding("leak", "row after the anchor", table, gap, text)
