"""Running the fused kernel: a plan as tables, a thread's hash tables, a batch's arena.

Tables    once per graph     addresses of its arrays
Program   once per plan      steps as int64, the bounds they need, the room that batches took
Worker    one per thread     hash tables and scratch
arena     one per batch      | nodes, batch of each type | row, col, edge id of each edge type |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import gt

import numpy as np

from workbench.kernels.cuts import count_visible_rows
from workbench.kernels.floyd import ROWS
from workbench.kernels.lanes import SLOTS
from workbench.kernels.relabel import NARROW_TAG, WIDE_TAG
from workbench.kernels.tables import BLOCK_ROWS, CHUNK, CHUNK_ROWS, CHUNKS, LANES, ROOM
from workbench.schema import EdgeType
from workbench.stores.capacity import Capacity, first_guess, hash_slots, upper_bound
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.hop_answer import LAYOUTS
from workbench.stores.layout import Layout
from workbench.stores.memory import Arenas
from workbench.stores.request import SampleRequest
from workbench.stores.steps import StepPlan, Strategy
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
    id_like : ids[0]
    edges : int64[edge types, 10]  the E_* columns of ``kernels/sample.py`` that never change
    degrees : dict edge type -> largest degree
    """

    def __init__(self, graph: GraphArrays, degrees: Mapping[EdgeType, int]) -> None:
        self.graph, self.degrees = graph, degrees
        self.types = {name: i for i, name in enumerate(graph.schema.node_types)}
        self.edge_types = {name: i for i, name in enumerate(graph.schema.edge_types)}
        self.edges = np.zeros((len(self.edge_types), 10), np.int64)
        self.id_like = np.empty(0, graph.id_dtype)
        for row, spec in zip(self.edges, graph.schema.edge_specs, strict=True):
            arrays = graph.edges[spec.edge_type]
            indptr, eid = arrays.indptr, arrays.nbr if arrays.eid is None else arrays.eid
            row[:3] = 0 if indptr is None else address(indptr), address(arrays.nbr), address(eid)
            row[8:] = graph.num_rows[spec.table], arrays.nbr.strides[0]
        timed = {name: times for name, times in graph.times.items() if times is not None}
        self.dated = {name: int(np.searchsorted(times, NO_TIME)) for name, times in timed.items()}

    def visible_rows(self, bound: Bound, anchors: TimeArray) -> Int64Array:
        """int64[n]: rows of the bound's table at or before each anchor (or before its window)."""
        table, window = bound
        times = self.graph.times[table]
        assert times is not None
        ends = anchors if window is None else lookback(anchors, window)
        out = np.empty(len(ends), np.int64)
        count_visible_rows(times, address(times), self.dated[table], np.ascontiguousarray(ends), out)
        if window is not None:
            out[ends == BEGINNING] = 0
        return out


@dataclass
class Program:
    """A plan in the kernel's words.

    Attributes
    ----------
    steps : int64[steps, 11]  P_* columns
    bounds : list  rows of the cuts table
    edge_types : named edge types in schema order
    ranks, visible : sizes of scratch arrays
    room : most nodes and edges of each type that batches took, by bit length of their number of seeds
    layouts : layout to try and upper bound, by the number of seeds of each type
    """

    plan: StepPlan
    steps: Int64Array
    bounds: list[Bound]
    edge_types: list[EdgeType]
    ranks: int
    visible: int
    room: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)
    layouts: dict[tuple[tuple[str, int], ...], tuple[Layout, Capacity]] = field(default_factory=dict)

    @classmethod
    def compile(cls, tables: Tables, plan: StepPlan) -> Program:
        """Number the names of a plan."""
        graph, bounds, ranks, visible = tables.graph, list[Bound](), 1, 1
        steps = np.zeros((len(plan), 11), np.int64)

        def number(table: str | None, window: int | None = None) -> int:
            if table is None:
                return -1
            if (table, window) not in bounds:
                bounds.append((table, window))
            return bounds.index((table, window))

        for row, step in zip(steps, plan, strict=True):
            spec = graph.schema.edge_spec(step.edge_type)
            bound, degree = bounds_of(graph, spec, step), tables.degrees[step.edge_type]
            salt = np.array(step.salt, np.uint64).view(np.int64)
            recent = step.strategy == Strategy.RECENT
            edge_type = step.edge_type
            row[:4] = (
                step.hop,
                tables.edge_types[edge_type],
                tables.types[edge_type.dst],
                tables.types[edge_type.src],
            )
            row[4:7] = LAYOUTS[spec.layout], step.fanout, recent
            row[7:] = number(bound.high), number(bound.low, step.window), number(bound.node), salt
            if not recent and 0 < step.fanout < degree:
                ranks = max(ranks, step.fanout)
            if bound.node is not None:
                visible = max(visible, degree + 1)
        named = {step.edge_type for step in plan}
        return cls(plan, steps, bounds, [t for t in tables.edge_types if t in named], ranks, visible)

    def layout(self, tables: Tables, request: SampleRequest) -> tuple[Layout, Capacity]:
        """Room to try for a request, laid out, and the bound that it can never exceed."""
        counts = tuple((part.node_type, len(part)) for part in request.seed_sets)
        held = self.layouts.get(counts)
        if held is None:
            if len(self.layouts) >= BOUNDS:
                self.layouts.clear()
            seeds = dict(counts)
            bound = upper_bound(tables.graph, tables.degrees, self.plan, seeds)
            capacity = self._capacity(tables, seeds, bound)
            held = self.layouts[counts] = Layout(tables, self.edge_types, capacity), bound
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
        return Capacity(
            nodes, {e: min(most, seen[1][numbers[e]] * 5 // 4 + CHUNK) for e, most in bound.edges.items()}
        )

    def remember(self, seeds: int, nodes: list[int], edges: list[int]) -> None:
        """Note what a batch took, of each type; layouts that it shows to be too small, or blind, go."""
        nodes_before, edges_before = self.room.get(seeds.bit_length(), ([0] * len(nodes), [0] * len(edges)))
        if (
            seeds.bit_length() in self.room
            and not _exceeds(nodes, nodes_before)
            and not _exceeds(edges, edges_before)
        ):
            return
        self.room[seeds.bit_length()] = (
            list(map(max, nodes, nodes_before)),
            list(map(max, edges, edges_before)),
        )
        self.layouts.clear()


def _exceeds(taken: list[int], before: list[int]) -> bool:
    return any(map(gt, taken, before))


class Worker:
    """Hash tables and scratch of one thread; used by one call at a time."""

    def __init__(self, arenas: Arenas) -> None:
        self.arenas = arenas
        self.block = np.zeros((BLOCK_ROWS, LANES), np.int64)
        self.ring = np.zeros((CHUNKS, CHUNK_ROWS, ROOM), np.int64)
        self.rows = np.zeros((ROWS, LANES), np.int32)
        self.ranks, self.taken = np.empty(1, np.int64), np.zeros(2, np.int64)
        self.visible = np.empty(1, np.int64)
        self.need, self.counts = np.zeros(2, np.int64), np.zeros(4, np.int64)
        self._slots: dict[str, Int64Array] = {}
        self._epoch = 0
        self._fits: Layout | None = None
        self._lines = np.zeros((0, 2), np.int64)

    @property
    def scratch(self) -> tuple[AnyArray, ...]:
        """The last parts of a ``kernels.tables.Call``, in their order."""
        return (
            self.block, self.ring, self.rows, self.taken, self.ranks, self.visible, self.counts, self.need,
        )  # fmt: skip

    def dismiss(self) -> None:
        """Give up what was reserved; the worker is not used again."""
        slots = sum(table.nbytes for table in self._slots.values())
        self.arenas.reserve(-slots - 8 * (len(self.ranks) + len(self.taken) + len(self.visible) - 4))
        self._slots.clear()
        self._fits = None

    def fit_scratch(self, program: Program) -> None:
        """Make scratch large enough, and restart the stamps of ``taken`` long before they overflow.

        Raises
        ------
        OverBudgetError
        """
        if len(self.ranks) < program.ranks:
            slots = hash_slots(program.ranks)
            self.arenas.reserve(8 * (program.ranks + slots - len(self.ranks) - len(self.taken)))
            self.ranks, self.taken = np.empty(program.ranks, np.int64), np.zeros(slots, np.int64)
        if len(self.visible) < program.visible:
            self.arenas.reserve(8 * (program.visible - len(self.visible)))
            self.visible = np.empty(program.visible, np.int64)
        if self.need[1] > 1 << 29:
            self.need[1] = 0
            self.taken[:] = 0

    def hash_lines(self, layout: Layout) -> Int64Array:
        """int64[node types, 2]: address and number less one of hash lines for a batch of this layout.

        Slots of earlier epochs are empty.

        Raises
        ------
        OverBudgetError
        """
        if layout is not self._fits:
            self._lines = np.array([self._lines_of(t, n) for t, n in layout.capacity.nodes.items()], np.int64)
            self._fits = layout
        return self._lines

    def _lines_of(self, node_type: str, nodes: int) -> tuple[int, int]:
        if not nodes:
            return 0, 0
        wanted, held = hash_slots(nodes), self._slots.get(node_type)
        if held is None or len(held) < wanted:
            self.arenas.reserve(8 * wanted - (0 if held is None else held.nbytes))
            # lines begin on a cache line; the rest of the allocation is cut off
            raw = np.zeros(wanted + SLOTS, np.int64)
            skipped = -address(raw) % 64 // 8
            held = self._slots[node_type] = raw[skipped : skipped + wanted]
        return address(held), wanted // SLOTS - 1

    def next_tag(self, wide: bool) -> tuple[int, int]:
        """(tag mask, tag) that no slot carries; wipes the tables when the epochs run out."""
        self._epoch += 1
        if wide or self._epoch > 255:
            self._epoch = 0 if wide else 1
            for slots in self._slots.values():
                slots[:] = 0
        return (WIDE_TAG, WIDE_TAG) if wide else (NARROW_TAG, self._epoch << 24)


def address(array: AnyArray) -> int:
    """Address of an array's first element, as the kernels take it."""
    return int(array.__array_interface__["data"][0])
