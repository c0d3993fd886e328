"""What the values of a column look like: one aggregating query per table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from workbench.ingestion.dates import ISO, NUMBER_FORMS, OTHER, TEXT_FORMS, Ask, find_forms
from workbench.ingestion.tables import Tables
from workbench.ingestion.typed import instant_sql, is_integer
from workbench.stores.sql import quote_name, quote_text

SAMPLE_ROWS = 200_000
"""Rows that are profiled; of a larger table, a random but repeatable sample of that size."""

MOSTLY = 0.5
"""Share of dates from which on a text column holds dates, and some values that are none."""

ALL_DATED = 0.99
"""Share of ISO times from which on a text column is one of times."""

_FIRST_DAY, _LAST_SECOND = 18_000_100, 22_010_101_000_000


@dataclass(frozen=True)
class ColumnProfile:
    """Statistics of one column, over the profiled rows.

    Attributes
    ----------
    kind : str  DuckDB type
    rows, present, distinct : int  all rows, rows with a value, distinct values (about)
    numeric, dated : float  texts only: share of values that read as a number, as an ISO time
    otherwise : float  texts only: share of values that look like a date in another form
    forms : tuple of str  of ``strptime``, where values are such dates; several if they cannot be told apart
    fit : int  values that have these forms
    example : str  one of the values that are no ISO time, if others are, or one of another form
    clock, future : float  dates only: share of values that are not midnight, that lie in the future
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
    otherwise: float = 0.0
    forms: tuple[str, ...] = ()
    fit: int = 0
    example: str = ""
    clock: float = 0.0
    future: float = 0.0
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
    def is_dated_text(self) -> bool:
        """Whether values are dates that are not read: of another form than ISO, or not all of them ISO."""
        return bool(self.forms) or (self.is_text and MOSTLY <= self.dated < ALL_DATED)

    @property
    def lacks_clock(self) -> bool:
        """Whether values are times that are all midnight: dates."""
        return self.present > 0 and (self.is_instant or self.dated >= ALL_DATED) and not self.clock

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
    asked = f"{table!r} was profiled"

    def ask(aggregates: str, source: str) -> list[Any]:
        return list(tables.run(f"SELECT {aggregates} FROM {source}", asked).fetchone())

    rows, *values = ask(", ".join(["count(*)", *parts]), source)
    profiles = {}
    for name, kind in kinds.items():
        width = len(_statistics(name, kind))
        profile = _profile(name, kind, int(rows), values[:width])
        profiles[name] = _with_forms(profile, source, ask)
        del values[:width]
    return profiles


def _with_forms(p: ColumnProfile, source: str, ask: Ask) -> ColumnProfile:
    """Look closer at a column that holds, or may hold, dates but is no column of ISO times."""
    name = quote_name(p.name)
    if p.is_text and MOSTLY <= p.dated < 1.0:
        odd = f"min(CASE WHEN NOT {_is_iso(name)} THEN CAST({name} AS VARCHAR) END)"
        return replace(p, example=str(ask(odd, source)[0]))
    number = p.whole and is_integer(p.kind) and (p.low or 0) > _FIRST_DAY and (p.high or 0) < _LAST_SECOND
    if not (p.otherwise >= MOSTLY or (number and p.distinct > 1)):
        return p
    forms, fit = find_forms(p.name, source, TEXT_FORMS if p.is_text else NUMBER_FORMS, ask)
    if not forms or (number and fit < p.present):  # a number that only may be a date is a number
        return p
    looks = f"WHERE regexp_matches(CAST({name} AS VARCHAR), {quote_text(OTHER)})" if p.is_text else ""
    example = ask(f"min(CAST({name} AS VARCHAR))", f"{source} {looks}")[0]
    return replace(p, forms=forms, fit=fit, example=example)


def _statistics(name: str, kind: str) -> list[str]:
    column = quote_name(name)
    basic = [f"count({column})", f"approx_count_distinct({column})"]
    probe = ColumnProfile(name, kind, 0, 0, 0)
    if probe.is_text:
        text = f"CAST({column} AS VARCHAR)"
        return [
            *basic,
            f"count(TRY_CAST({text} AS DOUBLE))",
            f"count(CASE WHEN {_is_iso(column)} THEN 1 END)",
            f"count(CASE WHEN regexp_matches({text}, {quote_text(OTHER)}) THEN 1 END)",
            f"sum(length({text}) - length(replace({text}, ' ', '')) + 1)",
            f"count(CASE WHEN {_is_iso(column)} AND length(trim({text})) > 10 THEN 1 END)",
            f"count(CASE WHEN {_is_iso(column)} AND {text} > CAST(now() AS VARCHAR) THEN 1 END)",
        ]
    if probe.is_instant:
        stamp = instant_sql(name, kind)
        return [
            *basic,
            f"count(CASE WHEN {stamp} <> date_trunc('day', {stamp}) THEN 1 END)",
            f"count(CASE WHEN {stamp} > now() THEN 1 END)",
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
    shares = [(number or 0.0) / share for number in numbers[2:]]
    if base.is_text:
        names = ("numeric", "dated", "otherwise", "words", "clock", "future")
        return replace(base, **dict(zip(names, shares, strict=True)))  # type: ignore[arg-type]
    if base.is_instant:
        return replace(base, clock=shares[0], future=shares[1])
    if base.is_number:
        low, high, fractions = numbers[2:5]
        return replace(base, low=low, high=high, whole=not fractions and present > 0)
    return base


def _is_iso(column: str) -> str:
    text = f"CAST({column} AS VARCHAR)"
    cast = f"TRY_CAST({text} AS TIMESTAMP WITH TIME ZONE) IS NOT NULL"
    return f"(regexp_matches({text}, {quote_text(ISO)}) AND {cast})"
