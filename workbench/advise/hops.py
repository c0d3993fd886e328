"""Which edge types to follow, how far and how wide, from the schema and the degrees of the seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from workbench.errors import BudgetError
from workbench.plan.fanout import Fanout
from workbench.query.seed_table import SeedTable
from workbench.schema import EdgeSpec, EdgeType, Schema
from workbench.stores.protocols import GraphStore
from workbench.stores.request import SampleRequest
from workbench.stores.steps import Step, StepPlan, Strategy
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import Int64Array

NEAR, FAR = (8, 256), 8
"""Neighbours per edge type: fewest and most at the first hop, and at the second."""

MOMENTS = 16
"""Different times of an entity's own rows that the first hop reaches back to. Rows that arrive together,
such as the lines of one invoice, count once: a fixed number of rows would often be a single purchase."""

WIDE = 16
"""Rows taken of an entity's relative: what happened lately at the same airport, shop or product."""

PROBE = 512
"""Seeds whose degrees are looked at; fewer, and fewer neighbours, under a small memory budget."""


class Degrees(NamedTuple):
    """90th percentiles over some seeds, per edge type: neighbours of the latest :data:`MOMENTS` times.

    At most ``cap`` neighbours of a seed are looked at; one without a time is a moment of its own.
    """

    found: dict[EdgeType, float]
    cap: int


@dataclass(frozen=True)
class HopChoice:
    """A fanout and why."""

    fanout: Fanout
    reasons: tuple[tuple[str, str], ...]


def choose_hops(schema: Schema, graph: GraphStore, seeds: SeedTable) -> HopChoice:
    """Follow everything that can tell something new, two hops deep, three where relatives have rows.

    Single-valued keys are followed with one neighbour, never straight back the way they were reached.

    Raises
    ------
    BudgetError
        If not even one neighbour of one seed fits into the graph's memory budget.
    """
    timed = any(table.time is not None for table in schema)
    degrees = seed_degrees(schema, graph, seeds)
    hops: list[dict[str, int]] = []
    arrived: dict[str, set[EdgeType]] = {seeds.node_type: set()}
    for hop in (1, 2, 3):
        entries: dict[str, int] = {}
        found: dict[str, set[EdgeType]] = {}
        for spec in schema.edge_specs:
            width = _width(schema, spec, hop, arrived, degrees.found)
            if width:
                entries[str(spec.edge_type)] = width
                found.setdefault(spec.edge_type.src, set()).add(spec.edge_type)
        if not entries:
            break
        hops.append(entries)
        arrived = found
    strategy = "recent" if timed else "uniform"
    return HopChoice(
        Fanout(hops or [8], strategy=strategy), tuple(_reasons(schema, seeds, degrees, timed, len(hops)))
    )


def _width(
    schema: Schema,
    spec: EdgeSpec,
    hop: int,
    arrived: dict[str, set[EdgeType]],
    degrees: dict[EdgeType, float],
) -> int:
    """Neighbours to draw along one edge type at a hop; 0 where that tells nothing new."""
    edge_type = spec.edge_type
    ways = arrived.get(edge_type.dst)
    if ways is None:
        return 0
    if spec.layout == "column":
        # A row reached through its key leads back, along that key, to where the walk came from.
        back = opposite(edge_type)
        return 0 if ways == {back} else 1
    if hop == 1:
        most = MOMENTS if _leader(schema, edge_type) else NEAR[1]
        return int(np.clip(round(degrees.get(edge_type, 0.0)), NEAR[0], most))
    if hop == 2:
        return FAR
    # The third hop looks at what lately happened to a relative (an airline, a shop, a team): rows with a
    # time around a node without one. Rows around an event, such as a race, are as old as the event.
    return WIDE if schema[edge_type.src].time is not None and schema[edge_type.dst].time is None else 0


def _leader(schema: Schema, edge_type: EdgeType) -> str | None:
    """The table that leads from the seeds to these rows as well, as a customer's invoices do to its lines."""
    keys = [e for e in schema.edge_types if not e.is_reverse]
    holders = {e.src for e in keys if e.dst == edge_type.dst and e != edge_type}
    return next((e.dst for e in keys if e.src == edge_type.src and e.dst in holders), None)


def opposite(edge_type: EdgeType) -> EdgeType:
    """The same key, walked the other way."""
    rel = edge_type.rel.removeprefix("rev_") if edge_type.is_reverse else f"rev_{edge_type.rel}"
    return EdgeType(edge_type.dst, rel, edge_type.src)


def seed_degrees(schema: Schema, graph: GraphStore, seeds: SeedTable) -> Degrees:
    """How many neighbours of the latest times seeds have, along each edge type into them.

    Where the graph's memory budget has no room for the look, fewer neighbours of fewer seeds are counted.

    Raises
    ------
    BudgetError
        If there is no room for one neighbour of one seed.
    """
    into = [spec.edge_type for spec in schema.edge_specs if spec.edge_type.dst == seeds.node_type]
    count, cap = min(PROBE, len(seeds)), NEAR[1]
    if not count or not into:
        return Degrees({}, cap)
    while True:
        try:
            return Degrees(_count(graph, into, seeds, count, cap), cap)
        except BudgetError:
            if count == cap == 1:
                raise
            count, cap = max(1, count // 2), max(1, cap // 2)


def _count(
    graph: GraphStore, into: list[EdgeType], seeds: SeedTable, count: int, cap: int
) -> dict[EdgeType, float]:
    chosen = seeds[np.linspace(0, len(seeds) - 1, count).astype(np.int64)]
    probe = chosen.seed_set()
    plan = StepPlan(tuple(Step(1, edge_type, cap, Strategy.RECENT) for edge_type in into), 1)
    subgraph = graph.sample(SampleRequest((probe,), plan, 0))
    return {
        edge_type: float(np.quantile(_lately(graph, subgraph, edge_type, count), 0.9)) for edge_type in into
    }


def _lately(graph: GraphStore, subgraph: SampledSubgraph, edge_type: EdgeType, seeds: int) -> Int64Array:
    """int64[seeds]: sampled neighbours whose time is among the latest moments of their seed."""
    seed, ids = subgraph.col[edge_type], subgraph.edge_id[edge_type]
    times = graph.times(graph.schema.edge_spec(edge_type).table)
    when = np.arange(len(ids)) if times is None else times[ids]
    order = np.lexsort((-when, seed))
    seed, when = seed[order], when[order]
    first = np.diff(seed, prepend=-1) != 0
    moment = np.cumsum(first | (np.diff(when, prepend=0) != 0))
    # The number of a seed's first moment is carried along its rows: moments only grow.
    since = moment - np.maximum.accumulate(np.where(first, moment, 0))
    return np.bincount(seed[since < MOMENTS], minlength=seeds)


def _reasons(
    schema: Schema, seeds: SeedTable, degrees: Degrees, timed: bool, hops: int
) -> list[tuple[str, str]]:
    order = "the latest rows say most about what comes next" if timed else "no table has a time column"
    reasons = [("recent" if timed else "uniform", order)]
    many = {e: d for e, d in degrees.found.items() if schema.edge_spec(e).layout != "column"}
    for edge_type, leader in [(e, _leader(schema, e)) for e, d in many.items() if d > MOMENTS]:
        if leader:
            del many[edge_type]
            reasons.append((f"{MOMENTS} {edge_type.src}", f"{leader}, followed too, lead to more of them"))
    if many:
        widest = max(many, key=lambda e: many[e])
        cap = f", counted up to {degrees.cap}" if many[widest] >= degrees.cap else ""
        what = f"9 of 10 {seeds.node_type} have at most {many[widest]:.0f} {widest.src} at their latest"
        reasons.append((f"first hop {NEAR[0]} to {NEAR[1]}", f"{what} {MOMENTS} different times{cap}"))
    if hops == 3:
        reasons.append(("3 hops", "the third sees what happened lately to relatives of the seed's rows"))
    else:
        reasons.append((f"{hops} hops", "nothing new lies beyond"))
    return reasons
