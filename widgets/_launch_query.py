"""A query to begin with, over any schema; names as queries write them. No widget."""

from __future__ import annotations

import workbench as wb

DAY = 86_400_000_000
"""Microseconds."""

LONGEST = 200
"""Characters of names that nobody would like to read in a query."""

WINDOWS = 12
"""How many windows of the first query the data should hold."""

KEYWORDS = (
    *("predict", "for", "each", "where", "assuming", "and", "or", "not", "in", "is", "null", "true", "false"),
    *("classify", "rank", "forecast", "via"),
)
"""Words that stay in quotes where they are names."""


def first_query(schema: wb.Schema, engine: wb.Engine | None = None) -> str:
    """A query to begin with: whether the rows of a table with times go on for what they point at.

    Parameters
    ----------
    schema : Schema
    engine : Engine or None  tells how long the data are, and so how long a window should be

    Returns
    -------
    str  empty where no table with a time points at one with a key
    """
    links = [(table, link) for table in schema if table.time for link in table.foreign_keys]
    targets = [link.table for _, link in links]

    def worth(pair: tuple[wb.Table, wb.ForeignKey]) -> tuple[bool, int]:
        """What points at nothing further is asked about: a customer, not an invoice."""
        return bool(schema[pair[1].table].foreign_keys), -targets.count(pair[1].table)

    for table, link in sorted(links, key=worth):
        target = schema[link.table]
        ways = [other for other in table.foreign_keys if other.table == link.table]
        if target.primary_key is None or len(ways) > 1:
            continue
        if readable(f"{table.name}{target.name}{target.primary_key}"):
            count = f"COUNT({quoted(table.name)}.*, 0, {_window(engine, table.name)})"
            return f"PREDICT {count} > 0\nFOR EACH {quoted(target.name)}.{quoted(target.primary_key)}"
    return ""


def readable(names: str) -> bool:
    """Whether a query can hold these names, and be read."""
    return len(names) <= LONGEST and not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in names)


def _window(engine: wb.Engine | None, table: str) -> str:
    times = None if engine is None else engine.graph.times(table)
    if times is None or not len(times):
        return "30, days"
    known = times[times < wb.NO_TIME]
    span = (int(known[-1]) - int(known[0])) / WINDOWS if len(known) else 30 * DAY
    return (
        f"{min(round(span / DAY), 30)}, days" if span >= DAY else f"{max(round(24 * span / DAY), 1)}, hours"
    )


def quoted(name: str) -> str:
    """A name as queries write it: plain where it can be, otherwise in double quotes."""
    return name if name.isidentifier() and name.isascii() and name.lower() not in KEYWORDS else quote(name)


def quote(name: str) -> str:
    """A name in double quotes."""
    return '"' + name.replace('"', '""') + '"'
