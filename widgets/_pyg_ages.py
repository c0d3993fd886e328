"""The ages of edges in a PyG batch that anyone's loader made. Plain values, no widget, no torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import workbench as wb
from widgets._edge_ages import EdgeAges, edge_ages
from widgets._pyg_times import Scale, array, microseconds, no_check, unit_scale

ANCHORS = ("seed_time", "edge_label_time")
"""Where PyG's loaders leave the anchors of nodes and of links."""


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
    scale, anchors = unit_scale(unit), seed_time
    for store in [*nodes.values(), *edges.values()]:
        anchors = next((store[name] for name in ANCHORS if anchors is None and name in store), anchors)
    if anchors is None:
        raise no_check("it holds no seed_time", "Pass CutoffCheck(batch, seed_time=[...])")
    stamps = microseconds(anchors, scale, "seed_time")
    if not any("time" in store or "edge_time" in store for store in [*nodes.values(), *edges.values()]):
        raise no_check(
            "neither nodes nor edges have a time", "Give the loader's data a time per node or edge"
        )
    return edge_ages([_part(name, store, nodes, stamps, scale) for name, store in edges.items()])


def _stores(data: Any) -> tuple[dict[str, Any], dict[tuple[str, str, str], Any]]:
    if hasattr(data, "edge_types"):
        return {name: data[name] for name in data.node_types}, {e: data[e] for e in data.edge_types}
    if getattr(data, "edge_index", None) is None:
        raise no_check(f"got a {type(data).__name__}", "Pass what a PyG loader yields")
    return {"node": data}, {("node", "edge", "node"): data}


def _part(
    name: tuple[str, str, str], store: Any, nodes: dict[str, Any], stamps: NDArray[Any], scale: Scale
) -> dict[str, Any]:
    src, dst = array(store["edge_index"]).astype(np.int64)
    source, target = nodes[name[0]], nodes[name[2]]
    names = ("edge_time",) if store is source else ("edge_time", "time")  # a Data's time is its nodes'
    own = next((store[n] for n in names if n in store), None)
    time = np.full(len(src), wb.BEGINNING)
    if own is not None:
        time = _at(microseconds(own, scale, f"a time of {name}"), np.arange(len(src)), f"edges of {name}")
    seed = _lane(target, dst)
    if "time" in source:
        begun = _at(microseconds(source["time"], scale, f"a time of {name[0]}"), src, name[0])
        time = np.maximum(time, np.where(_own(source, src, seed), wb.BEGINNING, begun))
    if seed.min(initial=0) < 0 and len(np.unique(stamps)) > 1:
        raise no_check("its nodes do not say which seed they belong to", "Sample with disjoint=True")
    counts = store["num_sampled_edges"] if _has(store, "num_sampled_edges") else []
    hops = np.repeat(np.arange(1, len(counts) + 1), [int(count) for count in counts])
    return {
        "name": "-".join(name[:2]) + f"->{name[2]}",
        "time": time,
        "anchor": _at(stamps, np.maximum(seed, 0), "seeds") if len(stamps) else np.full(len(dst), wb.FOREVER),
        "hop": hops if len(hops) == len(src) else np.ones(len(src)),
        "src": array(source["n_id"])[src] if _has(source, "n_id") else src,
        "dst": array(target["n_id"])[dst] if _has(target, "n_id") else dst,
        "edge_id": array(store["e_id"]) if _has(store, "e_id") else np.arange(len(src)),
        "sample": np.zeros(len(src)),
        "seed": seed,
    }


def _own(source: Any, src: NDArray[Any], seed: NDArray[Any]) -> NDArray[Any]:
    """bool[m]: edges out of a seed into its own subgraph: its row is given, whatever its time."""
    given = next((source[name] for name in ("num_sampled_nodes", "batch_size") if _has(source, name)), 0)
    lane = _lane(source, src)
    return np.asarray((src < (given if isinstance(given, int) else given[0])) & (lane >= 0) & (lane == seed))


def _lane(store: Any, rows: NDArray[Any]) -> NDArray[Any]:
    return array(store["batch"])[rows] if _has(store, "batch") else np.full(len(rows), -1)


def _has(store: Any, name: str) -> bool:
    return name in store and store[name] is not None


def _at(times: NDArray[Any], rows: NDArray[Any], what: str) -> NDArray[Any]:
    most = int(rows.max(initial=-1)) + 1
    if most > len(times):
        raise no_check(f"there are {len(times):,} times of {what}, which number {most:,} or more", "Give all")
    return np.asarray(times[rows])
