"""One batch through the fused kernel: carve an arena, run, grow and run again, wrap the views."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.errors import FanoutError, explain
from workbench.kernels.sample import sample_batch
from workbench.kernels.tables import E_COUNT, N_COUNT, N_HASH, N_LINES, Call
from workbench.stores.capacity import Capacity, is_wide
from workbench.stores.fused import Program, Tables, Worker, address
from workbench.stores.hop_driver import request_keys
from workbench.stores.layout import Layout
from workbench.stores.memory import Arenas
from workbench.stores.request import SampleRequest
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import AnyArray, ByteArray, Int64Array

MOST_LOCALS: int = (1 << 31) - 1
"""Nodes of one type in a batch: local ids are int32."""


class _Output(NamedTuple):
    """What the kernel filled."""

    layout: Layout
    arena: ByteArray
    node_table: Int64Array
    edge_table: Int64Array
    ends: Int64Array
    step_edges: Int64Array


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
    worker.fit_scratch(program)
    cuts, keys = _cuts(tables, program, request), request_keys(request)
    layout, bound = program.layout(tables, request)
    while True:
        output = _prepare(tables, program, worker, arenas, request, layout)
        full = _call(tables, program, worker, request, cuts, keys, output)
        if full == 0:
            return _wrap(tables, program, request, snapshot, output)
        capacity = _grown(tables, layout.capacity, bound, full, int(worker.need[0]))
        layout = Layout(tables, program.edge_types, capacity)
        del output  # gives the arena back before a larger one is asked for


def _cuts(tables: Tables, program: Program, request: SampleRequest) -> Int64Array:
    anchors = request.anchors if request.plan.disjoint else request.anchors[:1]
    cuts = np.zeros((max(len(program.bounds), 1), max(len(anchors), 1)), np.int64)
    for row, bound in zip(cuts, program.bounds, strict=False):
        row[: len(anchors)] = tables.visible_rows(bound, anchors)
    return cuts


def _prepare(
    tables: Tables, program: Program, worker: Worker, arenas: Arenas, request: SampleRequest, layout: Layout
) -> _Output:
    """Take an arena, note every address and put the seeds in."""
    lines = worker.hash_lines(layout)
    arena = arenas.take(layout.bytes)
    node_table, edge_table = layout.at(address(arena))
    node_table[:, N_HASH : N_LINES + 1] = lines
    ends = np.zeros((len(tables.types), request.plan.hops + 2), np.int64)
    first = 0
    for seeds in request.seed_sets:
        number = tables.types[seeds.node_type]
        ids, batch = layout.node_views(arena, number, len(seeds))
        ids[:], batch[:] = seeds.ids, np.arange(first, first + len(seeds), dtype=np.int32)
        node_table[number, N_COUNT] = len(seeds)
        first += len(seeds)
    return _Output(layout, arena, node_table, edge_table, ends, np.zeros(len(program.steps), np.int64))


def _call(
    tables: Tables, program: Program, worker: Worker, request: SampleRequest, cuts: Int64Array,
    keys: AnyArray, output: _Output,
) -> int:  # fmt: skip
    tag_mask, tag = worker.next_tag(is_wide(output.layout.capacity))
    call = Call(
        tables.id_like, request.plan.disjoint, tag_mask, tag, program.steps, output.node_table,
        output.edge_table, cuts, keys, *worker.scratch,
    )  # fmt: skip
    return int(sample_batch(call, output.ends, output.step_edges))


def _grown(tables: Tables, capacity: Capacity, bound: Capacity, full: int, need: int) -> Capacity:
    """Twice the room for what was too small, within the bound; every other room as it was."""
    nodes, edges = dict(capacity.nodes), dict(capacity.edges)
    if full > 0:
        t = list(tables.types)[full - 1]
        if need > MOST_LOCALS:
            raise FanoutError(
                explain(
                    "one batch was asked for",
                    f"it has {need:,} or more nodes of type {t!r}",
                    f"{MOST_LOCALS:,} nodes of a type, for local ids are int32",
                    "Use a smaller fanout or fewer seeds per batch",
                )
            )
        nodes[t] = max(min(2 * nodes[t], bound.nodes[t], MOST_LOCALS), need)
    else:
        e = list(tables.edge_types)[-full - 1]
        edges[e] = max(min(2 * edges[e], bound.edges[e]), need)
    return Capacity(nodes, edges)


def _wrap(
    tables: Tables, program: Program, request: SampleRequest, snapshot: int, output: _Output
) -> SampledSubgraph:
    """The subgraph as views of the arena, cut to what was filled."""
    layout, arena, hops = output.layout, output.arena, request.plan.hops
    node_counts, edge_counts = output.node_table[:, N_COUNT].tolist(), output.edge_table[:, E_COUNT].tolist()
    program.remember(len(request), node_counts, edge_counts)
    nodes = [layout.node_views(arena, number, count) for number, count in enumerate(node_counts)]
    edges = {e: layout.edge_views(arena, number, edge_counts[number]) for e, number in layout.used}
    per_hop = output.ends[:, 1:] - output.ends[:, :-1]
    edges_per_hop = {e: np.zeros(hops, np.int64) for e in edges}
    for step, drawn in zip(request.plan.steps, output.step_edges, strict=True):
        edges_per_hop[step.edge_type][step.hop - 1] += drawn
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
        step_edges=output.step_edges,
    )
