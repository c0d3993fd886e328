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
    """One row per key; each column holds one of its values.

    Without ``since`` the most frequent value, the smallest of equally frequent ones. With it the value of
    the key's first row: an entity is visible from then on, and must not tell what later rows say. A value
    that is not there yet is NULL; of several rows of the first moment the smallest value counts.
    """
    name = quote_name(key)
    if since is None:
        values = [f"mode({c} ORDER BY {c}) AS {c}" for c in map(quote_name, columns)]
    else:
        clock = quote_name(since)
        order = f"ORDER BY {clock} ASC NULLS LAST, "
        values = [f"first({c} {order}{c} ASC NULLS LAST) AS {c}" for c in map(quote_name, columns)]
        values.append(f"min({clock}) AS {quote_name(first_name(since))}")
    rows = f"FROM ({source}) WHERE {name} IS NOT NULL GROUP BY {name} ORDER BY {name}"
    return f"SELECT {', '.join([name, *values])} {rows}"


def conflicts_sql(source: str, key: str, columns: Sequence[str]) -> str:
    """One row: the number of keys, then for each column the keys with several values."""
    name = quote_name(key)
    counts = ", ".join(f"count(DISTINCT {quote_name(column)})" for column in columns)
    several = ", ".join(f"count(*) FILTER (c[{i + 1}] > 1)" for i in range(len(columns)))
    grouped = f"SELECT [{counts}] AS c FROM ({source}) WHERE {name} IS NOT NULL GROUP BY {name}"
    return f"SELECT count(*), {several} FROM ({grouped})"
