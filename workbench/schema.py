"""The schema: tables, columns, keys and the edge types that they imply. One frozen value.

Every table is a node type. A foreign key gives an edge type and its reverse, whose time and id are
those of the row that holds the key (the *fact row*). A table folded by ``as_edge`` is no node type:
its two foreign keys give one edge type and its reverse, and its rows are the edges. Nor is a table that
``as_history`` makes the history of another: its columns are attributes of that node type, which have the
values that they had at the anchor.

    orders(order_id, user_id -> users)       orders -user_id-> users     and rev_user_id back
    ratings(user_id, movie_id), as_edge      users  -ratings-> movies    and rev_ratings back
    prices(item_id, since), as_history       no edges: what an item cost at the anchor

Messages flow src -> dst; sampling walks dst -> src.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from workbench.errors import SchemaError, did_you_mean, explain
from workbench.table import Column, ForeignKey, Stype, Table

__all__ = ["Column", "EdgeSpec", "EdgeType", "ForeignKey", "Schema", "Stype", "Table"]


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
    """All tables of a dataset, in order. Edit with methods that return a new schema.

    Attributes
    ----------
    tables : tuple of Table
    notes : tuple of str  what ``infer_schema`` was in doubt of; they make no difference between schemas
    """

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

    @cached_property
    def node_types(self) -> tuple[str, ...]:
        """Names of the tables that are node types, in order."""
        return tuple(table.name for table in self.tables if table.is_node_type)

    def histories_of(self, node_type: str) -> tuple[str, ...]:
        """Names of the tables whose rows are versions of a node type's nodes, in order."""
        return tuple(table.name for table in self.tables if table.history_of == node_type)

    @property
    def static_tables(self) -> tuple[str, ...]:
        """Names of the tables without a time column, in order: every row is visible at every anchor."""
        return tuple(table.name for table in self.tables if table.time is None)

    @cached_property
    def edge_specs(self) -> tuple[EdgeSpec, ...]:
        """Every edge type with its source, forward before reverse, in table and key order."""
        specs: list[EdgeSpec] = []
        for table in self.tables:
            if table.history is not None:
                continue
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
    def history_specs(self) -> tuple[EdgeSpec, ...]:
        """Where versions of nodes lie, as edges from them to their node; no graph samples these."""
        specs = []
        for table in self.tables:
            if table.history is not None:
                edge_type = EdgeType(table.name, table.history, str(table.history_of))
                specs.append(EdgeSpec(edge_type, table.name, "fact", None, table.history))
        return tuple(specs)

    @cached_property
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
        if text in self._spellings:
            return self._spellings[text]
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

    @cached_property
    def _spellings(self) -> dict[str, EdgeType]:
        """Edge types by each of their spellings; of two that are spelled alike the first."""
        return {text: each for each in reversed(self.edge_types) for text in each.spellings}

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
            If a name is unknown, or ``target`` is folded into edges or a history.
        """
        owner = self[table]
        if not self[target].is_node_type:
            got = f"{target!r} is {'a history' if self[target].edge is None else 'folded into edges'}"
            raise SchemaError(explain(f"a link of {table}.{column} was asked for", got, str(self.node_types)))
        others = tuple(key for key in owner.foreign_keys if key.column != column)
        linked = replace(owner, foreign_keys=(*others, ForeignKey(column, target)))
        return self.with_table(linked.with_stype(column, Stype.ID))

    def unlink(self, table: str, column: str) -> Schema:
        """Make ``table.column`` no foreign key any more; it stays an id, which is no feature."""
        owner, key = self[table], self[table].foreign_key(column)
        edge = None if owner.edge and column in owner.edge else owner.edge
        history = None if owner.history == column else owner.history
        keys = tuple(other for other in owner.foreign_keys if other != key)
        return self.with_table(replace(owner, foreign_keys=keys, edge=edge, history=history))

    def set_primary_key(self, table: str, column: str | None) -> Schema:
        """Choose the primary key; None: rows are keyed by their number."""
        return self.with_table(replace(self[table], primary_key=column).with_stype(column, Stype.ID))

    def set_time(self, table: str, column: str | None) -> Schema:
        """Choose the time column; None: the table is static, its rows always visible."""
        end = None if self[table].end_time == column else self[table].end_time
        timed = replace(self[table], time=column, end_time=end)
        return self.with_table(timed.with_stype(column, Stype.TIMESTAMP))

    def set_end_time(self, table: str, column: str | None) -> Schema:
        """Choose the column that says when a row's event ended; it is never a feature."""
        return self.with_table(replace(self[table], end_time=column).with_stype(column, Stype.TIMESTAMP))

    def set_stype(self, table: str, column: str, stype: Stype | str) -> Schema:
        """Choose how a column is encoded; ``id`` and ``set_aside`` columns are no features.

        Raises
        ------
        SchemaError
            If there is no such type, table or column.
        """
        known = [kind.value for kind in Stype]
        if stype not in known:
            asked, near = f"semantic type {str(stype)!r} was asked for", did_you_mean(str(stype), known)
            got = "there is no such type"
            raise SchemaError(explain(f"{asked} {table}.{column}", got, ", ".join(known), near))
        return self.with_table(self[table].with_stype(column, Stype(stype)))

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
        self._expect_no_links_to(table, asked)
        if src == dst:
            got = "both ends are the same column"
            raise SchemaError(explain(asked, got, "two of its own foreign keys"))
        return self.with_table(replace(owner, edge=(src, dst), history=None))

    def as_history(self, table: str, of: str | None = None, valid_from: str | None = None) -> Schema:
        """Make a table the history of another: its rows are versions of the row that they point at.

        They are no nodes and give no edges. Their columns become attributes of that node type, and a seed
        sees of each node the version that was the newest at its anchor: of those of one instant the last,
        none before the first. A missing value in a version is one; it hides the value before it.

        Parameters
        ----------
        table : name of the table of versions
        of : name of the table that it is the history of; None: where its one foreign key points
        valid_from : column of the moment from which on a version holds; None: the time of the table

        Raises
        ------
        SchemaError
            If the table has no time, an end time, more foreign keys than one or one to another table, or
            is pointed at; or ``of`` is no node type.
        """
        timed = self if valid_from is None else self.set_time(table, valid_from)
        owner, asked = timed[table], f"table {table!r} was to be a history"
        keys = [f"{key.column} -> {key.table}" for key in owner.foreign_keys]
        target = of if of is not None or len(keys) != 1 else owner.foreign_keys[0].table
        if len(keys) != 1 or owner.foreign_keys[0].table != target or not self[target].is_node_type:
            got, do = f"its foreign keys are {', '.join(keys) or 'none'}", "Use schema.link, schema.unlink"
            raise SchemaError(explain(asked, got, f"just one, to a node type{f': {of!r}' if of else ''}", do))
        if owner.time is None or owner.end_time is not None:
            got = "it has no time" if owner.time is None else f"it has an end time, {owner.end_time!r}"
            do = "Pass valid_from=" if owner.time is None else f"Use schema.set_end_time({table!r}, None)"
            raise SchemaError(explain(asked, got, "a time, and no end: a version lasts until the next", do))
        self._expect_no_links_to(table, asked)
        done = timed.with_table(replace(owner, history=owner.foreign_keys[0].column, edge=None))
        asking = f"{table}: its rows are nodes; if they are versions"  # an inferred schema's note
        return replace(done, notes=tuple(note for note in done.notes if not note.startswith(asking)))

    def _expect_no_links_to(self, table: str, asked: str) -> None:
        pointing = [f"{t.name}.{k.column}" for t in self for k in t.foreign_keys if k.table == table]
        if pointing:
            got = f"{', '.join(pointing)} point at it"
            raise SchemaError(explain(asked, got, "a table that no foreign key points at"))

    @property
    def title(self) -> str:
        """What it counts: ``Schema: 1 table, 0 edge types``."""
        counts = {"table": len(self.tables), "edge type": len(self.edge_types)}
        return "Schema: " + ", ".join(f"{n} {name}{'s' * (n != 1)}" for name, n in counts.items())

    def describe(self) -> str:
        """Readable text: tables with keys and times, columns by semantic type, notes."""
        lines = [self.title]
        for table in self.tables:
            lines.append(f"  {table.name}: {table.headline()}")
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
        return {"format": 1, "tables": [table.to_dict() for table in self.tables], "notes": list(self.notes)}

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
            tables = tuple(Table.from_dict(table) for table in data["tables"])
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
