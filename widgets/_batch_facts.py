"""What a batch is made of: types, hops, duplicates, labels, bytes, ages of its seeds. JSON, no widget."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import workbench as wb
from widgets._batch_bars import age_bars, label_bars
from widgets._schema_facts import short


def batch_facts(batch: wb.Batch, classes: pa.Array | None = None) -> dict[str, Any]:
    """Count a batch.

    Parameters
    ----------
    classes : pyarrow.Array or None  values of the task's classes, where its labels are places in them

    Returns
    -------
    dict
        ``nodes``: per type ``hops`` (0 are the seeds), ``distinct`` ids, ``rows`` read and ``bytes`` of them;
        ``edges``: per type ``hops`` (from 1 on) and ``bytes`` of edge features; ``histories``: the same as
        of nodes, of the versions that they see; ``bytes`` of all rows, each once; ``array_bytes`` of the
        subgraph itself; ``labels`` and ``ages`` as bars; ``anchors`` in words; ``seconds`` per stage.
    """
    subgraph = batch.subgraph
    nodes = [_nodes(batch, name) for name, ids in subgraph.node_id.items() if len(ids)]
    edges = [_edges(batch, name) for name, rows in subgraph.row.items() if len(rows)]
    held, every = sum(n["distinct"] for n in nodes), subgraph.num_nodes
    return {
        "seeds": batch.num_seeds,
        "seed_type": short(batch.seed_type),
        "nodes": nodes,
        "edges": edges,
        "histories": [_versions(batch, name) for name, each in batch.histories.items() if len(each.rows)],
        "duplicates": 1 - held / every if every else 0.0,
        "bytes": batch.feature_bytes,
        "array_bytes": subgraph.nbytes,
        "labels": label_bars(batch.label, [] if classes is None else classes.to_pylist()),
        "ages": age_bars(seed_leads(batch)),
        "anchors": anchors_text(batch.anchors),
        "seconds": batch.seconds,
    }


def _nodes(batch: wb.Batch, name: str) -> dict[str, Any]:
    ids, read = batch.subgraph.node_id[name], batch.nodes.get(name)
    return {
        "name": short(name),
        "hops": batch.subgraph.nodes_per_hop[name].tolist(),
        "distinct": len(np.unique(ids)),
        "rows": 0 if read is None else len(read.block),
        "bytes": 0 if read is None else int(read.block.data.nbytes),
    }


def _edges(batch: wb.Batch, name: wb.EdgeType) -> dict[str, Any]:
    read = batch.edges.get(name)
    return {
        "name": short(name),
        "hops": batch.subgraph.edges_per_hop[name].tolist(),
        "bytes": 0 if read is None else int(read.block.data.nbytes),
    }


def _versions(batch: wb.Batch, name: str) -> dict[str, Any]:
    of, read = batch.histories[name].of, batch.histories[name].rows
    return {
        "name": short(f"{name} of {of}"),
        "hops": batch.subgraph.nodes_per_hop[of].tolist(),
        "distinct": len(read.block),
        "rows": len(read.block),
        "bytes": int(read.block.data.nbytes),
    }


def seed_leads(batch: wb.Batch) -> NDArray[Any]:
    """int64[k]: microseconds from each seed's own row to its anchor, where both are known."""
    times = batch.node_time.get(batch.seed_type)
    if times is None:
        return np.empty(0, np.int64)
    own, anchors = times[: batch.num_seeds], batch.anchors
    known = (own != wb.NO_TIME) & (anchors != wb.FOREVER)
    return np.asarray(anchors[known] - own[known])


def anchors_text(anchors: NDArray[Any]) -> str:
    """How many different anchors, and from when to when."""
    if not len(anchors):
        return "no seeds"
    first, last = int(anchors.min()), int(anchors.max())
    if first == wb.FOREVER:
        return "no anchors: everything is visible"
    count = len(np.unique(anchors))
    return (
        f"anchor {wb.iso(first)}" if count == 1 else f"{count:,} anchors, {wb.iso(first)} to {wb.iso(last)}"
    )
