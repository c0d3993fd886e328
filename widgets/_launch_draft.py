"""Draft: tables and their schema before an ingest, as edited so far, and the same as Python. No widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    made : tuple of str  the lines that made these tables of those that were read
    edits : tuple of Edit
    known : dict  what was read of the tables to find and to doubt a schema
    mends : tuple of Mend  edits of the tables that notes propose; none of a given schema before an edit
    """

    tables: wb.Tables
    schema: wb.Schema
    inferred: bool
    made: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    mends: tuple[Any, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, source: Any, schema: wb.Schema | None) -> Draft:
        """What ``wb.read_tables`` reads, with its inferred schema or a given one."""
        tables, known = wb.read_tables(source), dict[str, Any]()
        if schema is not None:
            return cls(tables, schema, False, known=known)
        return cls(tables, wb.infer_schema(tables, known=known), True, known=known)._noted()

    def edited(self, edit: Any) -> Draft:
        """With another schema, or a column that is read as a note proposes (one of :attr:`mends`).

        Raises
        ------
        WorkbenchError
            If it is refused; or an edit of before is, now that a column is read otherwise.
        """
        if not isinstance(edit, Edit):
            return self._mended(edit)._noted()
        return replace(self, schema=edit.of(self.schema), edits=(*self.edits, edit))._noted()

    def _mended(self, mend: Any) -> Draft:
        tables, schema = mend.of(self.tables), self.schema
        if self.inferred:
            schema = wb.infer_schema(tables, known=self.known)
            for edit in self.edits:
                schema = edit.of(schema)
        return replace(self, tables=tables, schema=schema, made=(*self.made, mend.line))

    def _noted(self) -> Draft:
        """With the notes of the schema as it is now, but those that an edit answered."""
        review = wb.review_schema(self.tables, self.schema, known=self.known)
        notes = [note for note in review.notes if not any(edit.answers(note) for edit in self.edits)]
        return replace(self, schema=replace(self.schema, notes=tuple(notes)), mends=review.mends)

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
        schema = wb.infer_schema(tables, known=self.known)
        return Draft(tables, schema, True, (*self.made, line), known=self.known)._noted()

    def lines(self, source: str) -> list[str]:
        """The same as Python, from a source that is written so."""
        lines = [f"tables = wb.read_tables({source})", *self.made]
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
