"""What a replay of batches says of a table, as groups of bars and a caption. Plain values, no widget."""

from __future__ import annotations

from typing import Any

import workbench as wb
from widgets._explain_bars import group
from widgets._hot_rows import SHARES, HotRows
from widgets._schema_facts import short

MOST = 12
"""Hot rows that are shown."""


def locality_title(locality: wb.Locality) -> str:
    """Pages a batch now, and in the order that pays, in one line."""
    order = ", ".join(f"{short(table)} by {short(name)}" for table, name in locality.order.items())
    better = f"{locality.after:,.0f} with {order}" if order else "no other order pays"
    return f"{locality.before:,.0f} pages of 4 KiB a batch; {better}"


def locality_caption(engine: wb.Engine, hot: HotRows) -> str:
    """Where a table's rows are read from, and how often a cache held them or could have."""
    one = engine.features.describe()[hot.table]
    cache = ""
    if one.cache is not None:
        cache = f", row cache of {one.cache.places:,} rows, {one.cache.hit_rate:.1%} hits"
    return (
        f"{one.rows:,} rows of {one.stride} B, read from {one.way}{cache}; of {hot.batches} batches "
        f"{hot.again:.0%} of the reads are of rows that a batch before had read"
    )


def locality_groups(engine: wb.Engine, locality: wb.Locality, hot: HotRows) -> list[dict[str, Any]]:
    """Pages by order, how even the reads are, and the hot rows, which can be picked."""
    pages = {table.table: table.pages for table in locality.tables}[hot.table]
    names = _names(engine, hot.table, hot.rows[:MOST].tolist())
    shares = [100 * reads / hot.batches for reads in hot.reads[:MOST].tolist()]
    even = [[f"hottest {100 * share:g} % of rows", 100 * hot.covered(share)] for share in SHARES]
    return [
        group("pages a batch, by order", [[short(name), count] for name, count in pages.items()]),
        group("% of reads", even),
        group("hot rows: % of batches", [list(row) for row in zip(names, shares, strict=True)], pick=True),
    ]


def _names(engine: wb.Engine, table: str, rows: list[int]) -> list[str]:
    """Keys of rows; of folded tables, which have none, the row numbers."""
    if table not in engine.schema.node_types:
        return [f"row {row}" for row in rows]
    return [short(key) for key in engine.keys(table).keys_of(rows).to_pylist()]
