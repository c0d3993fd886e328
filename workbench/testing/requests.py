"""Random sampling requests for small graphs, one set of knobs per mode of the sampler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from workbench.plan.cells import as_draw
from workbench.plan.draw import UNLIMITED, Draw
from workbench.plan.metapath import Metapath, Metapaths
from workbench.schema import EdgeType, Schema
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import ALL, FORMS, Step, StepPlan, Strategy
from workbench.temporal import FOREVER
from workbench.types import Int64Array

T = TypeVar("T")


@dataclass(frozen=True)
class Knobs:
    """What requests are drawn from. The defaults mix what every store samples; :data:`EVERYTHING` the rest.

    Attributes
    ----------
    strategies, disjoint, fanouts, temporal : tuples to choose from, per step or per request
    windows : tuple of window or None
    anchors : tuple of anchor times; one per seed, or one per request in joint mode
    hops : largest number of hops
    seeds : largest number of seeds per type
    repeat : every seed is given twice
    fractions, replace : per step, where the other choices allow it
    half_lives, weights : of ageing steps, and columns of weighted ones; without any, steps are uniform
    tree, strict, cutoffs, budgets : per request; ``budgets`` are ``max_nodes``
    metapaths : True = a plan of metapaths, per request
    forms : of subgraphs, per request; trees are never induced
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
    fractions: tuple[float | None, ...] = (None,)
    replace: tuple[bool, ...] = (False,)
    half_lives: tuple[int, ...] = ()
    weights: tuple[str, ...] = ()
    tree: tuple[bool, ...] = (False,)
    strict: tuple[bool, ...] = (False,)
    cutoffs: tuple[str, ...] = ("anchor",)
    budgets: tuple[int | None, ...] = (None,)
    metapaths: tuple[bool, ...] = (False,)
    forms: tuple[str, ...] = FORMS[:1]


EVERYTHING = Knobs(
    strategies=tuple(Strategy),
    fractions=(None, None, None, 0.1, 0.5, 0.9),
    replace=(False, False, True),
    half_lives=(1, 10, 1000),
    weights=("weight",),
    tree=(False, False, True),
    strict=(False, False, True),
    cutoffs=("anchor", "anchor", "path"),
    budgets=(None, None, None, 1, 7, 40),
    metapaths=(False, False, True),
    forms=(*FORMS[:1], *FORMS),
)
"""Every choice of a plan; weighted steps need tables with a numeric column ``weight``."""


def random_plan(rng: np.random.Generator, schema: Schema, knobs: Knobs | None = None) -> StepPlan:
    """Steps over random edge types; a fanout of 0 leaves a step out, as ``Fanout.compile`` does."""
    knobs = knobs or Knobs()
    if _pick(rng, knobs.metapaths) and any(knobs.fanouts) and schema.edge_types:
        return _with_rules(
            rng, random_metapaths(rng, schema, knobs).compile(schema, schema.node_types), knobs
        )
    hops, steps = int(rng.integers(1, knobs.hops + 1)), []
    for hop in range(1, hops + 1):
        for edge_type in schema.edge_types:
            fanout = int(rng.choice(knobs.fanouts))
            if fanout:
                steps.append(_random_step(rng, schema, hop, edge_type, fanout, knobs))
    return _with_rules(rng, StepPlan(tuple(steps), hops), knobs)


def random_metapaths(rng: np.random.Generator, schema: Schema, knobs: Knobs | None = None) -> Metapaths:
    """One to four random walks over the schema, half of which begin as an earlier one does."""
    knobs = knobs or Knobs()
    paths: list[Metapath] = []
    for _ in range(int(rng.integers(1, 5))):
        chain: list[tuple[EdgeType, Draw]] = []
        if paths and rng.random() < 0.5:
            shared = _pick(rng, paths)
            names = [schema.edge_type(name) for name in shared.path]
            chain = list(zip(names, map(as_draw, shared.fanouts), strict=True))
            chain = chain[: int(rng.integers(0, len(chain) + 1))]
        for hop in range(len(chain) + 1, int(rng.integers(1, knobs.hops + 1)) + 1):
            ways = [e for e in schema.edge_types if hop == 1 or e.dst == chain[-1][0].src]
            if not ways:
                break
            fanout = _pick(rng, [k for k in knobs.fanouts if k])
            edge_type = _pick(rng, ways)
            chain.append((edge_type, draw_of(_random_step(rng, schema, hop, edge_type, fanout, knobs))))
        if chain:
            path = Metapath(*(edge_type for edge_type, _ in chain), fanouts=[draw for _, draw in chain])
            paths += [path] if path not in paths else []
    return Metapaths(paths)


def _random_step(
    rng: np.random.Generator, schema: Schema, hop: int, edge_type: EdgeType, fanout: int, knobs: Knobs
) -> Step:
    strategy = knobs.strategies[int(rng.integers(len(knobs.strategies)))]
    temporal = bool(rng.choice(knobs.temporal))
    window = knobs.windows[int(rng.integers(len(knobs.windows)))] if temporal else None
    fraction = _pick(rng, knobs.fractions)
    table = schema[schema.edge_spec(edge_type).table]
    columns = [column.name for column in table.columns if column.name in knobs.weights]
    ages = temporal and table.time is not None and knobs.half_lives
    if (strategy == Strategy.WEIGHTED and not columns) or (strategy == Strategy.DECAY and not ages):
        strategy = Strategy.UNIFORM
    again = fraction is None and fanout != ALL and strategy != Strategy.RECENT and _pick(rng, knobs.replace)
    return Step(
        hop,
        edge_type,
        fanout,
        strategy,
        temporal,
        window,
        fraction,
        bool(again),
        _pick(rng, columns) if strategy == Strategy.WEIGHTED else None,
        _pick(rng, knobs.half_lives) if strategy == Strategy.DECAY else None,
    )


def _with_rules(rng: np.random.Generator, plan: StepPlan, knobs: Knobs) -> StepPlan:
    disjoint = bool(rng.choice(knobs.disjoint))
    tree = disjoint and _pick(rng, knobs.tree)
    ruled = replace(
        plan,
        disjoint=disjoint,
        tree=tree,
        strict=_pick(rng, knobs.strict),
        cutoff=_pick(rng, knobs.cutoffs),
        max_nodes=_pick(rng, knobs.budgets),
    )
    form = _pick(rng, knobs.forms)
    return replace(ruled, subgraph=FORMS[1] if tree and form == FORMS[2] else form)


def draw_of(step: Step) -> Draw:
    """The draw that compiles to the step."""
    return Draw(
        step.fanout if step.fraction is None else step.fraction,
        cap=None if step.fraction is None or step.fanout == ALL else step.fanout,
        strategy=step.strategy.name.lower(),
        weight=step.weight,
        half_life=step.half_life,
        replace=step.replace,
        static=not step.temporal,
        window=UNLIMITED if step.window is None else step.window,
    )


def _pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of them; a single option costs no draw, so a new knob changes no request that exists."""
    return options[0] if len(options) == 1 else options[int(rng.integers(len(options)))]


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
