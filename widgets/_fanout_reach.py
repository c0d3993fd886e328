"""Which edge types walks from the seeds can use, by hop. Plain values, no widget."""

from __future__ import annotations

import workbench as wb


def usable(schema: wb.Schema, seed_type: str, hops: int) -> tuple[wb.EdgeType, ...]:
    """Edge types that walks of so many hops could use, whatever a fanout says, nearest first."""
    found, ways = {seed_type}, dict[wb.EdgeType, None]()
    for _ in range(hops):
        ways |= dict.fromkeys(e for e in schema.edge_types if e.dst in found)
        found |= {e.src for e in ways}
    return tuple(ways)


def reached(schema: wb.Schema, seed_type: str, fanout: wb.Fanout) -> list[set[wb.EdgeType]]:
    """Per hop the edge types that lead on from a node found by the hop before: a cell of 0 leads nowhere."""
    frontier, hops = {seed_type}, list[set[wb.EdgeType]]()
    for hop in range(1, fanout.hops_deep + 1):
        ways = {e for e in schema.edge_types if e.dst in frontier}
        hops.append(ways)
        frontier = {e.src for e in ways if fanout.get(hop, e) != 0}
    return hops
