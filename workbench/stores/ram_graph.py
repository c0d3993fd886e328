"""RamGraph: the graph store that holds everything in RAM and samples a batch in one kernel call."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import BudgetError, explain
from workbench.schema import EdgeType, Schema
from workbench.stores.capacity import largest_degrees, refusal
from workbench.stores.complete import complete
from workbench.stores.deleted import ended
from workbench.stores.door import check_hop, check_request
from workbench.stores.fused import Program, Tables
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.hop_answer import answer_hop
from workbench.stores.mass import Masses
from workbench.stores.memory import Arenas, MemoryReport, OverBudgetError
from workbench.stores.request import HopRequest, HopSample, SampleRequest
from workbench.stores.resident import huge_bytes
from workbench.stores.run_batch import run_batch
from workbench.stores.steps import StepPlan
from workbench.stores.subgraph import SampledSubgraph
from workbench.stores.worker import Worker
from workbench.types import TimeArray

if TYPE_CHECKING:
    from workbench.stores.dataset import Dataset

PROGRAMS: int = 64
"""Compiled plans kept; a slider that is dragged makes many."""


class RamGraph:
    """A graph in RAM. Safe between threads; pickles as (path, snapshot) when opened from a dataset.

    Parameters
    ----------
    arrays : GraphArrays
    memory_budget : int or None
        Bytes for graph and samples together. None: what the machine has free.
    snapshot : int

    Raises
    ------
    BudgetError
        If the graph alone exceeds the budget.
    """

    hides_edges = True

    def __init__(self, arrays: GraphArrays, memory_budget: int | None = None, snapshot: int = 1) -> None:
        self.arrays = arrays
        self.memory_budget = memory_budget
        self._snapshot = snapshot
        self._dataset: Dataset | None = None
        self._graph_bytes = arrays.nbytes
        check_budget("the graph", self._graph_bytes, memory_budget)
        self._degrees = largest_degrees(arrays)
        self._arenas = Arenas(None if memory_budget is None else memory_budget - self._graph_bytes)
        self.masses = Masses(arrays, self._arenas.reserve)
        self._tables = Tables(arrays, self._degrees, self.masses)
        self._programs: dict[StepPlan, Program] = {}
        self._idle: deque[Worker] = deque()
        self._ends: dict[str, TimeArray] = {}

    @classmethod
    def open(cls, dataset: Dataset, memory_budget: int | None = None) -> RamGraph:
        """Load the graph of a dataset.

        Raises
        ------
        BudgetError
            Before anything is loaded, if the graph exceeds the budget.
        CorruptStoreError
            If a file is missing or of a wrong size.
        """
        roles = ("time", "indptr", "nbr", "eid")
        size = sum(entry.bytes for entry in dataset.manifest.files if entry.role in roles)
        size += sum(8 * dataset.manifest.rows(table.name) for table in dataset.schema if table.end_time)
        check_budget(f"the graph of {dataset.path}", size, memory_budget)
        graph = cls(GraphArrays.open(dataset), memory_budget, dataset.manifest.snapshot)
        graph._dataset = dataset
        return graph

    @property
    def schema(self) -> Schema:
        """Node and edge types."""
        return self.arrays.schema

    @property
    def snapshot(self) -> int:
        """Number of the committed state that this store reads."""
        return self._snapshot

    @property
    def numbering(self) -> str:
        """Which the node ids are of; empty where it is not known."""
        return self.arrays.numbering

    @property
    def id_dtype(self) -> np.dtype[Any]:
        """uint32 or int64."""
        return self.arrays.id_dtype

    def num_nodes(self, node_type: str) -> int:
        """Nodes of a type; SchemaError where the schema does not have it."""
        return self.arrays.num_rows[self.schema[node_type].name]

    def num_edges(self, edge_type: EdgeType) -> int:
        """Stored edges of an edge type; SchemaError where the schema does not have it."""
        return self.arrays.num_edges(self.schema.edge_type(edge_type))

    def times(self, table: str) -> TimeArray | None:
        """int64[rows] ascending, microseconds; None for a table without a time column.

        Raises
        ------
        SchemaError
            If there is no such table.
        """
        return self.arrays.times[self.schema[table].name]

    def ends(self, table: str) -> TimeArray | None:
        """int64[rows], microseconds, ``NO_TIME`` for none; None for a table without end times.

        Deleted rows have ended before everything began.

        Raises
        ------
        SchemaError
            If there is no such table.
        """
        name = self.schema[table].name
        if name in self.arrays.deleted and name not in self._ends:
            self._ends[name] = ended(self.arrays.ends.get(name), self.arrays.deleted[name])
        return self._ends.get(name, self.arrays.ends.get(name))

    def sample(self, request: SampleRequest, snapshot: int | None = None) -> SampledSubgraph:
        """Sample one batch, in one kernel call that holds no GIL; what its form adds, in numpy after it.

        The subgraph's arrays are views of a recycled arena, which returns when the last of them is gone.

        Raises
        ------
        IdError, AnchorError, FanoutError, StoreError
            If the request cannot be answered exactly.
        BudgetError
            If it would not fit; names what it needs and a fanout that fits.
        """
        check_request(self, request, snapshot, self._programs)
        try:
            return self._run(request)
        except OverBudgetError:
            self._dismiss_workers()
        try:
            return self._run(request)
        except OverBudgetError as error:
            masses = self.masses.nbytes + self.masses.missing(request.plan)
            raise refusal(self.arrays, self._degrees, request, error, masses) from None

    def _run(self, request: SampleRequest) -> SampledSubgraph:
        program, worker = self._program(request.plan), self._worker()
        try:
            drawn = run_batch(self._tables, program, worker, self._arenas, request, self._snapshot)
        finally:
            self._idle.append(worker)
        return complete(self, drawn, self._arenas)

    def sample_hop(self, request: HopRequest, snapshot: int | None = None) -> HopSample:
        """Expand many nodes along one step.

        Raises
        ------
        IdError, AnchorError, FanoutError, StoreError
        BudgetError
            If the masses of a weighted step would not fit.
        """
        check_hop(self, request, snapshot)
        try:
            return answer_hop(self.arrays, request, self.masses)
        except OverBudgetError as error:
            asked = f"prefix masses of {str(request.step.edge_type)!r} were to be built"
            got, allowed = f"they take {error.asked:,} bytes", f"{error.room:,} bytes that are left"
            raise BudgetError(explain(asked, got, allowed, "Raise memory_budget")) from None

    def memory(self) -> MemoryReport:
        """Bytes per edge type and node type, and of the buffers in use; prints as a table."""
        graph = self.arrays
        clocks = {name: [graph.times[name], graph.ends.get(name)] for name in graph.times}
        with_offsets = {name: part.indptr for name, part in graph.edges.items() if part.indptr is not None}
        return MemoryReport(
            edge_bytes={str(name): arrays.nbytes for name, arrays in graph.edges.items()},
            layouts={str(spec.edge_type): spec.layout for spec in graph.schema.edge_specs},
            offsets={str(name): (part.nbytes, len(part) - 1) for name, part in with_offsets.items()},
            edges={str(name): graph.num_edges(name) for name in graph.edges},
            time_bytes={
                name: sum(clock.nbytes for clock in pair if clock is not None)
                for name, pair in clocks.items()
                if any(clock is not None for clock in pair)
            },
            nodes={name: self.num_nodes(name) for name in graph.schema.node_types},
            huge=huge_bytes(graph.arrays),
            masses=self.masses.nbytes,
            arenas=self._arenas.total - self.masses.nbytes,
            budget=self.memory_budget,
        )

    def _program(self, plan: StepPlan) -> Program:
        program = self._programs.get(plan)
        if program is None:
            if len(self._programs) >= PROGRAMS:
                self._programs.clear()
            program = self._programs[plan] = Program.compile(self._tables, plan)
        return program

    def _worker(self) -> Worker:
        # pop and append are atomic: as many workers come to exist as calls overlap
        try:
            return self._idle.pop()
        except IndexError:
            return Worker(self._arenas)

    def _dismiss_workers(self) -> None:
        """Give up hash tables that earlier, perhaps wider, requests left behind."""
        while self._idle:
            self._worker().dismiss()

    def __reduce__(self) -> tuple[Any, ...]:
        if self._dataset is None:
            return RamGraph, (self.arrays, self.memory_budget, self._snapshot)
        return RamGraph.open, (self._dataset, self.memory_budget)

    def __repr__(self) -> str:
        nodes = ", ".join(f"{name}: {self.num_nodes(name):,}" for name in self.schema.node_types)
        return f"RamGraph({nodes}; {self._graph_bytes / 1e6:,.1f} MB, snapshot {self._snapshot})"


def check_budget(what: str, size: int, budget: int | None) -> None:
    """Refuse to hold ``size`` bytes under a smaller budget.

    Raises
    ------
    BudgetError
    """
    if budget is not None and size > budget:
        raise BudgetError(
            explain(
                f"{what} was opened",
                f"it takes {size:,} bytes",
                f"a memory budget of {budget:,} bytes",
                f"Open it with memory_budget of {size * 5 // 4:,} or more, to leave room for samples",
            )
        )
