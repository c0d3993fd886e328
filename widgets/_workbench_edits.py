"""What the buttons do before an ingest: a flat table is split, a schema edited. Each ends in what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from widgets._job import Ticket
from widgets._launch import Launch
from widgets._launch_draft import Entities
from widgets._launch_edits import Edit, columns_of, flat_columns, mends_of, roles_of, table_edits
from widgets._launch_inputs import chosen, there

STATIC = "no time: known from the beginning"
"""The choice of a flat table's time that is no column."""


class EditActs:
    """The actions over the tables of a launch; each takes the texts of its form and its ticket.

    Attributes
    ----------
    entities : Entities  that a flat table is to be split into
    """

    def __init__(self, launch: Launch) -> None:
        self.launch, self.entities = launch, Entities({})

    def entity(self, values: Mapping[str, str], _ticket: Ticket) -> str:
        """One table more that a flat one is to become."""
        self.entities = self.entities.with_entity(values["name"], self._column(values["key"]))
        return str(self.entities)

    def move(self, values: Mapping[str, str], _ticket: Ticket) -> str:
        """A column more of such a table."""
        column = self._column(values["column"])
        self.entities = self.entities.with_column(values["entity"], column)
        return str(self.entities)

    def anew(self, _values: Mapping[str, str], _ticket: Ticket) -> str:
        """No such tables yet."""
        self.entities = Entities({})
        return str(self.entities)

    def split(self, values: Mapping[str, str], ticket: Ticket) -> str:
        """Split the flat table."""
        time = None if values["time"] == STATIC else self._column(values["time"])
        self.launch.normalise(self.entities.found, time, values["rest"].strip(), ticket.look)
        return repr(self.launch.tables)

    def _column(self, label: str) -> str:
        return chosen(flat_columns(there(self.launch.tables, "a column")), label, "a column of the table")

    def say(self, values: Mapping[str, str], _ticket: Ticket) -> str:
        """Say what a column is."""
        table, column = chosen(columns_of(self.launch.schema), values["column"], "a column")
        method, more = chosen(roles_of(self.launch.schema), values["role"], "what a column is")
        return self._edited(Edit(method, table, (column, *more)))

    def say_table(self, values: Mapping[str, str], _ticket: Ticket) -> str:
        """Say what a table is."""
        return self._edited(chosen(table_edits(self.launch.schema), values["table"], "what a table is"))

    def mend(self, values: Mapping[str, str], ticket: Ticket) -> str:
        """Read a column as a note proposes."""
        mend = chosen(mends_of(self.launch.mends), values["mend"], "what a note proposes")
        self.launch.edit(mend, ticket.look)
        return str(mend.line)

    def _edited(self, edit: Edit) -> str:
        self.launch.edit(edit)
        return edit.line

    def undo(self, _values: Mapping[str, str], _ticket: Ticket) -> str:
        """Take the last edit back."""
        self.launch.undo()
        return "Taken back."


def choices_of(launch: Launch, entities: Entities) -> dict[str, dict[str, tuple[str, ...]]]:
    """Form -> field -> what may be chosen there, of the tables as edited so far."""
    if launch.tables is None:
        return {}
    columns, schema = flat_columns(launch.tables), launch.schema
    likely = sorted(columns, key=lambda label: columns[label] != schema.tables[0].time)
    flat = {"key": tuple(columns), "column": tuple(columns), "time": (*likely, STATIC)}
    flat["entity"] = tuple(entities.found)
    own: dict[str, Mapping[str, Any]] = {
        "column": columns_of(schema),
        "role": roles_of(schema),
        "table": table_edits(schema),
        "mend": mends_of(launch.mends),
    }
    return {"flat": flat, "edit": {name: tuple(choices) for name, choices in own.items()}}
