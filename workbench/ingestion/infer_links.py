"""Primary and foreign keys, by name and by value.

A name is a claim that values must support: a column named like a key of another table is linked if
enough of its values are keys there. Without a claim by name, values alone must leave no doubt: texts
that are nearly all keys of one table, or integers from a range so sparse that chance cannot explain it
(``quantity`` 1..12 is contained in every table numbered from 0, and is no key).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.ingestion import names
from workbench.ingestion.profile import ColumnProfile
from workbench.ingestion.tables import Tables
from workbench.ingestion.typed import is_integer
from workbench.stores.sql import quote_name

Profiles = Mapping[str, Mapping[str, ColumnProfile]]
"""table -> column -> profile"""

SAMPLE_VALUES = 20_000
"""Distinct values of a column that are compared with a table's keys."""

NAMED_MATCH = 0.5
"""Share of distinct values that must be keys when the name says so."""

VALUE_MATCH = 0.9
"""The same when only the values say so."""


def primary_key(
    tables: Tables, table: str, profiles: Mapping[str, ColumnProfile]
) -> tuple[str | None, list[str]]:
    """The primary key of a table, or None, and notes on near misses."""
    ranked: list[tuple[int, int, ColumnProfile]] = []
    for position, profile in enumerate(profiles.values()):
        score = names.key_score(table, profile.name, position)
        first_code = position == 0 and profile.is_text and profile.words < 1.5
        if score > 2 or first_code:
            ranked.append((score, -position, profile))
    notes: list[str] = []
    for score, _, profile in sorted(ranked, key=lambda entry: entry[:2], reverse=True):
        if not _can_be_key(profile):
            continue
        doubtful = profile.variety < 0.8 and profile.rows > 1_000  # the distinct count is only about right
        fault = (profile.rows - profile.present, -1) if doubtful else key_faults(tables, table, profile.name)
        null, again = fault
        if not null and not again:
            return profile.name, notes
        if score >= 7 and not doubtful:
            notes.append(_near_miss(table, profile.name, null, again))
    return None, notes


def _near_miss(table: str, column: str, null: int, again: int) -> str:
    said = f"{table}.{column}: named like the primary key, but"
    if again:
        return (
            f"{said} {again:,} rows repeat a value; it is not taken as one. Keep one row per value with "
            f"tables.split({table!r}, key={column!r}, columns=[...]), or drop the others with tables.where"
        )
    drop = f"tables.where({table!r}, '\"{column}\" IS NOT NULL')"
    return f"{said} {null:,} values are null; it is not taken as one. Drop those rows with {drop}"


def _can_be_key(profile: ColumnProfile) -> bool:
    return (
        profile.rows == 0 or profile.is_text or (profile.is_number and profile.whole and not profile.is_wide)
    )


def key_faults(tables: Tables, table: str, column: str) -> tuple[int, int]:
    """Null values of a column and rows that repeat a value, counted exactly."""
    name = quote_name(column)
    sql = f"SELECT count(*), count({name}), count(DISTINCT {name}) FROM ({tables.sql(table)})"
    row = tables.run(sql, f"the key of {table!r} was checked").fetchone()
    assert row is not None
    return row[0] - row[1], row[1] - row[2]


@dataclass(frozen=True)
class _Claim:
    """``column`` may be a foreign key of ``target``."""

    column: str
    target: str
    named: int  # 0: only the values could say so; higher: a stronger claim by name
    match: float = 0.0


def foreign_keys(
    tables: Tables, table: str, profiles: Profiles, keys: Mapping[str, str | None]
) -> dict[str, tuple[str | None, list[str]]]:
    """Columns of a table that may point at another -> the table, or None, and notes on what is doubtful."""
    found = {}
    for column, profile in profiles[table].items():
        if not profile.present or not _can_be_key(profile):
            continue
        claims = [
            _Claim(column, target, name_claim(table, column, target, key, is_key=column == keys[table]))
            for target, key in keys.items()
            if key is not None and (target, key) != (table, column)
        ]
        best, doubts = _best(tables, table, profile, profiles, keys, claims)
        found[column] = None if best is None else best.target, doubts
    return found


def _best(
    tables: Tables,
    table: str,
    profile: ColumnProfile,
    profiles: Profiles,
    keys: Mapping[str, str | None],
    claims: list[_Claim],
) -> tuple[_Claim | None, list[str]]:
    notes: list[str] = []
    own_key = profile.name == keys[table]
    for claim in sorted(claims, key=lambda c: -c.named):
        key = keys[claim.target]
        assert key is not None
        target = profiles[claim.target][key]
        if not claim.named and (own_key or not _values_could_tell(profile, target, tables, claim.target)):
            continue
        where = f"{table}.{profile.name}"
        if profile.is_text != target.is_text:
            if claim.named >= 3:
                cast = "VARCHAR" if target.is_text else "BIGINT"
                expression = f"'CAST(\"{profile.name}\" AS {cast})'"
                notes.append(
                    f"{where}: named like a key of {claim.target}.{key}, but one is text and the other a "
                    f"number; link them after tables.derive({table!r}, {profile.name!r}, {expression})"
                )
            continue
        match = overlap(tables, table, profile.name, claim.target, key)
        if match >= (NAMED_MATCH if claim.named else VALUE_MATCH):
            if match < VALUE_MATCH:
                notes.append(f"{where} -> {claim.target}: only {match:.0%} of its values are keys there")
            elif not claim.named:
                notes.append(
                    f"{where} -> {claim.target}: linked because {match:.0%} of its values are keys there"
                )
            return _Claim(claim.column, claim.target, claim.named, match), notes
        if claim.named >= 3:
            notes.append(
                f"{where}: named like a key of {claim.target}, but only {match:.0%} of its values are keys "
                f"there; not linked. If it is one: schema.link({table!r}, {profile.name!r}, {claim.target!r})"
            )
    return None, notes


def name_claim(table: str, column: str, target: str, key: str, *, is_key: bool) -> int:
    """How strongly a name says that ``table.column`` is a key of ``target``; 0: not at all."""
    same = names.flat(column) == names.flat(key) and names.flat(key) not in names.GENERIC_KEYS
    owner, stem = names.entity(target), names.stem(column)
    if is_key:  # a primary key that is also a foreign key (one row per row of another table)
        return 4 if table != target and (same or stem == owner) and names.stem(key) == owner else 0
    if table == target:
        return 2 if names.is_parent_like(column) else 0
    if same:
        return 4 + (names.stem(key) == owner)
    if stem == owner or names.flat(column) == owner + names.flat(key):
        return 3
    if stem.endswith(owner) or (names.flat(column).endswith(names.flat(key)) and len(key) > 3):
        return 1
    return 0


def _values_could_tell(profile: ColumnProfile, target: ColumnProfile, tables: Tables, name: str) -> bool:
    """Whether values that are keys of table ``name`` would be evidence, with no help from the name."""
    if profile.is_text and target.is_text:
        return profile.distinct >= 3 and profile.words < 1.5 and target.distinct >= 10
    if not (is_integer(profile.kind) and is_integer(target.kind)):
        return False
    spread = (target.high or 0) - (target.low or 0) + 1
    # All keys count: those of a large table's profile are a sample, which makes any range look sparse.
    return profile.distinct >= 50 and tables.count(name) / spread < 0.1


def overlap(tables: Tables, table: str, column: str, target: str, key: str) -> float:
    """Share of a column's distinct values that are keys of the target; 0 if it has no values."""
    name, other = quote_name(column), quote_name(key)
    source = f"SELECT DISTINCT {name} AS v FROM ({tables.sql(table)})"
    values = f"{source} WHERE {name} IS NOT NULL LIMIT {SAMPLE_VALUES}"
    known = f"SELECT {other} FROM ({tables.sql(target)})"
    sql = f"SELECT count(*), count(*) FILTER (v IN ({known})) FROM ({values})"
    row = tables.run(sql, f"{table}.{column} was compared with {target}.{key}").fetchone()
    assert row is not None
    return row[1] / row[0] if row[0] else 0.0
