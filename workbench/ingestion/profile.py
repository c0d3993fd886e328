"""What the values of a column look like: one aggregating query per table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.ingestion.tables import Tables
from workbench.ingestion.typed import is_integer
from workbench.stores.sql import quote_name

SAMPLE_ROWS = 200_000
"""Rows that are profiled; of a larger table, a random but repeatable sample of that size."""


@dataclass(frozen=True)
class ColumnProfile:
    """Statistics of one column, over the profiled rows.

    Attributes
    ----------
    kind : str  DuckDB type
    rows, present, distinct : int  all rows, rows with a value, distinct values (about)
    numeric, dated : float  texts only: share of values that read as a number, as an ISO time
    words : float  texts only: words per value
    low, high : float or None  numbers only
    whole : bool  numbers only: no fractions
    """

    name: str
    kind: str
    rows: int
    present: int
    distinct: int
    numeric: float = 0.0
    dated: float = 0.0
    words: float = 0.0
    low: float | None = None
    high: float | None = None
    whole: bool = False

    @property
    def is_text(self) -> bool:
        """Whether values are texts."""
        return self.kind == "VARCHAR" or self.kind.startswith("ENUM")

    @property
    def is_number(self) -> bool:
        """Whether values are numbers of any kind."""
        return is_integer(self.kind) or self.kind in ("FLOAT", "DOUBLE") or self.is_wide

    @property
    def is_wide(self) -> bool:
        """Whether values are numbers that only a double holds here: decimals and 128-bit integers."""
        return self.kind.startswith("DECIMAL") or self.kind in ("HUGEINT", "UHUGEINT")

    @property
    def is_instant(self) -> bool:
        """Whether values are dates or timestamps."""
        return self.kind == "DATE" or self.kind.startswith("TIMESTAMP")

    @property
    def variety(self) -> float:
        """Distinct values per value: 1 where every value is another."""
        return min(1.0, self.distinct / self.present) if self.present else 0.0


def profile_table(tables: Tables, table: str) -> Mapping[str, ColumnProfile]:
    """Profile every column of a table."""
    kinds = tables.types(table)
    source = f"({tables.sql(table)})"
    if tables.count(table) > SAMPLE_ROWS:
        source = f"(SELECT * FROM {source} USING SAMPLE reservoir({SAMPLE_ROWS} ROWS) REPEATABLE (1))"
    parts = [part for name, kind in kinds.items() for part in _statistics(name, kind)]
    row = tables.run(
        f"SELECT count(*), {', '.join(parts)} FROM {source}", f"{table!r} was profiled"
    ).fetchone()
    assert row is not None
    rows, values = int(row[0]), list(row[1:])
    profiles = {}
    for name, kind in kinds.items():
        width = len(_statistics(name, kind))
        profiles[name] = _profile(name, kind, rows, values[:width])
        del values[:width]
    return profiles


def _statistics(name: str, kind: str) -> list[str]:
    column = quote_name(name)
    basic = [f"count({column})", f"approx_count_distinct({column})"]
    probe = ColumnProfile(name, kind, 0, 0, 0)
    if probe.is_text:
        text = f"CAST({column} AS VARCHAR)"
        return [
            *basic,
            f"count(TRY_CAST({text} AS DOUBLE))",
            f"count(CASE WHEN length({text}) >= 8 THEN TRY_CAST({text} AS TIMESTAMP WITH TIME ZONE) END)",
            f"sum(length({text}) - length(replace({text}, ' ', '')) + 1)",
        ]
    if probe.is_number:
        number = f"CAST({column} AS DOUBLE)"
        finite = f"CASE WHEN isfinite({number}) THEN {number} END"
        return [
            *basic,
            f"min({finite})",
            f"max({finite})",
            f"count(CASE WHEN {number} <> floor({number}) THEN 1 END)",
        ]
    return basic


def _profile(name: str, kind: str, rows: int, values: list[object]) -> ColumnProfile:
    numbers = [float(str(value)) if value is not None else None for value in values]
    present, distinct = int(numbers[0] or 0), int(numbers[1] or 0)
    base = ColumnProfile(name, kind, rows, present, min(distinct, present))
    share = max(present, 1)
    if base.is_text:
        numeric, dated, words = ((n or 0.0) / share for n in numbers[2:5])
        return ColumnProfile(name, kind, rows, present, base.distinct, numeric, dated, words)
    if base.is_number:
        low, high, fractions = numbers[2:5]
        return ColumnProfile(
            name, kind, rows, present, base.distinct, low=low, high=high, whole=not fractions and present > 0
        )
    return base
