"""The schema: tables, columns, keys and the edge types that they imply. One frozen value.

Every table is a node type. A foreign key gives an edge type and its reverse, whose time and id are
those of the row that holds the key (the *fact row*). A table folded by ``as_edge`` is no node type:
its two foreign keys give one edge type and its reverse, and its rows are the edges.

    orders(order_id, user_id -> users)       orders -user_id-> users     and rev_user_id back
    ratings(user_id, movie_id), as_edge      users  -ratings-> movies    and rev_ratings back

Messages flow src -> dst; sampling walks dst -> src.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

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


class EdgeType(NamedTuple):
    """A triplet; messages flow ``src -> dst``. Prints and parses as ``src-rel->dst``."""

    src: str
    rel: str
    dst: str

    def __str__(self) -> str:
        return f"{self.src}-{self.rel}->{self.dst}"

    @property
    def spellings(self) -> tuple[str, str]:
        """The texts that name it: ``src-rel->dst`` and ``src.rel->dst``."""
        return str(self), f"{self.src}.{self.rel}->{self.dst}"

    @property
    def is_reverse(self) -> bool:
        """True for the ``rev_*`` direction of a key."""
        return self.rel.startswith("rev_")


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
    """(src column, dst column) if the table is folded into edges; None for a node type."""

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


@dataclass(frozen=True)
class EdgeSpec:
    """Where the edges of an edge type come from.

    ``table`` is the table whose rows are the edges (the clock of the edge type: an edge is visible
    when that row is) and ``layout`` how the graph stores them:

    ========== ============================= ======================================================
    layout     example                       arrays
    ========== ============================= ======================================================
    ``fact``   orders-user_id->users         ``indptr``, ``nbr``; edge id = nbr (the fact row)
    ``column`` users-rev_user_id->orders     ``nbr[dst]``, at most one; edge id = dst (the fact row)
    ``edges``  users-ratings->movies         ``indptr``, ``nbr``, ``eid`` (row of the edge table)
    ========== ============================= ======================================================
    """

    edge_type: EdgeType
    table: str
    layout: str
    src_column: str | None
    dst_column: str | None


@dataclass(frozen=True, repr=False)
class Schema:
    """All tables of a dataset, in order. Edit with methods that return a new schema."""

    tables: tuple[Table, ...]
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __getitem__(self, name: str) -> Table:
        for table in self.tables:
            if table.name == name:
                return table
        names = [table.name for table in self.tables]
        asked, got = f"table {name!r} was asked for", "the schema does not have it"
        raise SchemaError(explain(asked, got, ", ".join(names), did_you_mean(name, names)))

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables)

    def __contains__(self, name: object) -> bool:
        return any(table.name == name for table in self.tables)

    @property
    def node_types(self) -> tuple[str, ...]:
        """Names of the tables that are node types, in order."""
        return tuple(table.name for table in self.tables if table.edge is None)

    @property
    def static_tables(self) -> tuple[str, ...]:
        """Names of the tables without a time column, in order: every row is visible at every anchor."""
        return tuple(table.name for table in self.tables if table.time is None)

    @property
    def edge_specs(self) -> tuple[EdgeSpec, ...]:
        """Every edge type with its source, forward before reverse, in table and key order."""
        specs: list[EdgeSpec] = []
        for table in self.tables:
            if table.edge is not None:
                a, b = table.edge
                src, dst = table.foreign_key(a).table, table.foreign_key(b).table
                name = table.name
                specs.append(EdgeSpec(EdgeType(src, name, dst), name, "edges", a, b))
                specs.append(EdgeSpec(EdgeType(dst, f"rev_{name}", src), name, "edges", b, a))
                continue
            for key in table.foreign_keys:
                forward = EdgeType(table.name, key.column, key.table)
                reverse = EdgeType(key.table, f"rev_{key.column}", table.name)
                specs.append(EdgeSpec(forward, table.name, "fact", None, key.column))
                specs.append(EdgeSpec(reverse, table.name, "column", key.column, None))
        return tuple(specs)

    @property
    def edge_types(self) -> tuple[EdgeType, ...]:
        """Every edge type, in the order of :attr:`edge_specs`."""
        return tuple(spec.edge_type for spec in self.edge_specs)

    def edge_type(self, name: str | tuple[str, str, str]) -> EdgeType:
        """Find an edge type by triplet, by ``'src-rel->dst'`` or by ``'src.rel->dst'``.

        Raises
        ------
        SchemaError
            If the schema has no such edge type; proposes the nearest one.
        """
        triplet = isinstance(name, (tuple, list)) and len(name) == 3
        text = str(EdgeType(*name) if triplet else name)
        for edge_type in self.edge_types:
            if text in edge_type.spellings:
                return edge_type
        known = [str(edge_type) for edge_type in self.edge_types]
        into = [k for k in known if k.endswith(f"->{text.rsplit('->', 1)[-1]}")]
        raise SchemaError(
            explain(
                f"edge type {text!r} was asked for",
                "the schema does not have it",
                ", ".join(into or known),
                did_you_mean(text, known),
            )
        )

    def edge_spec(self, edge_type: EdgeType) -> EdgeSpec:
        """The source and layout of an edge type."""
        wanted = self.edge_type(edge_type)
        return next(spec for spec in self.edge_specs if spec.edge_type == wanted)

    def with_table(self, table: Table) -> Schema:
        """The same schema with the table of that name replaced (or added at the end)."""
        tables = tuple(table if old.name == table.name else old for old in self.tables)
        return replace(self, tables=tables if table.name in self else (*tables, table))

    def link(self, table: str, column: str, target: str) -> Schema:
        """Make ``table.column`` a foreign key of ``target``.

        Raises
        ------
        SchemaError
            If a name is unknown, or ``target`` is folded into edges.
        """
        owner = self[table]
        if self[target].edge is not None:
            got = f"{target!r} is folded into edges"
            raise SchemaError(explain(f"a link of {table}.{column} was asked for", got, str(self.node_types)))
        others = tuple(key for key in owner.foreign_keys if key.column != column)
        linked = replace(owner, foreign_keys=(*others, ForeignKey(column, target)))
        return self.with_table(_with_stype(linked, column, Stype.ID))

    def unlink(self, table: str, column: str) -> Schema:
        """Make ``table.column`` no foreign key any more; it stays an id, which is no feature."""
        owner, key = self[table], self[table].foreign_key(column)
        edge = None if owner.edge and column in owner.edge else owner.edge
        keys = tuple(other for other in owner.foreign_keys if other != key)
        return self.with_table(replace(owner, foreign_keys=keys, edge=edge))

    def set_primary_key(self, table: str, column: str | None) -> Schema:
        """Choose the primary key; None: rows are keyed by their number."""
        return self.with_table(_with_stype(replace(self[table], primary_key=column), column, Stype.ID))

    def set_time(self, table: str, column: str | None) -> Schema:
        """Choose the time column; None: the table is static, its rows always visible."""
        end = None if self[table].end_time == column else self[table].end_time
        timed = replace(self[table], time=column, end_time=end)
        return self.with_table(_with_stype(timed, column, Stype.TIMESTAMP))

    def set_end_time(self, table: str, column: str | None) -> Schema:
        """Choose the column that says when a row's event ended; it is never a feature."""
        return self.with_table(_with_stype(replace(self[table], end_time=column), column, Stype.TIMESTAMP))

    def set_stype(self, table: str, column: str, stype: Stype | str) -> Schema:
        """Choose how a column is encoded; ``id`` and ``set_aside`` columns are no features."""
        known = [kind.value for kind in Stype]
        if stype not in known:
            asked, near = f"semantic type {str(stype)!r} was asked for", did_you_mean(str(stype), known)
            got = "there is no such type"
            raise SchemaError(explain(f"{asked} {table}.{column}", got, ", ".join(known), near))
        return self.with_table(_with_stype(self[table], column, Stype(stype)))

    def drop_table(self, table: str) -> Schema:
        """Leave a table out, and the foreign keys that point at it."""
        self[table]
        schema = self
        for owner in self.tables:
            for key in owner.foreign_keys:
                if key.table == table and owner.name != table:
                    schema = schema.unlink(owner.name, key.column)
        return replace(schema, tables=tuple(old for old in schema.tables if old.name != table))

    def as_edge(self, table: str, src: str | None = None, dst: str | None = None) -> Schema:
        """Fold a table into edges from the node in ``src`` to the node in ``dst``, both foreign keys.

        Its rows are no nodes any more: their time, id and columns belong to the edges. ``src`` and ``dst``
        may be left out where the table has two foreign keys: edges go from the first to the second.

        Raises
        ------
        SchemaError
            If a column is no foreign key, one is left out where there are not two, or other tables point
            at this one.
        """
        owner, asked = self[table], f"table {table!r} was to be folded into edges"
        keys = [key.column for key in owner.foreign_keys]
        if src is None and dst is None and len(keys) == 2:
            src, dst = keys
        if src is None or dst is None:
            got = f"its foreign keys are {', '.join(keys) or 'none'}"
            raise SchemaError(explain(asked, got, "two foreign keys", "Name them: src= and dst="))
        for column in (src, dst):
            owner.foreign_key(column)
        pointing = [f"{t.name}.{k.column}" for t in self for k in t.foreign_keys if k.table == table]
        if src == dst or pointing:
            got = "both ends are the same column" if src == dst else f"{', '.join(pointing)} point at it"
            allowed = "a table that no foreign key points at, and two of its own foreign keys"
            raise SchemaError(explain(asked, got, allowed))
        return self.with_table(replace(owner, edge=(src, dst)))

    def describe(self) -> str:
        """Readable text: tables with keys and times, columns by semantic type, notes."""
        lines = [f"Schema: {len(self.tables)} tables, {len(self.edge_types)} edge types"]
        for table in self.tables:
            lines.append(f"  {table.name}: {_headline(table)}")
            for stype in Stype:
                names = [c.name for c in table.columns if c.stype is stype]
                names = [name for name in names if name not in (table.time, table.end_time)]
                if names:
                    lines.append(f"    {stype.value}: {', '.join(names)}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])

    __repr__ = describe

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.describe())}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"format": 1, "tables": [asdict(table) for table in self.tables], "notes": list(self.notes)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """Read back what :meth:`to_dict` wrote.

        Raises
        ------
        SchemaError
            If the value is not a schema of format 1.
        """
        if data.get("format") != 1:
            got = f"got format {data.get('format')!r}"
            raise SchemaError(explain("a schema of format 1 was asked for", got))
        try:
            tables = tuple(_table_from_dict(table) for table in data["tables"])
        except (KeyError, TypeError, ValueError) as error:
            text = explain("a schema was read", f"it is malformed ({error!r})", do="Save it again")
            raise SchemaError(text) from error
        return cls(tables, tuple(data.get("notes", ())))

    def save(self, path: str | Path) -> None:
        """Write the schema as JSON."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Schema:
        """Read a schema that :meth:`save` wrote."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))


def _table_from_dict(data: Mapping[str, Any]) -> Table:
    columns = tuple(Column(**{**c, "stype": Stype(c["stype"])}) for c in data["columns"])
    keys = tuple(ForeignKey(**key) for key in data["foreign_keys"])
    edge = tuple(data["edge"]) if data.get("edge") else None
    return Table(**{**data, "columns": columns, "foreign_keys": keys, "edge": edge})


def _with_stype(table: Table, column: str | None, stype: Stype) -> Table:
    if column is not None:
        table.column(column)
    columns = tuple(replace(c, stype=stype) if c.name == column else c for c in table.columns)
    return replace(table, columns=columns)


def _headline(table: Table) -> str:
    parts = [f"key {table.primary_key}" if table.primary_key else "no key"]
    why = next((column.note for column in table.columns if column.name == table.time), "")
    known = f"time {table.time}" + (f" ({why})" if why else "")
    parts.append(known if table.time else "static: always visible")
    if table.end_time:
        parts.append(f"end {table.end_time}")
    parts += [f"{key.column} -> {key.table}" for key in table.foreign_keys]
    if table.edge:
        parts.append(f"edges {' -> '.join(table.foreign_key(end).table for end in table.edge)}")
    return "; ".join(parts)
