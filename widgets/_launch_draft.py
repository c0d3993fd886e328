"""Draft: tables and their schema before an ingest, as edited so far, and the same as Python. No widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import workbench as wb
from widgets._launch_edits import Edit


@dataclass(frozen=True)
class Draft:
    """Tables, schema and how they came about.

    Attributes
    ----------
    tables : Tables
    schema : Schema
    inferred : bool  whether the schema is what ``wb.infer_schema`` said, or was given
    split : str  the line that made tables of a flat one; empty where none did
    edits : tuple of Edit
    """

    tables: wb.Tables
    schema: wb.Schema
    inferred: bool
    split: str = ""
    edits: tuple[Edit, ...] = ()

    @classmethod
    def of(cls, source: Any, schema: wb.Schema | None) -> Draft:
        """What ``wb.read_tables`` reads, with its inferred schema or a given one."""
        tables = wb.read_tables(source)
        return cls(tables, wb.infer_schema(tables) if schema is None else schema, schema is None)

    def edited(self, edit: Edit) -> Draft:
        """With another schema; SchemaError if the edit is refused."""
        return replace(self, schema=edit.of(self.schema), edits=(*self.edits, edit))

    def normalised(self, entities: Mapping[str, Sequence[str]], time: str | None, rest: str) -> Draft:
        """With a flat table split into several, and their schema, inferred anew.

        Raises
        ------
        TableError
            As ``wb.normalise``.
        """
        tables = wb.normalise(self.tables, entities, time=time, rest=rest)
        parts = {name: list(columns) for name, columns in entities.items()}
        line = f"tables = wb.normalise(tables, {parts!r}, time={time!r}, rest={rest!r})"
        return Draft(tables, wb.infer_schema(tables), True, line)

    def lines(self, source: str) -> list[str]:
        """The same as Python, from a source that is written so."""
        lines = [f"tables = wb.read_tables({source})", *filter(None, [self.split])]
        lines += ["schema = wb.infer_schema(tables)"] if self.inferred else []
        return lines + [edit.line for edit in self.edits]


@dataclass(frozen=True)
class Entities:
    """Which tables a flat one is to become.

    Attributes
    ----------
    found : dict name -> columns, the key first
    """

    found: Mapping[str, tuple[str, ...]]

    def with_entity(self, name: str, key: str) -> Entities:
        """One more table, or another key of it.

        Raises
        ------
        TableError
            If it has no name.
        """
        if not name.strip():
            raise wb.TableError("an entity was to be added: got no name. Allowed: a name, such as customers.")
        kept = {other: columns for other, columns in self.found.items() if columns[0] != key}
        return Entities({**kept, name.strip(): (key,)})

    def with_column(self, name: str, column: str) -> Entities:
        """A column more of a table, which no other one has then, but as its key: that is a link.

        Raises
        ------
        TableError
            If there is no such table yet.
        """
        if name not in self.found:
            known = ", ".join(self.found) or "none yet"
            raise wb.TableError(
                f"{column!r} was to be moved to {name!r}: there is no such entity. Allowed: {known}. "
                "Add it first, by its key."
            )
        if self.found[name][0] == column:
            return self
        kept = {other: (key, *(c for c in more if c != column)) for other, (key, *more) in self.found.items()}
        return Entities({**kept, name: (*kept[name], column)})

    def __str__(self) -> str:
        lines = [
            f"{name}: key {key}; {', '.join(more) or 'no columns'}"
            for name, (key, *more) in self.found.items()
        ]
        return "\n".join(lines) or "No entity yet: choose the column that is its key, and name it."


def shape(schema: wb.Schema) -> list[wb.Table]:
    """Tables, columns, keys and times, without the notes that tell why: other rows are told otherwise."""
    return [replace(t, columns=tuple(replace(c, note="", dtype="") for c in t.columns)) for t in schema]
