"""Mends: edits of tables that a note proposes, as values that can be said, shown and made."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.ingestion.dates import derive_sql
from workbench.ingestion.profile import ColumnProfile
from workbench.ingestion.tables import Tables
from workbench.stores.sql import quote_name


@dataclass(frozen=True)
class Mend:
    """A column that is to be read otherwise, by an SQL expression.

    Attributes
    ----------
    table, column, sql : str  what ``tables.derive`` takes
    told : str  what is done, in words
    """

    table: str
    column: str
    sql: str
    told: str

    @property
    def call(self) -> str:
        """The call as Python."""
        return f"tables.derive({self.table!r}, {self.column!r}, {self.sql!r})"

    @property
    def line(self) -> str:
        """The statement as Python."""
        return f"tables = {self.call}"

    def of(self, tables: Tables) -> Tables:
        """The mended tables; TableError if DuckDB refuses."""
        return tables.derive(self.table, self.column, self.sql)


def date_mends(p: ColumnProfile, table: str) -> tuple[Mend, ...]:
    """What makes times of a column of dates that are not read, for every form that they may have."""
    if not p.is_dated_text:
        return ()
    if not p.forms:
        sql = f"TRY_CAST({quote_name(p.name)} AS TIMESTAMP)"
        return (Mend(table, p.name, sql, f"ISO times, without those that are none, such as {p.example!r}"),)
    return tuple(
        Mend(
            table,
            p.name,
            derive_sql(p.name, p.kind, form, every=p.fit == p.present),
            f"dates written as {form}, such as {p.example!r}",
        )
        for form in p.forms
    )


def number_mend(p: ColumnProfile, table: str) -> Mend:
    """What makes numbers of a column of texts."""
    return Mend(table, p.name, f"TRY_CAST({quote_name(p.name)} AS DOUBLE)", "numbers")


def midnight_mend(table: str, column: str) -> Mend:
    """What makes times without a clock known at the end of their day."""
    sql = f"CAST({quote_name(column)} AS TIMESTAMP) + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND"
    return Mend(table, column, sql, "known at the end of its day")
