"""One batch through the fused kernel: carve an arena, run, grow and run again, wrap the views."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from workbench.errors import FanoutError, explain
from workbench.kernels.relabel import N_COUNT
from workbench.kernels.sample import E_CAPACITY, E_COUNT, E_ROW, sample_batch
from workbench.schema import EdgeType
from workbench.stores.capacity import Capacity, aligned, is_wide
from workbench.stores.fused import Program, Tables, Worker, address
from workbench.stores.hop_driver import request_keys
from workbench.stores.memory import Arenas
from workbench.stores.request import SampleRequest
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import AnyArray, ByteArray, Int64Array

MOST_LOCALS: int = (1 << 31) - 1
"""Nodes of one type in a batch: local ids are int32."""


class _Output(NamedTuple):
    """What the kernel filled."""

    arena: ByteArray
    offsets: dict[object, tuple[int, ...]]
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
    capacity, bound = program.capacity(tables, request)
    while True:
        output = _prepare(tables, program, worker, arenas, request, capacity)
        full = _call(tables, program, worker, request, capacity, cuts, keys, output)
        if full == 0:
            return _wrap(tables, program, request, snapshot, output)
        capacity = _grown(tables, capacity, bound, full, int(worker.need[0]))
        del output  # gives the arena back before a larger one is asked for


def _cuts(tables: Tables, program: Program, request: SampleRequest) -> Int64Array:
    anchors = request.anchors if request.plan.disjoint else request.anchors[:1]
    cuts = np.zeros((max(len(program.bounds), 1), max(len(anchors), 1)), np.int64)
    for row, bound in zip(cuts, program.bounds, strict=False):
        row[: len(anchors)] = tables.visible_rows(bound, anchors)
    return cuts


def _prepare(
    tables: Tables,
    program: Program,
    worker: Worker,
    arenas: Arenas,
    request: SampleRequest,
    capacity: Capacity,
) -> _Output:
    """Carve an arena, put the seeds in and note every address."""
    id_size = tables.graph.id_dtype.itemsize
    hashes = {t: worker.hash_lines(t, n) for t, n in capacity.nodes.items() if n}
    arena = arenas.take(capacity.arena_bytes(id_size))
    base, offset, offsets = address(arena), 0, dict[object, tuple[int, ...]]()
    node_table = np.zeros((len(tables.types), 6), np.int64)
    for t, number in tables.types.items():
        room = capacity.nodes[t]
        offsets[t] = (offset, offset + aligned(room * id_size))
        slots_at, lines = (address(hashes[t][0]), hashes[t][1]) if room else (0, 0)
        node_table[number] = base + offsets[t][0], base + offsets[t][1], slots_at, lines, room, 0
        offset = offsets[t][1] + aligned(room * 4)
    edge_table = tables.edges.copy()
    for e in program.edge_types:
        room, number = capacity.edges[e], tables.edge_types[e]
        col = offset + aligned(room * 4)
        offsets[e] = (offset, col, col + aligned(room * 4))
        edge_table[number, E_ROW : E_CAPACITY + 1] = *(base + at for at in offsets[e]), room
        offset = offsets[e][2] + aligned(room * id_size)
    ends = np.zeros((len(tables.types), request.plan.hops + 2), np.int64)
    output = _Output(arena, offsets, node_table, edge_table, ends, np.zeros(len(program.steps), np.int64))
    _put_seeds(tables, request, output)
    return output


def _put_seeds(tables: Tables, request: SampleRequest, output: _Output) -> None:
    first = 0
    for seeds in request.seed_sets:
        ids, batch = _node_views(tables, output, seeds.node_type, len(seeds))
        ids[:], batch[:] = seeds.ids, np.arange(first, first + len(seeds), dtype=np.int32)
        output.node_table[tables.types[seeds.node_type], N_COUNT] = len(seeds)
        first += len(seeds)


def _call(
    tables: Tables, program: Program, worker: Worker, request: SampleRequest, capacity: Capacity,
    cuts: Int64Array, keys: AnyArray, output: _Output,
) -> int:  # fmt: skip
    tag_mask, tag = worker.next_tag(is_wide(capacity))
    return int(
        sample_batch(
            np.empty(0, tables.graph.id_dtype), request.plan.disjoint, tag_mask, tag, program.steps,
            output.node_table, output.edge_table, cuts, keys, output.ends, output.step_edges, worker.scratch,
            worker.need,
        )
    )  # fmt: skip


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


def _node_views(tables: Tables, output: _Output, node_type: str, count: int) -> tuple[AnyArray, AnyArray]:
    ids, batch = output.offsets[node_type]
    return (
        np.ndarray(count, tables.graph.id_dtype, output.arena, ids),
        np.ndarray(count, np.int32, output.arena, batch),
    )


def _wrap(
    tables: Tables, program: Program, request: SampleRequest, snapshot: int, output: _Output
) -> SampledSubgraph:
    """The subgraph as views of the arena, cut to what was filled."""
    ids, plan, hops = tables.graph.id_dtype, request.plan, request.plan.hops
    counts = {t: int(output.node_table[number, N_COUNT]) for t, number in tables.types.items()}
    filled = {e: int(output.edge_table[tables.edge_types[e], E_COUNT]) for e in program.edge_types}
    program.remember(len(request), counts, filled)
    nodes = {t: _node_views(tables, output, t, count) for t, count in counts.items()}
    per_hop = np.diff(output.ends, axis=1)
    edges_per_hop: dict[EdgeType, Int64Array] = {e: np.zeros(hops, np.int64) for e in program.edge_types}
    for step, drawn in zip(plan, output.step_edges, strict=True):
        edges_per_hop[step.edge_type][step.hop - 1] += drawn

    def view(e: EdgeType, part: int, dtype: np.dtype[Any]) -> AnyArray:
        return np.ndarray(filled[e], dtype, output.arena, output.offsets[e][part])

    int32 = np.dtype(np.int32)
    return SampledSubgraph(
        request=request,
        snapshot=snapshot,
        node_id={t: pair[0] for t, pair in nodes.items()},
        batch={t: pair[1] for t, pair in nodes.items()},
        row={e: view(e, 0, int32) for e in program.edge_types},
        col={e: view(e, 1, int32) for e in program.edge_types},
        edge_id={e: view(e, 2, ids) for e in program.edge_types},
        nodes_per_hop={t: per_hop[number] for t, number in tables.types.items()},
        edges_per_hop=edges_per_hop,
        step_edges=output.step_edges,
    )
