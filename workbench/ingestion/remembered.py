"""Tables that remember what they were asked: of what an edit leaves as it was nothing is read again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workbench.ingestion.tables import Tables

Known = dict[str, list[Any]]
"""SQL -> the rows of its answer"""


@dataclass(frozen=True)
class Answer:
    """Rows of an answer, which can be fetched as from a database.

    Attributes
    ----------
    rows : list of tuple
    """

    rows: list[Any]

    def fetchall(self) -> list[Any]:
        """All of them."""
        return self.rows

    def fetchone(self) -> Any:
        """The first, or None."""
        return self.rows[0] if self.rows else None


@dataclass(frozen=True, repr=False)
class Remembered(Tables):
    """Tables whose answers to :meth:`run` are kept, for questions that are answered in a few rows.

    Attributes
    ----------
    known : Known  what was answered so far, of these sources
    """

    known: Known = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, tables: Tables, known: Known) -> Remembered:
        """The same tables; what is ``known`` of them is not read."""
        return cls(tables.sources, tables.queries, tables.notes, known)

    def run(self, sql: str, asked: str) -> Answer:
        """The answer of before, or of now."""
        if sql not in self.known:
            self.known[sql] = super().run(sql, asked).fetchall()
        return Answer(self.known[sql])
