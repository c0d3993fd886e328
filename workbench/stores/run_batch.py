"""One batch through the fused kernel: carve an arena, run, grow and run again, wrap the views."""

from __future__ import annotations

import ctypes
from array import array
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.errors import FanoutError, explain
from workbench.kernels.expand import expand_blocks, expand_nodes
from workbench.kernels.sample import sample_batch
from workbench.kernels.tables import (
    C_EACH,
    C_NEED,
    C_SLOW,
    E_COUNT,
    E_HASH,
    E_LINES,
    N_COUNT,
    N_HASH,
    N_LINES,
    P_EXPAND,
    P_HIDDEN,
)
from workbench.stores.capacity import Capacity
from workbench.stores.fused import Program, Tables, address
from workbench.stores.hop_driver import request_keys
from workbench.stores.layout import Layout
from workbench.stores.memory import Arenas
from workbench.stores.request import SampleRequest
from workbench.stores.subgraph import SampledSubgraph
from workbench.stores.worker import Worker
from workbench.temporal import just_before
from workbench.types import AnyArray, ByteArray, Int64Array

MOST_LOCALS: int = (1 << 31) - 1
"""Nodes of one type in a batch: local ids are int32."""


@dataclass
class _Question:
    """A request in the kernel's words: what does not change when it is run again with more room.

    Attributes
    ----------
    words : values of the first words of a call, from C_PLAN to C_VIEWS
    kept : arrays whose addresses stand there
    """

    request: SampleRequest
    words: list[int]
    kept: list[AnyArray]


@dataclass
class _Answer:
    """What the kernel filled; the small arrays, from ``ends`` on, lie behind one another in ``notes``."""

    layout: Layout
    arena: ByteArray
    node_table: Int64Array
    edge_table: Int64Array
    notes: Int64Array
    ends: Int64Array
    step_edges: Int64Array
    spans: Int64Array
    lane_nodes: Int64Array
    dropped: Int64Array


def run_batch(
    tables: Tables, program: Program, worker: Worker, arenas: Arenas, request: SampleRequest, snapshot: int
) -> SampledSubgraph:
    """Sample one checked request.

    Raises
    ------
    OverBudgetError
        Before anything is allocated that the budget does not allow.
    FanoutError
        If the batch has more nodes than local ids.
    """
    question = _question(tables, program, request)
    layout, bound = program.layout(tables, request)
    while True:
        worker.fit_scratch(program, layout.capacity.lists)
        answer = _prepare(tables, program, worker, arenas, request, layout)
        full = _call(tables, program, worker, question, answer)
        if full == 0:
            return _wrap(tables, program, worker, request, snapshot, answer)
        capacity = _grown(tables, layout.capacity, bound, full, int(worker.call[C_NEED]))
        layout = Layout(tables, program.edge_types, capacity)
        del answer  # gives the arena back before a larger one is asked for


def _question(tables: Tables, program: Program, request: SampleRequest) -> _Question:
    plan = program.plan
    seen = request.anchors if plan.disjoint else request.anchors[:1]
    seen = just_before(seen) if plan.strict else np.ascontiguousarray(seen)
    lanes = max(len(seen), 1)
    cuts = np.zeros((max(len(program.bounds), 1), lanes), np.int64)
    if plan.cutoff != "path":
        for row, bound in zip(cuts, program.bounds, strict=False):
            row[: len(seen)] = tables.visible_rows(bound, seen)
    keys = request_keys(request)
    words = [program.plan_at, 0, address(cuts), lanes, address(keys), address(seen)]
    question = _Question(request, words, [cuts, keys, seen])
    if request.hidden:
        _hide(tables, program, question)
    return question


def _hide(tables: Tables, program: Program, question: _Question) -> None:
    """Give the question steps that know which edges are hidden, and those edges."""
    request, steps, found = question.request, program.steps.copy(), []
    by_block, by_node = (stage.address(tables.ids) for stage in (expand_blocks, expand_nodes))
    for number, part in enumerate(request.hidden):
        offsets, rows = part.offsets, part.rows
        if not request.plan.disjoint:  # what one seed hides, all hide
            rows = np.unique(rows)
            offsets = np.array([0, len(rows)])
        arrays = np.ascontiguousarray(offsets, np.int64), np.ascontiguousarray(rows, np.int64)
        found.append([address(array) for array in arrays])
        question.kept += arrays
        named = part.edge_types(tables.graph.schema)
        for row, step in zip(steps, request.plan, strict=True):
            if step.edge_type in named:
                row[P_HIDDEN] = number
                row[P_EXPAND] = by_node if row[P_EXPAND] == by_block else row[P_EXPAND]
    hidden = np.array(found, np.int64)
    question.kept += [steps, hidden]
    question.words[:2] = address(steps), address(hidden)


def _prepare(
    tables: Tables, program: Program, worker: Worker, arenas: Arenas, request: SampleRequest, layout: Layout
) -> _Answer:
    """Take an arena, note every address and put the seeds in."""
    node_lines, edge_lines = worker.hash_lines(layout)
    arena, plan = arenas.take(layout.bytes), program.plan
    node_table, edge_table = layout.at(address(arena))
    node_table[:, N_HASH : N_LINES + 1] = node_lines
    if plan.by_path:
        edge_table[[number for _, number in layout.used], E_HASH : E_LINES + 1] = edge_lines
    first = 0
    for seeds in request.seed_sets:
        number, count = tables.types[seeds.node_type], len(seeds)
        ids, batch = layout.node_views(arena, number, count)
        ids[:], batch[:] = seeds.ids, np.arange(first, first + count, dtype=np.int32)
        if layout.capacity.path:
            sees = just_before(seeds.anchors) if plan.strict else seeds.anchors
            layout.clocks(arena, number, count)[:] = sees
        if plan.by_path:
            layout.seen(arena, number, count)[:] = 0
        node_table[number, N_COUNT] = count
        first += count
    lanes, types, steps = max(first, 1) if plan.disjoint else 1, len(tables.types), len(plan)
    counts = types * (plan.hops + 2)
    spans_at, held_at = counts + steps, counts + 2 * steps + 1
    notes = np.zeros(held_at + 2 * lanes, np.int64)
    held = notes[held_at : held_at + lanes]
    held[:] = 1 if plan.disjoint else first
    ends, step_edges, spans = notes[:counts], notes[counts:spans_at], notes[spans_at:held_at]
    dropped = notes[held_at + lanes :]
    return _Answer(
        layout, arena, node_table, edge_table, notes, ends.reshape(types, -1), step_edges, spans,
        held, dropped,
    )  # fmt: skip


def _at(array: Int64Array) -> int:
    """Address of an array of our own, 0 if it is empty: twice as quick as :func:`address`."""
    return ctypes.addressof(ctypes.c_char.from_buffer(array.data)) if len(array) else 0


def _call(tables: Tables, program: Program, worker: Worker, question: _Question, answer: _Answer) -> int:
    worker.fit_program(program)
    plan, at = program.plan, _at(answer.notes)
    step_edges = at + 8 * answer.ends.size
    spans = step_edges + 8 * len(plan)
    lane_nodes = spans + 8 * (len(plan) + 1)
    worker.words[:C_EACH] = array("q", [
        *question.words, _at(answer.node_table), _at(answer.edge_table), at, step_edges,
        spans if plan.by_path else 0, lane_nodes, lane_nodes + 8 * len(answer.lane_nodes),
        answer.layout.low,        worker.wipe_stamps(), 0, 0, 0, 0, 0, 0,
    ])  # fmt: skip
    return int(sample_batch(tables.id_like, worker.call_at))


def _grown(tables: Tables, capacity: Capacity, bound: Capacity, full: int, need: int) -> Capacity:
    """Twice the room for what was too small, within the bound; every other room as it was."""
    nodes, edges = dict(capacity.nodes), dict(capacity.edges)
    if full > len(tables.types):
        return replace(capacity, lists=max(min(2 * capacity.lists, bound.lists), need))
    if full > 0:
        t = list(tables.types)[full - 1]
        _refuse_beyond(MOST_LOCALS, need, f"nodes of type {t!r}")
        nodes[t] = max(min(2 * nodes[t], bound.nodes[t], MOST_LOCALS), need)
    else:
        e = list(tables.edge_types)[-full - 1]
        # edges that metapaths merge are looked up as nodes are
        most = MOST_LOCALS if capacity.by_path else bound.edges[e]
        _refuse_beyond(most, need, f"edges of type {str(e)!r}")
        edges[e] = max(min(2 * edges[e], bound.edges[e], most), need)
    return replace(capacity, nodes=nodes, edges=edges)


def _refuse_beyond(most: int, need: int, what: str) -> None:
    """Refuse a batch with more nodes, or merged edges, than local ids can number."""
    if need > most:
        asked, got = "one batch was asked for", f"it has {need:,} or more {what}"
        allowed = f"{most:,} of a type, for local ids are int32"
        raise FanoutError(explain(asked, got, allowed, "Use a smaller fanout or fewer seeds per batch"))


def _wrap(
    tables: Tables, program: Program, worker: Worker, request: SampleRequest, snapshot: int, answer: _Answer
) -> SampledSubgraph:
    """The subgraph as views of the arena, cut to what was filled."""
    layout, arena, plan = answer.layout, answer.arena, request.plan
    node_counts, edge_counts = answer.node_table[:, N_COUNT].tolist(), answer.edge_table[:, E_COUNT].tolist()
    program.remember(len(request), node_counts, edge_counts, int(answer.spans[-1]))
    nodes = [layout.node_views(arena, number, count) for number, count in enumerate(node_counts)]
    edges = {e: layout.edge_views(arena, number, edge_counts[number]) for e, number in layout.used}
    per_hop = answer.ends[:, 1:] - answer.ends[:, :-1]
    edges_per_hop = {e: np.zeros(plan.hops, np.int64) for e in edges}
    for step, drawn in zip(plan.steps, answer.step_edges, strict=True):
        edges_per_hop[step.edge_type][step.hop - 1] += drawn
    more: dict[str, Any] = {}
    if layout.capacity.path:
        pairs = zip(tables.types, enumerate(node_counts), strict=True)
        more["cutoffs"] = {t: layout.clocks(arena, number, count) for t, (number, count) in pairs}
    if layout.capacity.by_path:
        more["edge_paths"] = {e: layout.masks(arena, n, edge_counts[n]) for e, n in layout.used}
    if plan.max_nodes is not None:
        more["dropped"] = answer.dropped[: len(request) if plan.disjoint else 1]
    return SampledSubgraph(
        request=request,
        snapshot=snapshot,
        node_id={t: pair[0] for t, pair in zip(tables.types, nodes, strict=True)},
        batch={t: pair[1] for t, pair in zip(tables.types, nodes, strict=True)},
        row={e: parts[0] for e, parts in edges.items()},
        col={e: parts[1] for e, parts in edges.items()},
        edge_id={e: parts[2] for e, parts in edges.items()},
        nodes_per_hop=dict(zip(tables.types, per_hop, strict=True)),
        edges_per_hop=edges_per_hop,
        step_edges=answer.step_edges,
        slow_draws=int(worker.call[C_SLOW]),
        **more,
    )
