"""A scene as its views draw it: columns of dots and edges, legend, times. JSON and arrays, no widget."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import workbench as wb
from widgets._discs import placed
from widgets._node_card import time_text
from widgets._scene import Scene
from widgets._schema_facts import short


def scene_facts(scene: Scene) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The legend and texts, and per dot and edge what is drawn of it."""
    flat, layout, whole = scene.drawn.flat, placed(scene.drawn.flat), scene.whole
    counts = np.bincount(whole.type[~scene.hidden], minlength=len(whole.node_types)).tolist()
    found, ages = flat.found_by, age(flat)
    cross = np.ones(len(flat.src), bool)
    cross[found[found >= 0]] = False
    meta = {
        "summary": summary(scene),
        "types": [
            {"name": short(name), "count": count, "style": wb.type_style(i)}
            for i, (name, count) in enumerate(zip(whole.node_types, counts, strict=True))
        ],
        "hops": np.bincount(whole.hop[~scene.hidden]).tolist(),
        "rings": layout.rings,
        "most": int(scene.drawn.count.max(initial=1)),
        "time_colours": wb.TIME_COLOURS,
        "alarm": wb.ALARM,
        "dated": bool(np.isfinite(ages).any()),
    }
    columns = {"x": layout.x, "y": layout.y, "dot": layout.dot, "type": flat.type, "hop": flat.hop}
    columns |= {"age": ages, "late": flat.late, "count": scene.drawn.count, "parent": flat.parent}
    columns |= {"src": flat.src, "dst": flat.dst, "late_edge": flat.late_edges, "cross": cross}
    return meta, columns


def summary(scene: Scene) -> str:
    """One line: what is there, what of it is drawn, and what is hidden."""
    hidden, flat = int(scene.hidden.sum()), scene.drawn.flat
    text: str = wb.subgraph_text(scene.whole)
    if len(flat) < len(scene.whole) - hidden:
        text += f" ({len(flat):,} dots and {len(flat.src):,} edges drawn)"
    return text + (f"; {hidden:,} hidden" if hidden else "")


def age(flat: wb.FlatSubgraph) -> NDArray[np.float32]:
    """float32[n]: 0 for the oldest node, 1 for the newest, by rank; NaN where there is no time."""
    timed = _timed(flat)
    ranks = np.full(len(flat), np.nan, np.float32)
    _, rank = np.unique(flat.time[timed], return_inverse=True)
    ranks[timed] = rank / max(int(rank.max(initial=0)), 1)
    return ranks


def span(flat: wb.FlatSubgraph, low: float, high: float) -> tuple[int, int] | None:
    """The times between two shares of the ages of :func:`age`: first and last; None where there are none.

    Raises
    ------
    WorkbenchError
        If one is no share.
    """
    if not (0 <= low <= 1 and 0 <= high <= 1):
        raise wb.WorkbenchError(f"times from {low} to {high} were asked for. Allowed: shares, 0 to 1.")
    times = np.unique(flat.time[_timed(flat)])
    share = np.arange(len(times), dtype=np.float32) / max(len(times) - 1, 1)
    inside = times[(share >= low) & (share <= high)]
    return (int(inside[0]), int(inside[-1])) if len(inside) else None


def span_text(times: tuple[int, int] | None) -> str:
    """The two times of :func:`span` as text; empty where there are none."""
    return " to ".join(map(time_text, times or ()))


def _timed(flat: wb.FlatSubgraph) -> NDArray[np.int64]:
    return np.flatnonzero(~np.isin(flat.time, (wb.BEGINNING, wb.NO_TIME)))
