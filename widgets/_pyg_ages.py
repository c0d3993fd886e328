"""The ages of edges in a PyG batch that anyone's loader made. Plain values, no widget, no torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import workbench as wb
from widgets._edge_ages import FAR, EdgeAges, edge_ages

ANCHORS = ("seed_time", "edge_label_time")
"""Where PyG's loaders leave the anchors of nodes and of links."""


def pyg_ages(data: Any, unit: str = "microseconds", seed_time: Any = None) -> EdgeAges:
    """Read ``HeteroData`` or ``Data`` with times.

    Parameters
    ----------
    data : HeteroData or Data
        ``time`` of nodes, ``edge_time`` or ``time`` of edges, ``batch`` of nodes (the seed of each), and
        ``seed_time``; ``n_id``, ``e_id`` and ``num_sampled_edges`` where there are any.
    unit : unit of its times: ``'seconds'``, ``'days'``, ...
    seed_time : [seeds] or None  the anchors, where the batch does not hold them

    Raises
    ------
    WorkbenchError
        If there are no times, no anchors, or a node does not say which anchor is its own.
    """
    nodes, edges = _stores(data)
    scale = wb.duration(f"1 {unit}")
    anchors = seed_time
    for store in nodes.values():
        anchors = next((store[name] for name in ANCHORS if anchors is None and name in store), anchors)
    if anchors is None:
        raise _no_check("it holds no seed_time", "Pass CutoffCheck(batch, seed_time=[...])")
    stamps = _stamps(anchors, scale)
    if not any("time" in store or "edge_time" in store for store in [*nodes.values(), *edges.values()]):
        raise _no_check(
            "neither nodes nor edges have a time", "Give the loader's data a time per node or edge"
        )
    return edge_ages([_part(name, store, nodes, stamps, scale) for name, store in edges.items()])


def _stores(data: Any) -> tuple[dict[str, Any], dict[tuple[str, str, str], Any]]:
    if hasattr(data, "edge_types"):
        return {name: data[name] for name in data.node_types}, {e: data[e] for e in data.edge_types}
    if getattr(data, "edge_index", None) is None:
        raise _no_check(f"got a {type(data).__name__}", "Pass what a PyG loader yields")
    return {"node": data}, {("node", "edge", "node"): data}


def _part(
    name: tuple[str, str, str], store: Any, nodes: dict[str, Any], stamps: NDArray[Any], scale: int
) -> dict[str, Any]:
    src, dst = _array(store["edge_index"]).astype(np.int64)
    source, target = nodes[name[0]], nodes[name[2]]
    names = ("edge_time",) if store is source else ("edge_time", "time")  # a Data's time is its nodes'
    own = next((store[n] for n in names if n in store), None)
    time = np.full(len(src), wb.BEGINNING) if own is None else _stamps(own, scale)
    if "time" in source:
        time = np.maximum(time, _stamps(source["time"], scale)[src])
    seed = _array(target["batch"])[dst] if _has(target, "batch") else np.full(len(dst), -1)
    if seed.min(initial=0) < 0 and len(np.unique(stamps)) > 1:
        raise _no_check("its nodes do not say which seed they belong to", "Sample with disjoint=True")
    counts = store["num_sampled_edges"] if _has(store, "num_sampled_edges") else []
    hops = np.repeat(np.arange(1, len(counts) + 1), [int(count) for count in counts])
    return {
        "name": "-".join(name[:2]) + f"->{name[2]}",
        "time": time,
        "anchor": stamps[np.maximum(seed, 0)] if len(stamps) else np.full(len(dst), wb.FOREVER),
        "hop": hops if len(hops) == len(src) else np.ones(len(src)),
        "src": _array(source["n_id"])[src] if _has(source, "n_id") else src,
        "dst": _array(target["n_id"])[dst] if _has(target, "n_id") else dst,
        "edge_id": _array(store["e_id"]) if _has(store, "e_id") else np.arange(len(src)),
        "sample": np.zeros(len(src)),
        "seed": seed,
    }


def _has(store: Any, name: str) -> bool:
    return name in store and store[name] is not None


def _array(values: Any) -> NDArray[Any]:
    """A tensor of any device, or an array, as numpy."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def _stamps(values: Any, scale: int) -> NDArray[Any]:
    """int64[n] microseconds; NaN, a missing time, becomes ``wb.NO_TIME``."""
    times = _array(values)
    ends = np.isin(times, (wb.FOREVER, wb.BEGINNING)) if times.dtype.kind == "i" else np.isnan(times)
    known = np.where(ends, 0, times)
    if np.abs(known).max(initial=0) > FAR // scale:
        raise _no_check(
            "its times do not fit the unit", "Pass unit='seconds' (or days, ...), as they are counted"
        )
    kept = times.astype(np.int64) if times.dtype.kind == "i" else np.full(len(times), wb.NO_TIME)
    return np.where(ends, kept, np.round(known * scale).astype(np.int64))


def _no_check(got: str, do: str) -> wb.WorkbenchError:
    asked = "a check of the cutoffs of a PyG batch was asked for"
    return wb.WorkbenchError(f"{asked}: {got}. Allowed: a batch with times and seed_time. {do}.")
