"""Nodes of a picture that are looked for: by id, key or type, or by what they were found from. No widget."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

import workbench as wb

Keys = Callable[[str, NDArray[np.int64]], Iterable[object]]
"""Keys of rows: (table, int64[k] ids) -> k keys."""


def matching(
    flat: wb.FlatSubgraph, shown: NDArray[np.bool_], text: str, keys: Keys | None = None
) -> NDArray[np.int64]:
    """Rows of a subgraph, among those shown (bool[n]), that a text names.

    Raises
    ------
    IdError
        If there is none.
    """
    asked, kind, last = text, *text.rpartition(" ")[::2]
    if kind in flat.node_types:
        text, shown = last, shown & (flat.type == flat.node_types.index(kind))
    same = np.zeros(len(flat), bool)
    if text.isascii() and text.isdigit() and len(text) < 19:
        same |= flat.node_id == int(text)
    if keys is not None:
        for number, name in enumerate(flat.node_types):
            rows = np.flatnonzero(shown & (flat.type == number))
            same[rows] |= np.array([str(key) == text for key in keys(name, flat.node_id[rows])], np.bool_)
    found: NDArray[np.int64] = np.flatnonzero(shown & same)
    if not len(found):
        asked = f"a node with the id or key {asked[:80]!r} was searched for"
        raise wb.IdError(f"{asked}: the picture has none. Allowed: an id, a key, or a type and one of them.")
    return found


def located(flat: wb.FlatSubgraph, shown: NDArray[np.bool_], node_type: str, node_id: int, seed: int) -> int:
    """The row of a node, as found by a seed (its position; -1: any) where seeds share none.

    Raises
    ------
    IdError
        If it is not among those shown (bool[n]).
    """
    chosen = shown & (np.array(flat.node_types)[flat.type] == node_type) & (flat.node_id == node_id)
    chosen &= (seed < 0) | (flat.seed < 0) | (flat.seed == seed)
    if not chosen.any():
        asked = f"node {node_id} of {node_type!r}, seed {seed}, was asked for"
        raise wb.IdError(f"{asked}: the picture does not show it. Allowed: nodes of view.flat.")
    return int(np.argmax(chosen))


def found_from(flat: wb.FlatSubgraph, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool[n]: rows, and all that was found from them."""
    chosen = np.zeros(len(flat), bool)
    chosen[rows] = True
    for hop in range(1, int(flat.hop.max(initial=0)) + 1):
        ring = np.flatnonzero((flat.hop == hop) & (flat.parent >= 0))
        chosen[ring] |= chosen[flat.parent[ring]]
    return chosen


def seed_at(request: wb.SampleRequest, lane: int) -> tuple[str, int, int]:
    """Node type, id and anchor of the seed at a position among all seeds of a request."""
    for seeds in request.seed_sets:
        if lane < len(seeds):
            return seeds.node_type, int(seeds.ids[lane]), int(seeds.anchors[lane])
        lane -= len(seeds)
    raise AssertionError("a node belongs to a seed of the request")
