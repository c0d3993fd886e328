"""What a batch costs, told from smaller ones, where it is too large to be sampled. Plain values, no widget.

Nodes and edges grow with the seeds. Distinct rows do not: at least as many are needed as by a smaller batch,
at most as many more as there are more seeds, and never more than there are. The interval says all of that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import workbench as wb

LINEAR = ("nodes", "edges", "array_bytes", "milliseconds")
"""Figures that grow with the seeds."""


@dataclass(frozen=True)
class Limits:
    """Rows of the tables that a fanout reaches, and bytes of their features and of all versions of them."""

    rows: float
    bytes: float

    @classmethod
    def of(cls, engine: wb.Engine, profile: wb.Profile, seed_type: str) -> Limits:
        """Of all tables that the cells of a profile lead to."""
        graph, groups = engine.graph, engine.features.groups
        edge_types = {edge_type for _, edge_type in profile.cells}
        held = {name: graph.num_nodes(name) for name in {seed_type, *(e.src for e in edge_types)}}
        rows = sum(held.values())
        for edge_type in edge_types:
            if graph.schema.edge_spec(edge_type).layout == "edges":
                held[graph.schema.edge_spec(edge_type).table] = graph.num_edges(edge_type)
        for name in [each for kind in held for each in graph.schema.histories_of(kind)]:
            held[name] = len(graph.times(name)) + 1  # one row of missing values, of nodes without a version
        return cls(rows, sum(n * groups[name].stride for name, n in held.items() if name in groups))


def scaled_up(profile: wb.Profile, batch_size: int, limits: Limits) -> wb.Profile:
    """Figures of small batches as those of larger ones."""
    factor = batch_size / profile.batch_size

    def times(value: Any) -> Any:
        return replace(value, mean=value.mean * factor, low=value.low * factor, high=value.high * factor)

    def rows(value: Any) -> Any:
        grown = times(value)
        mean, high = min(grown.mean, limits.bytes), min(grown.high, limits.bytes)
        return replace(value, mean=mean, low=min(value.low, mean), high=high)

    totals = {name: times(getattr(profile, name)) for name in LINEAR}
    features, arrays = rows(profile.feature_bytes), totals["array_bytes"]
    ends = ("mean", "low", "high")
    both = {end: getattr(features, end) + getattr(arrays, end) for end in ends}
    hops = [
        replace(h, nodes=times(h.nodes), edges=times(h.edges), feature_bytes=rows(h.feature_bytes))
        for h in profile.hops
    ]
    return replace(
        profile,
        batch_size=batch_size,
        hops=tuple(hops),
        cells={cell: times(edges) for cell, edges in profile.cells.items()},
        cell_bytes={cell: rows(held) for cell, held in profile.cell_bytes.items()},
        feature_bytes=features,
        bytes=replace(features, **both),
        duplicates=_duplicates(profile.duplicates, totals["nodes"], factor, limits.rows),
        **totals,
    )


def _duplicates(found: Any, nodes: Any, factor: float, rows: float) -> Any:
    """Shares of nodes whose row another node needs, too: of so many nodes, over so many rows."""

    def of(distinct: float, count: float) -> float:
        return 1 - min(distinct, rows / max(count, 1))

    low, mean = of(1 - found.low, nodes.low), of(1 - found.mean, nodes.mean)
    return replace(found, mean=mean, low=min(low, mean), high=max(1 - (1 - found.high) / factor, mean))
