"""What an explanation says as groups of bars: [name, value, low, high] rows under a title. No widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import workbench as wb
from widgets._schema_facts import short

MOST = 20
"""Columns and neighbours that are shown; the value holds them all."""

Group = dict[str, Any]
"""``title``, ``rows``, and whether its rows can be picked."""

KINDS = {"column": "exchanged columns", "cell": "neighbours left out", "hop": "hops left out"}
"""Kind of effect -> title of its group."""


def importance_groups(what: wb.Importance) -> list[Group]:
    """A group per kind of effect; an interval that is open is left out."""
    groups = []
    for kind, title in KINDS.items():
        shown = what.of(kind)[:MOST]
        ends = [[e.low, e.high] if abs(e.low) < float("inf") else [] for e in shown]
        rows = [[short(e.name), e.drop, *end] for e, end in zip(shown, ends, strict=True)]
        groups.append(group(title, rows))
    return groups


def explanation_groups(one: wb.Explanation, near: Sequence[Mapping[str, Any]]) -> list[Group]:
    """Hops, columns and neighbours of one seed.

    Parameters
    ----------
    near : rows of ``one.neighbours`` that are shown
    """
    hops = one.hops.to_pylist()
    sums = [["the seed's own row", hops[0]["contents"]]]
    for row in hops[1:]:
        sums.append([f"hop {row['hop']}: that they are there", row["presence"]])
        sums.append([f"hop {row['hop']}: what they are like", row["contents"]])
    rows = one.columns.slice(0, MOST).to_pylist()
    columns = [[short(row["column"]), row["contribution"]] for row in rows]
    neighbours = [[neighbour_name(row), row["contribution"]] for row in near]
    return [group("hops", sums), group("columns", columns), group("neighbours", neighbours, pick=True)]


def explanation_title(one: wb.Explanation) -> str:
    """What was predicted for whom, and from where to where it was moved."""
    anchor = int(one.seeds.anchor_time[0])
    when = "" if anchor == wb.FOREVER else f" at {wb.iso(anchor)}"
    which = f" as {short(one.output[0])}" if one.output[0] else ""
    who = f"{short(one.seeds.node_type)} {short(one.seeds.key[0])}{when}{which}"
    unit = f" {one.unit}" if one.unit else ""
    moved = f"from {one.base[0]:.4g} of a typical row alone to {one.value[0]:.4g}{unit}"
    return f"{who}: {one.prediction[0]:.4g} ({moved})"


def importance_title(what: wb.Importance) -> str:
    """The metric, and of whom."""
    return f"{what.metric} {what.value:.4g} of {what.seeds:,} {what.split} seeds: what it loses"


def neighbour_name(row: Mapping[str, Any]) -> str:
    """``hop 1: orders 1120, 2024-06-24 02:40``."""
    when = "" if row["time"] is None else f", {row['time']:%Y-%m-%d %H:%M}"
    return f"hop {row['hop']}: {short(row['node_type'])} {short(row['key'])}{when}"


def group(title: str, rows: list[list[Any]], pick: bool = False) -> Group:
    """Rows of bars under a title."""
    return {"title": title, "rows": rows, "pick": pick}
