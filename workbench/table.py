"""One table of a schema: its columns, keys and times, and what its rows are.

Rows are nodes; or edges (``edge``: a table of two keys); or versions of the node that one of its keys
points at (``history``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from workbench.errors import SchemaError, did_you_mean, explain


class Stype(StrEnum):
    """Semantic type of a column: how it is encoded, not how it is stored."""

    NUMERICAL = "numerical"
    CATEGORICAL = "categorical"
    MULTICATEGORICAL = "multicategorical"
    TIMESTAMP = "timestamp"
    TEXT = "text"
    EMBEDDING = "embedding"
    ID = "id"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True)
class Column:
    """One column: its name, semantic type, Arrow type as text, and why it was typed so."""

    name: str
    stype: Stype
    dtype: str = ""
    note: str = ""


@dataclass(frozen=True)
class ForeignKey:
    """``column`` holds primary keys of ``table``."""

    column: str
    table: str


@dataclass(frozen=True)
class Table:
    """One table: columns, primary key (None: the row number), times and foreign keys."""

    name: str
    columns: tuple[Column, ...]
    primary_key: str | None = None
    time: str | None = None
    end_time: str | None = None
    foreign_keys: tuple[ForeignKey, ...] = ()
    edge: tuple[str, str] | None = None
    """(src column, dst column) if the table is folded into edges."""
    history: str | None = None
    """The foreign key column of the node that the rows are versions of, valid from ``time`` on."""

    @property
    def is_node_type(self) -> bool:
        """Whether rows are nodes: neither edges nor versions of a node."""
        return self.edge is None and self.history is None

    @property
    def history_of(self) -> str | None:
        """Name of the table that the rows are versions of; None for any other table."""
        return None if self.history is None else self.foreign_key(self.history).table

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises
        ------
        SchemaError
            If the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        names = [column.name for column in self.columns]
        asked, allowed = f"column {name!r} of table {self.name!r} was asked for", ", ".join(names)
        got, near = "the table does not have it", did_you_mean(name, names)
        raise SchemaError(explain(asked, got, allowed or "no columns at all", near))

    def foreign_key(self, column: str) -> ForeignKey:
        """The foreign key in that column.

        Raises
        ------
        SchemaError
            If the column is no foreign key.
        """
        for key in self.foreign_keys:
            if key.column == column:
                return key
        known = ", ".join(f"{key.column} -> {key.table}" for key in self.foreign_keys)
        raise SchemaError(
            explain(
                f"a foreign key in {self.name}.{column} was asked for",
                "there is none",
                known or "the table has no foreign keys",
                f"Add it with schema.link({self.name!r}, {column!r}, table)",
            )
        )

    def with_stype(self, column: str | None, stype: Stype) -> Table:
        """The same table with another semantic type of a column; None changes nothing.

        Raises
        ------
        SchemaError
            If the table has no such column.
        """
        if column is not None:
            self.column(column)
        columns = tuple(replace(c, stype=stype) if c.name == column else c for c in self.columns)
        return replace(self, columns=columns)

    def headline(self) -> str:
        """Key, times and links in one line of text."""
        parts = [f"key {self.primary_key}" if self.primary_key else "no key"]
        why = next((column.note for column in self.columns if column.name == self.time), "")
        known = f"time {self.time}" + (f" ({why})" if why else "")
        parts.append(known if self.time else "static: always visible")
        if self.end_time:
            parts.append(f"end {self.end_time}")
        parts += [f"{key.column} -> {key.table}" for key in self.foreign_keys]
        if self.edge:
            parts.append(f"edges {' -> '.join(self.foreign_key(end).table for end in self.edge)}")
        if self.history:
            parts.append(f"history of {self.history_of}, valid from {self.time}")
        return "; ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        data = asdict(self)
        if self.history is None:  # tables without one are written as they were before there were any
            del data["history"]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Table:
        """Read back what :meth:`to_dict` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the value is malformed.
        """
        columns = tuple(Column(**{**c, "stype": Stype(c["stype"])}) for c in data["columns"])
        keys = tuple(ForeignKey(**key) for key in data["foreign_keys"])
        edge = tuple(data["edge"]) if data.get("edge") else None
        return cls(**{**data, "columns": columns, "foreign_keys": keys, "edge": edge})
