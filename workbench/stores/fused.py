"""A graph and a plan in the fused kernel's words.

Tables    once per graph     addresses of its arrays
Program   once per plan      steps as int64, the bounds they need, the room that batches took
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import gt

import numpy as np

from workbench.kernels.column import expand_column
from workbench.kernels.cuts import KNOTS, count_visible_rows
from workbench.kernels.expand import expand_blocks, expand_nodes
from workbench.kernels.floyd import ROWS
from workbench.kernels.jit import Stage
from workbench.kernels.settle import settle
from workbench.kernels.stream import advance_shared, advance_tree
from workbench.kernels.tables import (
    C_ADVANCE,
    C_BOUNDS,
    C_BUDGET,
    C_BY_PATH,
    C_DISJOINT,
    C_FILL,
    C_GENERAL,
    C_HOPS,
    C_PATH,
    C_STEPS,
    C_TREE,
    C_TYPES,
    CHUNK,
    E_EID,
    E_INDPTR,
    E_NBR,
    E_OFFSET,
    E_ROWS,
    E_STRIDE,
    E_WORDS,
    P_CLOCK,
    P_DRAW,
    P_DST,
    P_EDGE,
    P_EDGE_END,
    P_EXPAND,
    P_FANOUT,
    P_FRACTION,
    P_HALF_LIFE,
    P_HIDDEN,
    P_HIGH,
    P_HOP,
    P_LAYOUT,
    P_LOW,
    P_MASS,
    P_NODE,
    P_NODE_END,
    P_PARENT,
    P_PATHS,
    P_REPLACE,
    P_SALT,
    P_SRC,
    P_STRATEGY,
    P_TIMES,
    P_WEIGHTS,
    P_WORDS,
    ROOM,
)
from workbench.kernels.weighted import draw_weighted
from workbench.kernels.windows import fill_block
from workbench.schema import EdgeSpec, EdgeType
from workbench.stores.capacity import Capacity, Scratch, first_guess, upper_bound
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.hop_answer import LAYOUTS
from workbench.stores.layout import Layout
from workbench.stores.mass import Masses
from workbench.stores.request import SampleRequest
from workbench.stores.steps import Step, StepPlan, Strategy
from workbench.stores.visibility import bounds_of
from workbench.temporal import BEGINNING, NO_TIME, lookback
from workbench.types import AnyArray, Int64Array, TimeArray

Bound = tuple[str, int | None]
"""A row of the cuts table: a table, and the look-back window or None."""

BOUNDS: int = 256
"""Upper bounds kept per plan: batches mostly have one size."""


class Tables:
    """Addresses of a graph's arrays, in the order of its schema. Keeps the arrays alive.

    Attributes
    ----------
    types, edge_types : dict name -> position
    ids, id_like : dtype of ids, and one of them
    edges : int64[edge types, E_WORDS]  the E_* columns of ``kernels/tables.py`` that never change
    degrees : dict edge type -> largest degree
    """

    def __init__(self, graph: GraphArrays, degrees: Mapping[EdgeType, int], masses: Masses) -> None:
        self.graph, self.degrees, self.masses = graph, degrees, masses
        self.types = {name: i for i, name in enumerate(graph.schema.node_types)}
        self.edge_types = {name: i for i, name in enumerate(graph.schema.edge_types)}
        self.edges = np.zeros((len(self.edge_types), E_WORDS), np.int64)
        self.ids, self.id_like = graph.id_dtype, graph.id_dtype.type(0)
        for row, spec in zip(self.edges, graph.schema.edge_specs, strict=True):
            arrays = graph.edges[spec.edge_type]
            indptr, eid = arrays.indptr, arrays.nbr if arrays.eid is None else arrays.eid
            if indptr is not None:
                row[E_INDPTR], row[E_OFFSET] = address(indptr), indptr.itemsize
            row[E_NBR], row[E_EID] = address(arrays.nbr), address(eid)
            row[E_ROWS], row[E_STRIDE] = graph.num_rows[spec.table], arrays.nbr.strides[0]
        timed = {name: times for name, times in graph.times.items() if times is not None}
        self.dated = {name: int(np.searchsorted(times, NO_TIME)) for name, times in timed.items()}
        evenly = np.arange(KNOTS + 1)
        self.knots = {
            name: times[evenly * max(self.dated[name] - 1, 0) // KNOTS] if len(times) else evenly
            for name, times in timed.items()
        }

    def visible_rows(self, bound: Bound, views: TimeArray) -> Int64Array:
        """int64[n]: rows of the bound's table at or before each instant (or before its window)."""
        table, window = bound
        times = self.graph.times[table]
        assert times is not None
        ends = views if window is None else lookback(views, window)
        out = np.empty(len(ends), np.int64)
        at, knots_at, dated = address(times), address(self.knots[table]), self.dated[table]
        count_visible_rows(at, knots_at, dated, np.ascontiguousarray(ends), out)
        if window is not None:
            out[ends == BEGINNING] = 0
        return out

    def rule_of(self, bound: Bound) -> tuple[int, int, int, int]:
        """(address of times, dated rows, window or -1, address of knots): a bound at any instant."""
        table, window = bound
        times = self.graph.times[table]
        assert times is not None
        window = -1 if window is None else window
        return address(times), self.dated[table], window, address(self.knots[table])


@dataclass
class Program:
    """A plan in the kernel's words.

    Attributes
    ----------
    steps : int64[steps, P_WORDS]  P_* columns
    bounds : list  rows of the cuts table
    edge_types : named edge types in schema order
    scratch : Scratch
    kept : arrays whose addresses stand in ``steps`` and ``words``
    words : dict  C_* words of a call that hold for every batch; ``plan_at`` is the address of ``steps``
    room : most nodes and edges of each type, and listed nodes, that batches took, by bit length of their
        number of seeds
    layouts : layout to try and upper bound, by the number of seeds of each type
    """

    plan: StepPlan
    steps: Int64Array
    bounds: list[Bound]
    edge_types: list[EdgeType]
    scratch: Scratch
    kept: list[AnyArray]
    words: dict[int, int] = field(default_factory=dict)
    plan_at: int = 0
    room: dict[int, tuple[list[int], list[int], int]] = field(default_factory=dict)
    layouts: dict[tuple[tuple[str, int], ...], tuple[Layout, Capacity]] = field(default_factory=dict)

    @classmethod
    def compile(cls, tables: Tables, plan: StepPlan) -> Program:
        """Number the names of a plan."""
        steps = np.zeros((len(plan), P_WORDS), np.int64)
        bounds, kept = list[Bound](), list[AnyArray]()
        for row, step, salt in zip(steps, plan, plan.salts, strict=True):
            spec = tables.graph.schema.edge_spec(step.edge_type)
            _fill_names(tables, row, step, spec, salt)
            _fill_bounds(tables, row, step, spec, bounds)
            _fill_weights(tables, row, step, spec, kept)
            row[P_EXPAND] = _way(tables, row, step, spec).address(tables.ids)
            weighs = step.strategy >= Strategy.WEIGHTED and spec.layout != "column"
            row[P_DRAW] = draw_weighted.address(tables.ids) if weighs else 0
        named = {step.edge_type for step in plan}
        program = cls(
            plan,
            steps,
            bounds,
            [t for t in tables.edge_types if t in named],
            Scratch.of(plan, tables.degrees),
            kept,
        )
        program._note_words(tables)
        return program

    def _note_words(self, tables: Tables) -> None:
        plan, rules = self.plan, np.array([tables.rule_of(bound) for bound in self.bounds], np.int64)
        self.kept.append(rules)
        self.plan_at = address(self.steps)
        self.words = {
            C_STEPS: len(self.steps), C_TYPES: len(tables.types), C_HOPS: plan.hops,
            C_DISJOINT: plan.disjoint, C_TREE: plan.tree, C_PATH: plan.cutoff == "path",
            C_BY_PATH: plan.by_path, C_GENERAL: self.is_general,
            C_BOUNDS: address(rules), C_BUDGET: plan.max_nodes or 0,
            C_FILL: fill_block.address(tables.ids), C_ADVANCE: self.advance.address(tables.ids),
        }  # fmt: skip

    @property
    def advance(self) -> Stage:
        """The stage that makes edges of drawn positions."""
        if self.is_general:
            return settle
        return advance_tree if self.plan.tree else advance_shared

    @property
    def is_general(self) -> bool:
        """Whether an edge may be left out or merged, or a node may stand for several instants."""
        return self.plan.by_path or self.plan.cutoff == "path" or self.plan.max_nodes is not None

    def layout(self, tables: Tables, request: SampleRequest) -> tuple[Layout, Capacity]:
        """Room to try for a request, laid out, and the bound that it can never exceed."""
        counts = tuple((part.node_type, len(part)) for part in request.seed_sets)
        held = self.layouts.get(counts)
        if held is None:
            if len(self.layouts) >= BOUNDS:
                self.layouts.clear()
            seeds = dict(counts)
            bound = upper_bound(tables.graph, tables.degrees, self.plan, seeds)
            held = self.layouts[counts] = (
                Layout(tables, self.edge_types, self._capacity(tables, seeds, bound)),
                bound,
            )
        return held

    def _capacity(self, tables: Tables, seeds: Mapping[str, int], bound: Capacity) -> Capacity:
        seen = self.room.get(sum(seeds.values()).bit_length())
        if seen is None:
            return first_guess(bound, seeds)
        # a quarter more than the largest batch so far: a second run is rare, a table not too sparse
        nodes = {
            t: min(bound.nodes[t], seeds.get(t, 0) + taken * 5 // 4 + CHUNK)
            for t, taken in zip(tables.types, seen[0], strict=True)
        }
        numbers = tables.edge_types
        edges = {e: min(most, seen[1][numbers[e]] * 5 // 4 + CHUNK) for e, most in bound.edges.items()}
        return replace(bound, nodes=nodes, edges=edges, lists=min(bound.lists, seen[2] * 5 // 4 + ROOM))

    def remember(self, seeds: int, nodes: list[int], edges: list[int], lists: int = 0) -> None:
        """Note what a batch took, of each type; layouts that it shows to be too small, or blind, go."""
        size = seeds.bit_length()
        held = self.room.get(size)
        if held is None:
            held = [0] * len(nodes), [0] * len(edges), 0
        elif not (_exceeds(nodes, held[0]) or _exceeds(edges, held[1]) or lists > held[2]):
            return
        self.room[size] = list(map(max, nodes, held[0])), list(map(max, edges, held[1])), max(lists, held[2])
        self.layouts.clear()


def _fill_names(tables: Tables, row: Int64Array, step: Step, spec: EdgeSpec, salt: int) -> None:
    src, _, dst = step.edge_type
    row[P_HOP], row[P_EDGE] = step.hop, tables.edge_types[step.edge_type]
    row[P_DST], row[P_SRC] = tables.types[dst], tables.types[src]
    row[P_LAYOUT], row[P_FANOUT], row[P_STRATEGY] = LAYOUTS[spec.layout], step.fanout, step.strategy
    row[P_SALT] = np.array(salt, np.uint64).view(np.int64)
    row[P_REPLACE], row[P_HIDDEN] = step.replace, -1
    row[P_FRACTION] = np.array(step.fraction or 0.0).view(np.int64)
    row[P_PARENT] = -1 if step.parent is None else step.parent
    row[P_PATHS] = np.array(step.paths, np.uint64).view(np.int64)


def _fill_bounds(tables: Tables, row: Int64Array, step: Step, spec: EdgeSpec, bounds: list[Bound]) -> None:
    """What is visible: bounds of row ids, and end times."""

    def number(table: str | None, window: int | None = None) -> int:
        if table is None:
            return -1
        if (table, window) not in bounds:
            bounds.append((table, window))
        return bounds.index((table, window))

    bound, graph = bounds_of(tables.graph, spec, step), tables.graph
    row[P_HIGH], row[P_NODE] = number(bound.high), number(bound.node)
    row[P_LOW] = number(bound.low, step.window)
    row[P_EDGE_END] = 0 if bound.edge_end is None else address(graph.ends[bound.edge_end])
    row[P_NODE_END] = 0 if bound.node_end is None else address(graph.ends[bound.node_end])
    times = graph.times[spec.table]
    row[P_TIMES] = 0 if times is None else address(times)
    row[P_CLOCK] = step.temporal and times is not None


def _fill_weights(tables: Tables, row: Int64Array, step: Step, spec: EdgeSpec, kept: list[AnyArray]) -> None:
    mass = None
    if step.weight is not None:
        mass, weights = tables.masses.linear(spec.edge_type, step.weight), tables.graph.weights
        row[P_WEIGHTS] = address(weights[spec.table, step.weight])
    if step.half_life is not None:
        row[P_HALF_LIFE] = np.array(float(step.half_life)).view(np.int64)
        mass = tables.masses.decay(spec.edge_type, step.half_life)
    if mass is not None:
        kept.append(mass)
        row[P_MASS] = address(mass)


def _way(tables: Tables, row: Int64Array, step: Step, spec: EdgeSpec) -> Stage:
    """The stage that runs a step."""
    if spec.layout == "column":
        return expand_column
    plain = step.strategy <= Strategy.RECENT and not step.replace and step.fraction is None
    listed = row[P_NODE] >= 0 or row[P_EDGE_END] != 0 or row[P_NODE_END] != 0
    # ranks of floyd_rows have 31 bits
    wide = step.fanout > ROWS or tables.graph.num_rows[spec.table] >= 1 << 31
    narrow = step.strategy == Strategy.RECENT or not wide
    return expand_blocks if plain and narrow and not listed else expand_nodes


def _exceeds(taken: list[int], before: list[int]) -> bool:
    return any(map(gt, taken, before))


def address(array: AnyArray) -> int:
    """Address of an array's first element, as the kernels take it."""
    return int(array.__array_interface__["data"][0])
