"""What a hover shows: one node of a picture in words, with its source row. Plain values, no widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import workbench as wb
from widgets._scene import Scene
from widgets._schema_facts import short


def node_card(
    flat: wb.FlatSubgraph, node: int, row: Callable[[str, int], Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Describe one node of a flat subgraph.

    Parameters
    ----------
    node : int  row of ``flat``
    row : callable (table, row id) -> dict  reads the source row, as ``engine.row``; None leaves it out

    Raises
    ------
    IdError
        If ``flat`` has no such node.
    """
    if not isinstance(node, int) or not 0 <= node < len(flat):
        raise wb.IdError(f"node {node!r} of the picture was asked for: it has nodes 0 to {len(flat) - 1}.")
    kind, row_id = flat.node_types[flat.type[node]], int(flat.node_id[node])
    card: dict[str, Any] = {
        "node": f"{short(kind)} {row_id}",
        "hop": int(flat.hop[node]),
        "time": time_text(int(flat.time[node])),
        "anchor": anchor_text(int(flat.anchor[node])),
        "late": bool(flat.late[node]),
    }
    edge = int(flat.found_by[node])
    if edge >= 0:
        card["edge"] = short(flat.edge_types[flat.edge_type[edge]])
        card["edge time"] = time_text(int(flat.edge_time[edge]))
    if row is not None:
        card["row"] = {short(name): value_text(value) for name, value in row(kind, row_id).items()}
    return card


def scene_card(
    scene: Scene, dot: int, row: Callable[[str, int], Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Describe a dot of a scene: its node, or how many it stands for."""
    members, flat = scene.members(dot), scene.whole
    first = int(members[0])
    if len(members) == 1:
        return node_card(flat, first, row)
    times, kind = flat.time[members], flat.node_types[flat.type[first]]
    return {
        "node": f"{len(members):,} {short(kind)}",
        "hop": int(flat.hop[first]),
        "time": " to ".join(dict.fromkeys(time_text(int(t)) for t in (times.min(), times.max()))),
        "anchor": anchor_text(int(flat.anchor[first])),
        "late": bool(flat.late[first]),
        "a click": "shows them one by one",
    }


def time_text(time: int) -> str:
    """A time as shown to people."""
    return {wb.BEGINNING: "always (no time column)", wb.NO_TIME: "missing"}.get(time) or wb.iso(time)


def anchor_text(anchor: int) -> str:
    """An anchor as shown to people."""
    return "none (static task)" if anchor == wb.FOREVER else wb.iso(anchor)


def value_text(value: object) -> str:
    """A cell of a source row as shown to people: short, whatever it is."""
    return "" if value is None else wb.amount(value, 6) if isinstance(value, float) else short(value, 80)
