"""Edits of a schema as choices: what may be said of a column or table, and the call that does. No widget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import permutations
from typing import Any, TypeVar

import workbench as wb
from widgets._schema_facts import short

T = TypeVar("T")

LONGEST = 60
"""Characters of a name in a choice."""


@dataclass(frozen=True)
class Edit:
    """One call of a method of a schema, with the table and more names."""

    method: str
    table: str
    more: tuple[str | None, ...] = ()

    @property
    def line(self) -> str:
        """The call as Python."""
        return f"schema = schema.{self.method}({', '.join(map(repr, (self.table, *self.more)))})"

    def of(self, schema: wb.Schema) -> wb.Schema:
        """The edited schema.

        Raises
        ------
        SchemaError
            If the schema refuses it.
        """
        edited: wb.Schema = getattr(schema, self.method)(self.table, *self.more)
        return edited

    def answers(self, note: str) -> bool:
        """Whether a note asks what this edit says: it may be said just as it was found."""
        table, column = self.table, self.more[0] if self.more else None
        asks = repr(table) if self.method != "link" else f"{table!r}, {column!r}"
        doubted = self.method == "link" and note.startswith(f"{table}.{column} -> ")
        return doubted or f"schema.{self.method}({asks}" in note


def labelled(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Labels of choices, each another one, as names that are too long or alike are not."""
    found: dict[str, T] = {}
    for label, value in pairs:
        count, distinct = 1, label
        while distinct in found:
            count += 1
            distinct = f"{label} ({count})"
        found[distinct] = value
    return found


def columns_of(schema: wb.Schema) -> dict[str, tuple[str, str]]:
    """Label -> table and column, for every column."""
    return labelled(
        (f"{short(t.name, LONGEST)}.{short(c.name, LONGEST)}", (t.name, c.name))
        for t in schema
        for c in t.columns
    )


def flat_columns(tables: wb.Tables) -> dict[str, str]:
    """Label -> column of a single table; of several nothing."""
    names = tables[tables.names[0]].columns if len(tables) == 1 else ()
    return labelled((short(name, LONGEST), name) for name in names)


def roles_of(schema: wb.Schema) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Label -> method and what it takes after table and column, for everything a column may be."""
    targets = [(f"a link to {short(name, LONGEST)}", ("link", (name,))) for name in schema.node_types]
    types = [(f"of type {kind}", ("set_stype", (str(kind),))) for kind in wb.Stype if kind not in PLAIN]
    return labelled(
        [
            ("the time", ("set_time", ())),
            ("the end time", ("set_end_time", ())),
            ("the key", ("set_primary_key", ())),
            *targets,
            ("no link", ("unlink", ())),
            *types,
            *((label, ("set_stype", (str(kind),))) for kind, label in PLAIN.items()),
        ]
    )


def mends_of(mends: Iterable[Any]) -> dict[str, Any]:
    """Label -> mend, for every column that a note proposes to read otherwise."""
    return labelled(
        (f"{short(m.table, LONGEST)}.{short(m.column, LONGEST)}: {short(m.told, LONGEST)}", m) for m in mends
    )


PLAIN = {wb.Stype.ID: "an id, no feature", wb.Stype.SET_ASIDE: "left out"}
"""Types that are no features, in words."""


def table_edits(schema: wb.Schema) -> dict[str, Edit]:
    """Label -> edit, for everything that may be said of a table as a whole."""
    return labelled(
        (f"{short(table.name, LONGEST)}: {told}", Edit(method, table.name, more))
        for table in schema
        for told, method, more in _said_of(table)
    )


def _said_of(table: wb.Table) -> Iterable[tuple[str, str, tuple[str | None, ...]]]:
    keys = [key.column for key in table.foreign_keys]
    if table.edge is None:
        for src, dst in permutations(keys, 2):
            yield f"edges from {short(src, LONGEST)} to {short(dst, LONGEST)}", "as_edge", (src, dst)
    if len(keys) == 1 and table.time and table.history is None:
        yield f"a history of {short(table.foreign_keys[0].table, LONGEST)}", "as_history", ()
    for told, method, value in (
        ("without a time", "set_time", table.time),
        ("without an end time", "set_end_time", table.end_time),
        ("without a key", "set_primary_key", table.primary_key),
    ):
        if value is not None:
            yield told, method, (None,)
    yield "left out", "drop_table", ()
