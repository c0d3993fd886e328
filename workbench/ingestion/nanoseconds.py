"""Instants in nanoseconds with a zone, which DuckDB reads but has no functions for."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from workbench.stores.sql import quote_name

KIND = "TIMESTAMPTZ_NS"
"""What DuckDB calls their type."""


def in_microseconds(query: str, kinds: Mapping[str, str] | pa.Schema) -> str:
    """A query whose instants are of the type that DuckDB computes with, to the nearest microsecond.

    Parameters
    ----------
    query : str  selects a whole table
    kinds : dict column -> DuckDB type, or pyarrow.Schema  of that table
    """
    names = (
        _named(kinds) if isinstance(kinds, pa.Schema) else [n for n, kind in kinds.items() if kind == KIND]
    )
    if not names:
        return query
    casts = ", ".join(
        f"CAST({name} AS TIMESTAMP WITH TIME ZONE) AS {name}" for name in map(quote_name, names)
    )
    return f"SELECT * REPLACE ({casts}) FROM ({query})"


def _named(schema: pa.Schema) -> list[str]:
    times = [(field.name, field.type) for field in schema if pa.types.is_timestamp(field.type)]
    return [name for name, kind in times if kind.unit == "ns" and kind.tz is not None]
