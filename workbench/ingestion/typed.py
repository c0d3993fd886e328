"""The typed, time-ordered form of a source table, as one SQL query.

Rows come in time order; rows of equal time in the order of the source (so a table that is already in
order keeps it); rows without a time last. A table without a time column keeps the order of its source.
"""

from __future__ import annotations

from collections.abc import Mapping

from workbench.schema import Stype, Table
from workbench.stores.sql import quote_name, quote_text

SOURCE_ROW = "__source_row__"
"""Position of a row in its source; breaks ties of time."""

_PLAIN = {
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "FLOAT", "DOUBLE", "VARCHAR", "TIMESTAMP", "BLOB",
}  # fmt: skip
_EPOCH_UNITS = ((1e8, 1e11, "1000000"), (1e11, 1e14, "1000"), (1e14, 1e17, "1"))
"""Plausible epochs by magnitude: seconds (1973 to 5138), milliseconds, microseconds; then nanoseconds."""


def is_integer(kind: str) -> bool:
    """Whether a DuckDB type is an integer of at most 64 bits."""
    return kind.removeprefix("U") in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")


def instant_sql(column: str, kind: str) -> str:
    """An expression that reads a column of some type as TIMESTAMP (UTC); NULL where it cannot.

    Dates, timestamps of any unit or zone, ISO texts, and integers or floats that count seconds,
    milliseconds, microseconds or nanoseconds since 1970 (told apart by magnitude, value by value).
    """
    name = quote_name(column)
    if kind.startswith("TIMESTAMP WITH TIME ZONE"):
        stamp = f"make_timestamp(epoch_us({name}))"
        return f"CASE WHEN isfinite({name}) THEN {stamp} END"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"CASE WHEN isfinite({name}) THEN CAST({name} AS TIMESTAMP) END"
    if kind == "VARCHAR":
        # A text may carry a zone; as TIMESTAMPTZ in a UTC session one without a zone is read as UTC.
        zoned = f"TRY_CAST({name} AS TIMESTAMP WITH TIME ZONE)"
        return f"CASE WHEN isfinite({zoned}) THEN make_timestamp(epoch_us({zoned})) END"
    if is_integer(kind) or kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
        number = f"TRY_CAST({name} AS {'BIGINT' if is_integer(kind) else 'DOUBLE'})"
        size = f"abs(CAST({name} AS DOUBLE))"
        branches = " ".join(
            f"WHEN {size} >= {low:.0f} AND {size} < {high:.0f} "
            f"THEN make_timestamp(CAST({number} * {factor} AS BIGINT))"
            for low, high, factor in _EPOCH_UNITS
        )
        nanos = (
            f"WHEN {size} >= 1e17 AND {size} < 9.2e18 THEN make_timestamp(CAST({number} // 1000 AS BIGINT))"
        )
        return f"CASE {branches} {nanos} END"
    return "CAST(NULL AS TIMESTAMP)"


def column_sql(table: Table, column: str, kind: str) -> str:
    """The typed form of one column: a type that Parquet, Arrow and the encoders all know."""
    name = quote_name(column)
    stype = table.column(column).stype
    keys = {table.primary_key, *(key.column for key in table.foreign_keys)}
    if column in (table.time, table.end_time) or (stype is Stype.TIMESTAMP and column not in keys):
        return instant_sql(column, kind)
    if column in keys:
        return _key_sql(table.name, column, kind)
    if stype is Stype.NUMERICAL and (kind == "VARCHAR" or kind not in _PLAIN):
        return f"TRY_CAST({name} AS DOUBLE)"
    if kind in _PLAIN:
        return name
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return instant_sql(column, kind)
    if kind.endswith("]"):
        return name
    if kind.startswith(("DECIMAL", "HUGEINT", "UHUGEINT")):
        return f"CAST({name} AS DOUBLE)"
    return f"CAST({name} AS VARCHAR)"


def _key_sql(table: str, column: str, kind: str) -> str:
    name = quote_name(column)
    if is_integer(kind) or kind == "VARCHAR":
        return name
    if kind in ("FLOAT", "DOUBLE"):  # pandas turns integer keys with gaps into floats
        refuse = quote_text(f"key {table}.{column} holds fractions")
        whole = f"WHEN {name} = floor({name}) THEN CAST({name} AS BIGINT) ELSE error({refuse})"
        return f"CASE WHEN {name} IS NULL OR NOT isfinite({name}) THEN NULL {whole} END"
    return f"CAST({name} AS VARCHAR)"


def fallible(table: Table, kinds: Mapping[str, str]) -> dict[str, str]:
    """Columns whose typed form may lose values, with its expression: texts and numbers read otherwise."""
    found = {}
    for column in table.columns:
        kind = kinds[column.name]
        expression = column_sql(table, column.name, kind)
        casts = column.stype in (Stype.NUMERICAL, Stype.TIMESTAMP) or column.name in (
            table.time,
            table.end_time,
        )
        if (
            casts
            and expression != quote_name(column.name)
            and not kind.startswith(("TIMESTAMP", "DATE", "DECIMAL"))
        ):
            found[column.name] = expression
    return found


def typed_query(table: Table, source: str, kinds: Mapping[str, str]) -> str:
    """Select the schema's columns of a table, typed, in node_id order."""
    columns = [f"{column_sql(table, c.name, kinds[c.name])} AS {quote_name(c.name)}" for c in table.columns]
    if table.time is None:
        return f"SELECT {', '.join(columns)} FROM ({source})"
    typed = f"SELECT {', '.join(columns)}, row_number() OVER () AS {SOURCE_ROW} FROM ({source})"
    order = f"{quote_name(table.time)} ASC NULLS LAST, {SOURCE_ROW}"
    return f"SELECT * EXCLUDE ({SOURCE_ROW}) FROM ({typed}) ORDER BY {order}"
