"""The SQL of splitting a flat table: an entity table of one row per key, and what it had to decide."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.stores.sql import quote_name


def entity_name(key: str) -> str:
    """``CustomerID`` -> ``customers``, ``StockCode`` -> ``stockcodes``."""
    stem = key
    for ending in ("_id", "ID", "Id", "_key", "_no", "No"):
        if key.endswith(ending) and len(key) > len(ending):
            stem = key[: -len(ending)]
            break
    stem = stem.strip("_ ").lower()
    return stem if stem.endswith("s") else stem + "s"


def first_name(since: str) -> str:
    """Name of the column that holds an entity's first appearance: ``first_InvoiceDate``."""
    return f"first_{since}"


def entity_sql(source: str, key: str, columns: Sequence[str], since: str | None) -> str:
    """One row per key: the most frequent value of each column (the smallest of equally frequent ones)."""
    name = quote_name(key)
    parts = [name, *(f"mode({c} ORDER BY {c}) AS {c}" for c in map(quote_name, columns))]
    if since is not None:
        parts.append(f"min({quote_name(since)}) AS {quote_name(first_name(since))}")
    rows = f"FROM ({source}) WHERE {name} IS NOT NULL GROUP BY {name} ORDER BY {name}"
    return f"SELECT {', '.join(parts)} {rows}"


def conflicts_sql(source: str, key: str, columns: Sequence[str]) -> str:
    """One row: the number of keys, then for each column the keys with several values."""
    name = quote_name(key)
    counts = ", ".join(f"count(DISTINCT {quote_name(column)})" for column in columns)
    several = ", ".join(f"count(*) FILTER (c[{i + 1}] > 1)" for i in range(len(columns)))
    grouped = f"SELECT [{counts}] AS c FROM ({source}) WHERE {name} IS NOT NULL GROUP BY {name}"
    return f"SELECT count(*), {several} FROM ({grouped})"
