"""Random sampling requests for small graphs, one set of knobs per mode of the sampler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workbench.schema import EdgeType, Schema
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import Step, StepPlan, Strategy
from workbench.temporal import FOREVER
from workbench.types import Int64Array


@dataclass(frozen=True)
class Knobs:
    """What requests are drawn from; the defaults mix everything.

    Attributes
    ----------
    strategies, disjoint, fanouts, temporal : tuples to choose from, per step or per request
    windows : tuple of window or None
    anchors : tuple of anchor times; one per seed, or one per request in joint mode
    hops : largest number of hops
    seeds : largest number of seeds per type
    repeat : every seed is given twice
    """

    strategies: tuple[Strategy, ...] = (Strategy.UNIFORM, Strategy.RECENT)
    disjoint: tuple[bool, ...] = (True, False)
    fanouts: tuple[int, ...] = (0, -1, 1, 2, 3, 5, 50)
    temporal: tuple[bool, ...] = (True, True, True, False)
    windows: tuple[int | None, ...] = (None, None, None, 1, 10, 25)
    anchors: tuple[int, ...] = (-1, 0, 10, 20, 29, 30, 50, 51, FOREVER)
    hops: int = 3
    seeds: int = 5
    repeat: bool = False


def random_plan(rng: np.random.Generator, schema: Schema, knobs: Knobs | None = None) -> StepPlan:
    """Steps over random edge types; a fanout of 0 leaves a step out, as ``Fanout.compile`` does."""
    knobs = knobs or Knobs()
    hops, steps = int(rng.integers(1, knobs.hops + 1)), []
    for hop in range(1, hops + 1):
        for edge_type in schema.edge_types:
            fanout = int(rng.choice(knobs.fanouts))
            if fanout:
                steps.append(_random_step(rng, hop, edge_type, fanout, knobs))
    return StepPlan(tuple(steps), hops, bool(rng.choice(knobs.disjoint)))


def _random_step(rng: np.random.Generator, hop: int, edge_type: EdgeType, fanout: int, knobs: Knobs) -> Step:
    strategy = knobs.strategies[int(rng.integers(len(knobs.strategies)))]
    temporal = bool(rng.choice(knobs.temporal))
    window = knobs.windows[int(rng.integers(len(knobs.windows)))] if temporal else None
    return Step(hop, edge_type, fanout, strategy, temporal, window)


def random_request(
    rng: np.random.Generator, schema: Schema, num_rows: Mapping[str, int], knobs: Knobs | None = None
) -> SampleRequest:
    """A random plan with random seeds of one or more types; no seeds where there are no nodes."""
    knobs = knobs or Knobs()
    plan, sets = random_plan(rng, schema, knobs), []
    shared = int(rng.choice(knobs.anchors))
    for node_type in rng.permutation(schema.node_types)[: int(rng.integers(1, 3))]:
        count = int(rng.integers(1, knobs.seeds + 1)) if num_rows[node_type] else 0
        ids: Int64Array = rng.integers(0, max(num_rows[node_type], 1), count)
        ids = np.repeat(ids, 2) if knobs.repeat else ids
        anchors = rng.choice(knobs.anchors, len(ids)) if plan.disjoint else np.full(len(ids), shared)
        inputs = rng.integers(0, 1000, len(ids))
        sets.append(SeedSet.of(str(node_type), ids, anchors.astype(np.int64), inputs))
    return SampleRequest(tuple(sets), plan, int(rng.integers(0, 1 << 63)))
