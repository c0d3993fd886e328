"""The ages of edges in a PyG batch that anyone's loader made. Plain values, no widget, no torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import workbench as wb
from widgets._edge_ages import EdgeAges, edge_ages

ANCHORS = ("seed_time", "edge_label_time")
"""Where PyG's loaders leave the anchors of nodes and of links."""

SHORT = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
"""Other names of units, as numpy and pandas have them."""

LAST = 253_402_300_800_000_000
"""Microseconds: the year 10,000. Times beyond it are in another unit, such as the nanoseconds of pandas."""

Scale = tuple[int, int]
"""Microseconds of a unit, as a fraction."""


def pyg_ages(data: Any, unit: str = "microseconds", seed_time: Any = None) -> EdgeAges:
    """Read ``HeteroData`` or ``Data`` with times.

    Parameters
    ----------
    data : HeteroData or Data
        ``time`` of nodes, ``edge_time`` or ``time`` of edges, ``batch`` of nodes (the seed of each), and
        ``seed_time``; ``n_id``, ``e_id`` and ``num_sampled_edges`` where there are any.
    unit : unit of its times: ``'seconds'``, ``'days'``, ``'ns'``, ...; of dates it does not matter
    seed_time : [seeds], one for all, or None  the anchors, where the batch does not hold them

    Raises
    ------
    WorkbenchError
        If there are no times, no anchors, a node does not say which anchor is its own, or there are fewer
        times than nodes or edges.
    """
    nodes, edges = _stores(data)
    scale = _scale(unit)
    anchors = seed_time
    for store in [*nodes.values(), *edges.values()]:
        anchors = next((store[name] for name in ANCHORS if anchors is None and name in store), anchors)
    if anchors is None:
        raise _no_check("it holds no seed_time", "Pass CutoffCheck(batch, seed_time=[...])")
    stamps = _stamps(anchors, scale, "seed_time")
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
    name: tuple[str, str, str], store: Any, nodes: dict[str, Any], stamps: NDArray[Any], scale: Scale
) -> dict[str, Any]:
    src, dst = _array(store["edge_index"]).astype(np.int64)
    source, target = nodes[name[0]], nodes[name[2]]
    names = ("edge_time",) if store is source else ("edge_time", "time")  # a Data's time is its nodes'
    own = next((store[n] for n in names if n in store), None)
    time = np.full(len(src), wb.BEGINNING)
    if own is not None:
        time = _at(_stamps(own, scale, f"a time of {name}"), np.arange(len(src)), f"edges of {name}")
    if "time" in source:
        time = np.maximum(time, _at(_stamps(source["time"], scale, f"a time of {name[0]}"), src, name[0]))
    seed = _array(target["batch"])[dst] if _has(target, "batch") else np.full(len(dst), -1)
    if seed.min(initial=0) < 0 and len(np.unique(stamps)) > 1:
        raise _no_check("its nodes do not say which seed they belong to", "Sample with disjoint=True")
    counts = store["num_sampled_edges"] if _has(store, "num_sampled_edges") else []
    hops = np.repeat(np.arange(1, len(counts) + 1), [int(count) for count in counts])
    return {
        "name": "-".join(name[:2]) + f"->{name[2]}",
        "time": time,
        "anchor": _at(stamps, np.maximum(seed, 0), "seeds") if len(stamps) else np.full(len(dst), wb.FOREVER),
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


def _scale(unit: str) -> Scale:
    name = SHORT.get(unit, unit)
    return (1, 1000) if name in ("nanosecond", "nanoseconds") else (wb.duration(f"1 {name}"), 1)


def _stamps(values: Any, scale: Scale, what: str) -> NDArray[Any]:
    """int64[n] microseconds; NaN or NaT, a missing time, becomes ``wb.NO_TIME``."""
    times, (factor, by) = np.atleast_1d(_array(values)), scale
    if times.ndim > 1 or times.dtype.kind not in "iufM":
        got = f"{what} is {times.dtype}, of shape {times.shape}"
        raise _no_check(got, "Give one number or date per node, edge or seed")
    if times.dtype.kind == "M":  # dates say their unit
        times, factor, by = times.astype("datetime64[us]").astype(np.int64), 1, 1
        times = np.where(times == wb.BEGINNING, wb.NO_TIME, times)  # NaT
    if times.dtype.kind == "f":
        times = times.astype(np.float64)  # float32 would round once more
        kept, known = np.full(len(times), wb.NO_TIME), np.where(np.isnan(times), 0, times)
        ends = np.isnan(times)
    else:
        kept = times.astype(np.int64)  # int32 would overflow in microseconds
        ends = np.isin(kept, (wb.FOREVER, wb.BEGINNING))
        known = np.where(ends, 0, kept)
    if max(abs(known.max(initial=0)), abs(known.min(initial=0))) > LAST * by // factor:
        raise _no_check(
            "its times do not fit the unit", "Pass unit='seconds' (or ns, days, ...), as they count"
        )
    found = known * factor // by if times.dtype.kind != "f" else np.round(known * factor / by)
    return np.where(ends, kept, found.astype(np.int64))


def _at(times: NDArray[Any], rows: NDArray[Any], what: str) -> NDArray[Any]:
    most = int(rows.max(initial=-1)) + 1
    if most > len(times):
        raise _no_check(
            f"there are {len(times):,} times of {what}, which number {most:,} or more", "Give all"
        )
    return np.asarray(times[rows])


def _no_check(got: str, do: str) -> wb.WorkbenchError:
    asked = "a check of the cutoffs of a PyG batch was asked for"
    return wb.WorkbenchError(f"{asked}: {got}. Allowed: a batch with times and seed_time. {do}.")
