"""Edges beside the drawn ones: the ways back, or every edge among the nodes of a subgraph.

``bidirectional``: for each drawn edge the same row in the other direction, once. A joint seed may be asked
about before its row is there, or after it ended: then no other seed may see it, so nothing leads back out of
it. A disjoint one leads back to its own subgraph alone.

``induced``: every edge, of the types that the plan names and of their ways back, that leads from a node of
the subgraph to one of the same seed (joint: to any) that sees it: as a temporal step without a window shows
it at the node's cutoff, hidden edges apart. Where nodes have cutoffs of their own (``cutoff='path'``) an edge
comes from those of its neighbour's nodes that see no more than its own does. A way back
(``bidirectional``) always exists, so there a message may flow to an earlier cutoff, never past the anchor.

No node is added. An edge that was drawn stays as it is and is not added again. An added edge belongs to the
later of the hops at which its ends were found, at least to hop 1: a network that drops a hop per layer
(``trim_to_layer``) never meets an edge without its ends. Edges of a hop: those drawn, then those added by
(dst, row, src). Trimming changes no result of the seeds unless an edge comes from more than one hop beyond
its dst; such an edge is part of the layers that still hold its src.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from workbench.schema import EdgeType
from workbench.stores.capacity import aligned
from workbench.stores.groups import first_of_each
from workbench.stores.growing import HopStore
from workbench.stores.induced import FOUND_BYTES, NODE_BYTES, Ends, Nodes, induced
from workbench.stores.memory import Arenas, Room, scratch
from workbench.stores.steps import FORMS, both_ways
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import BEGINNING, NO_TIME, just_before, visible
from workbench.types import AnyArray, Int32Array, Int64Array, UInt64Array

MERGE_BYTES: int = 192
"""Scratch for each edge, drawn or offered, while the edges of a type are put in order."""


class Edges(NamedTuple):
    """Edges of one type as a subgraph has them."""

    row: Int32Array
    col: Int32Array
    ids: AnyArray
    paths: UInt64Array
    per_hop: Int64Array


def complete(store: HopStore, subgraph: SampledSubgraph, arenas: Arenas) -> SampledSubgraph:
    """The subgraph with the edges that its plan's form adds; itself if it adds none.

    Parameters
    ----------
    store : HopStore  that the subgraph was drawn from
    subgraph : SampledSubgraph  as drawn
    arenas : Arenas  where its new arrays are put, and scratch is counted

    Raises
    ------
    OverBudgetError
        Before anything is allocated that does not fit.
    """
    plan = subgraph.request.plan
    if plan.subgraph == FORMS[0]:
        return subgraph
    add = _with_mirrored if plan.subgraph == FORMS[1] else _with_induced
    edges = add(store, subgraph, arenas)
    return replace(
        subgraph,
        row={name: part.row for name, part in edges.items()},
        col={name: part.col for name, part in edges.items()},
        edge_id={name: part.ids for name, part in edges.items()},
        edges_per_hop={name: part.per_hop for name, part in edges.items()},
        edge_paths={name: part.paths for name, part in edges.items()} if plan.by_path else None,
    )


def _with_mirrored(store: HopStore, subgraph: SampledSubgraph, arenas: Arenas) -> dict[EdgeType, Edges]:
    edges = {}
    for name in subgraph.request.plan.edge_types(store.schema):
        with scratch(arenas) as room:
            offered = mirrored(store, subgraph, name, room)
            edges[name] = merged(subgraph, name, offered, room)
    return edges


def _with_induced(store: HopStore, subgraph: SampledSubgraph, arenas: Arenas) -> dict[EdgeType, Edges]:
    edges = {}
    with scratch(arenas) as shared:
        shared.more(NODE_BYTES * subgraph.num_nodes)
        nodes = {name: Nodes(store, subgraph, name) for name in subgraph.node_id}
        for name in subgraph.request.plan.edge_types(store.schema):
            with scratch(arenas) as room:
                edges[name] = merged(subgraph, name, induced(store, subgraph, name, nodes, room), room)
    return edges


def drawn_of(subgraph: SampledSubgraph, name: EdgeType) -> Ends:
    """Edges of a type that were drawn; none where no step follows it."""
    if name not in subgraph.row:
        return Ends.none()
    parts = subgraph.row[name], subgraph.col[name], subgraph.edge_id[name]
    return Ends(*(part.astype(np.int64) for part in parts))


def mirrored(store: HopStore, subgraph: SampledSubgraph, name: EdgeType, room: Room) -> Ends:
    """The ways back of the drawn edges of other types that a type has, but for those out of unseen seeds."""
    drawn = [drawn_of(subgraph, back) for back in both_ways(store.schema, name)[1:]]
    room.more(FOUND_BYTES * sum(len(part.ids) for part in drawn))
    offered = Ends.none().after(*(Ends(part.col, part.row, part.ids) for part in drawn))
    unseen = unseen_seeds(store, subgraph, name.src)
    return offered.at(~np.isin(offered.row, unseen)) if len(unseen) else offered


def unseen_seeds(store: HopStore, subgraph: SampledSubgraph, name: str) -> Int64Array:
    """int64[k]: local ids of joint seeds whose rows are not there at the anchor that all share."""
    request, given = subgraph.request, int(subgraph.nodes_per_hop[name][0])
    if request.plan.disjoint or not given:
        return np.empty(0, np.int64)
    ids, times, ends = subgraph.node_id[name][:given], store.times(name), store.ends(name)
    sees = just_before(request.anchors[:1]) if request.plan.strict else request.anchors[:1]
    begin = BEGINNING if times is None else times[ids]
    return np.flatnonzero(~visible(begin, sees, NO_TIME if ends is None else ends[ids]))


def merged(subgraph: SampledSubgraph, name: EdgeType, offered: Ends, room: Room) -> Edges:
    """What was drawn and what is offered beside it, by hop, in an arena."""
    drawn, plan = drawn_of(subgraph, name), subgraph.request.plan
    room.more(MERGE_BYTES * (len(drawn.ids) + len(offered.ids)))
    known = len(drawn.ids)
    first = first_of_each(*offered.after(drawn))[known:]
    added = offered.at(first == known + np.arange(len(first)))
    src, dst = (subgraph.node_hops(kind) for kind in (name.src, name.dst))
    hops = np.maximum(np.maximum(src[added.row], dst[added.col]), 1)
    order = np.lexsort((added.row, added.ids, added.col, hops))
    before = subgraph.edge_hops(name) if name in subgraph.row else hops[:0]
    hops = np.concatenate([before, hops[order]])
    place = np.argsort(hops, kind="stable")
    row, col, ids = added.at(order).after(drawn).at(place)
    masks = np.zeros(len(ids) if plan.by_path else 0, np.uint64)
    if plan.by_path and subgraph.edge_paths is not None:
        kept = subgraph.edge_paths.get(name, masks[:0])
        masks[:] = np.concatenate([kept, np.zeros(len(ids) - known, np.uint64)])[place]
    dtype = next(iter(subgraph.node_id.values())).dtype
    placed = put(room.arenas, (row, np.int32), (col, np.int32), (ids, dtype), (masks, np.uint64))
    per_hop = np.bincount(hops, minlength=plan.hops + 1)[1:].astype(np.int64)
    return Edges(placed[0], placed[1], placed[2], placed[3], per_hop)


def put(arenas: Arenas, *columns: tuple[AnyArray, np.typing.DTypeLike]) -> list[AnyArray]:
    """Copies of arrays, as other dtypes, in one arena."""
    dtypes = [np.dtype(dtype) for _, dtype in columns]
    sizes = [len(array) * dtype.itemsize for (array, _), dtype in zip(columns, dtypes, strict=True)]
    arena, begin, out = arenas.take(sum(map(aligned, sizes))), 0, []
    for (array, _), dtype, size in zip(columns, dtypes, sizes, strict=True):
        view = arena[begin : begin + size].view(dtype)
        view[:] = array
        out.append(view)
        begin += aligned(size)
    return out
