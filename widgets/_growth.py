"""A picture's subgraph that grows by one more hop from one of its nodes. Plain values, no widget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import workbench as wb


def grown(flat: wb.FlatSubgraph, node: int, more: wb.FlatSubgraph, shared: bool = False) -> wb.FlatSubgraph:
    """Merge what was sampled from one node.

    Parameters
    ----------
    node : int  row of ``flat`` that was expanded
    more : FlatSubgraph  of one seed, that node, and one hop
    shared : bool  nodes of the subgraph are shared by all seeds (joint mode)

    Returns
    -------
    FlatSubgraph
        The rows of ``flat`` and, behind them, nodes that it did not have, of the same seed and a hop further
        out. Edges that it had are not repeated.
    """
    node_types = tuple(dict.fromkeys((*flat.node_types, *more.node_types)))
    edge_types = tuple(dict.fromkeys((*flat.edge_types, *more.edge_types)))
    kind = _positions(more.node_types, node_types)[more.type]
    via = _positions(more.edge_types, edge_types)[more.edge_type]
    near = np.isin(flat.node_id, more.node_id)
    near &= shared or flat.seed == flat.seed[node]
    place = _places(flat, np.flatnonzero(near), kind, more.node_id)
    place[more.hop == 0] = node  # wherever its type stands among those of its neighbours
    new = place < 0
    place[new] = len(flat) + np.arange(new.sum())
    here = flat.dst == node
    had = set(_pairs(flat.edge_type[here], flat.edge_id[here]))
    fresh = np.array([pair not in had for pair in _pairs(via, more.edge_id)], bool)
    moved = replace(
        more,
        node_types=node_types,
        edge_types=edge_types,
        type=kind,
        hop=np.full_like(more.hop, flat.hop[node] + 1),
        seed=np.full_like(more.seed, -1 if shared else flat.seed[node]),
        anchor=np.full_like(more.anchor, flat.anchor[node]),
        edge_type=via,
        src=place[more.src],
        dst=place[more.dst],
        edge_hop=np.full_like(more.edge_hop, flat.hop[node] + 1),
    )
    return flat.joined(moved, place >= len(flat), fresh)


def further(graph: Any, request: wb.SampleRequest, flat: wb.FlatSubgraph, row: int) -> wb.FlatSubgraph:
    """One more hop from a row of ``flat``, sampled as the request's plan would."""
    asked = (flat.node_types[flat.type[row]], int(flat.node_id[row]), int(flat.sees[row]))
    place = {"seed": int(flat.seed[row]), "hop": int(flat.hop[row])}
    return wb.flatten(wb.sample_further(graph, request, *asked, **place), graph)


def resampled(graph: Any, request: wb.SampleRequest, fanout: wb.Fanout) -> wb.SampledSubgraph:
    """The seeds of a request under another fanout; anchors and key stay, so only the fanout differs."""
    plan = fanout.compile(graph.schema, [seeds.node_type for seeds in request.seed_sets])
    found: wb.SampledSubgraph = graph.sample(replace(request, plan=plan))
    return found


def _positions(names: tuple[Any, ...], among: tuple[Any, ...]) -> NDArray[np.int32]:
    return np.array([among.index(name) for name in names], np.int32)


def _pairs(kinds: NDArray[Any], ids: NDArray[Any]) -> list[tuple[int, int]]:
    return list(zip(kinds.tolist(), ids.tolist(), strict=True))


def _places(
    flat: wb.FlatSubgraph, near: NDArray[np.int64], kind: NDArray[Any], ids: NDArray[Any]
) -> NDArray[np.int32]:
    """int32[k]: the row of each node among those that are near; -1 where it is none of them."""
    known = dict(zip(_pairs(flat.type[near], flat.node_id[near]), near.tolist(), strict=True))
    return np.array([known.get(pair, -1) for pair in _pairs(kind, ids)], np.int32)
