"""Tables: named tables over one DuckDB database, edited by methods that return new values.

A table is an SQL query over a registered source; nothing is read before it is asked for.

    tables = read_tables("data/shop/*.parquet")
    tables = tables.split("retail", key="CustomerID", columns=["Country"], new_name="customers")
    tables["customers"]                       # prints a preview
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from workbench.errors import TableError, did_you_mean, expect, explain
from workbench.ingestion.sources import Sources, asking, group_files
from workbench.ingestion.split import conflicts_sql, entity_name, entity_sql
from workbench.ingestion.twins import refuse_twins
from workbench.stores.sql import quote_name, quote_names

PREVIEW_ROWS = 5


def read_tables(source: Any, name: str | None = None) -> Tables:
    """Read tables.

    Parameters
    ----------
    source : path, glob or folder of Parquet or CSV files (a table per file, named by its stem; a
        sub-folder is one table of many parts); or a dict of name -> path, list of paths, Arrow table,
        reader or dataset, pandas frame, DuckDB relation; or one of these with ``name``.
    name : str, optional
        Name of the table when the source is a single one.

    Raises
    ------
    TableError
        If a source cannot be read, or two columns differ only by case.
    """
    if isinstance(source, Tables):
        return source
    sources = Sources.create()
    if isinstance(source, Mapping):
        named: dict[str, Any] = {str(key): value for key, value in source.items()}
    elif isinstance(source, (str, Path)) and name is None:
        named = dict(group_files(source))
    elif name is not None:
        named = {name: source}
    else:
        raise TableError(
            explain(
                "a table was read",
                f"a {type(source).__name__} came without a name",
                "a path, or a dict of name -> table",
                "Say read_tables({'name': table})",
            )
        )
    if not named:
        raise TableError(explain("tables were read", "got an empty dict", "one table or more"))
    queries = {key: sources.add(value, key) for key, value in named.items()}
    return Tables(sources, queries)


@dataclass(frozen=True, repr=False)
class TableView:
    """One table of :class:`Tables`; prints a preview."""

    tables: Tables
    name: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(self.types)

    @property
    def types(self) -> dict[str, str]:
        """DuckDB type of each column."""
        return self.tables.types(self.name)

    def __len__(self) -> int:
        return self.tables.count(self.name)

    def head(self, rows: int = PREVIEW_ROWS) -> pa.Table:
        """The first rows."""
        return self.tables.query(f"SELECT * FROM ({self.tables.sql(self.name)}) LIMIT {int(rows)}")

    def __repr__(self) -> str:
        table = self.head()
        header = f"{self.name}: {len(self):,} rows x {len(self.columns)} columns"
        body = table.to_pandas().to_string(index=False, max_cols=12, max_colwidth=24)
        return f"{header}\n{body}"

    def _repr_html_(self) -> str:
        frame = self.head().to_pandas()
        caption = f"{self.name}: {len(self):,} rows x {len(self.columns)} columns"
        return f"<p>{escape(caption)}</p>{frame.to_html(index=False)}"


@dataclass(frozen=True, repr=False)
class Tables(Mapping[str, TableView]):
    """Named tables, in order; every edit returns new Tables and leaves the old ones as they were.

    Attributes
    ----------
    sources : Sources  the database that the queries read
    queries : dict name -> SQL
    notes : tuple of str  what edits had to decide (conflicting values of a split, and so on)
    """

    sources: Sources
    queries: Mapping[str, str]
    notes: tuple[str, ...] = ()

    # -- reading ----------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """Table names, in order."""
        return tuple(self.queries)

    def __getitem__(self, name: str) -> TableView:
        self.sql(name)
        return TableView(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.queries)

    def __len__(self) -> int:
        return len(self.queries)

    def sql(self, name: str) -> str:
        """The query of a table.

        Raises
        ------
        TableError
            If there is no such table.
        """
        if name in self.queries:
            return self.queries[name]
        raise TableError(
            explain(
                f"table {name!r} was asked for",
                "it is not there",
                ", ".join(self.names) or "no tables at all",
                did_you_mean(name, self.names),
            )
        )

    def types(self, name: str) -> dict[str, str]:
        """DuckDB type of each column of a table."""
        rows = self.run(f"DESCRIBE {self.sql(name)}", f"the columns of {name!r} were asked for")
        return {row[0]: row[1] for row in rows.fetchall()}

    def count(self, name: str) -> int:
        """Rows of a table."""
        found = self.run(f"SELECT count(*) FROM ({self.sql(name)})", f"the rows of {name!r} were counted")
        row = found.fetchone()
        return int(row[0]) if row else 0

    def query(self, sql: str) -> pa.Table:
        """Run any query; each table is also a view under its own name.

        Raises
        ------
        TableError
            If DuckDB refuses it.
        """
        with asking("a query was run"):
            whole = self._with_views(sql)
            return self.sources.connect(whole).sql(whole).to_arrow_table()

    def arrow(self, name: str) -> pa.Table:
        """A whole table in memory."""
        return self.query(f"SELECT * FROM ({self.sql(name)})")

    def duckdb(self, name: str) -> duckdb.DuckDBPyRelation:
        """A table as a lazy DuckDB relation, on a connection of its own."""
        sql = self.sql(name)
        return self.sources.connect(sql).sql(sql)

    def _with_views(self, sql: str) -> str:
        views = ", ".join(f"{quote_name(name)} AS ({query})" for name, query in self.queries.items())
        return f"WITH {views} {sql}" if views and not sql.lstrip().lower().startswith("with") else sql

    def run(self, sql: str, asked: str) -> Any:
        """Run SQL on a connection of its own and return it (DB-API); ``asked`` opens the error message."""
        with asking(asked):
            return self.sources.connect(sql).execute(sql)

    # -- editing ----------------------------------------------------------------------------------

    def add(self, name: str, source: Any) -> Tables:
        """One more table, from anything that :func:`read_tables` reads; TableError if its name is taken."""
        if name in self.queries:
            raise TableError(explain(f"table {name!r} was added", "that name is taken", do="Drop it first"))
        return replace(self, queries={**self.queries, name: self.sources.add(source, name)})

    def rename(self, table: str, new_name: str | None = None, **columns: str) -> Tables:
        """Rename a table, or columns of it (``old='new'``).

        Raises
        ------
        TableError
            If a table or column is unknown, or the new name is taken.
        """
        query = self.sql(table)
        if columns:
            self._check_columns(table, columns)
            pairs = ", ".join(f"{quote_name(old)} AS {quote_name(new)}" for old, new in columns.items())
            query = f"SELECT * RENAME ({pairs}) FROM ({query})"
        target = new_name or table
        if target != table and target in self.queries:
            raise TableError(explain(f"table {table!r} was renamed", f"the name {target!r} is taken"))
        queries = {target if name == table else name: old for name, old in self.queries.items()}
        return self._checked({**queries, target: query}, target)

    def drop(self, table: str, columns: Sequence[str] | str | None = None) -> Tables:
        """Drop a table, or columns of it."""
        query = self.sql(table)
        if columns is None:
            return replace(self, queries={k: v for k, v in self.queries.items() if k != table})
        names = [columns] if isinstance(columns, str) else list(columns)
        self._check_columns(table, names)
        without = f"SELECT * EXCLUDE ({quote_names(names)}) FROM ({query})"
        return self._checked({**self.queries, table: without}, table)

    def derive(self, table: str, column: str, sql: str) -> Tables:
        """Add (or replace) a column by an SQL expression over the table's columns.

        Raises
        ------
        TableError
            If name or expression is no text, or DuckDB refuses the expression.
        """
        query = self.sql(table)
        asked = f"tables.derive(table={table!r}, column={column!r}, sql={sql!r})"
        expect(column, str, TableError, f"a column name in {asked}")
        expect(sql, str, TableError, f"an SQL expression in {asked}", "Write one, such as 'price * amount'")
        kept = "* EXCLUDE (" + quote_name(column) + ")" if column in self.types(table) else "*"
        derived = f"SELECT {kept}, ({sql}) AS {quote_name(column)} FROM ({query})"
        return self._checked({**self.queries, table: derived}, table, f"{asked} was asked for")

    def where(self, table: str, sql: str) -> Tables:
        """Keep the rows for which an SQL condition holds."""
        kept = f"SELECT * FROM ({self.sql(table)}) WHERE ({sql})"
        return self._checked({**self.queries, table: kept}, table)

    def split(
        self,
        table: str,
        key: str,
        columns: Sequence[str] = (),
        new_name: str | None = None,
        since: str | None = None,
    ) -> Tables:
        """Move columns that depend on ``key`` into an entity table of their own.

        ``key`` becomes the primary key of the new table and stays in the old one as foreign key. Where
        a key has several values in a column, one is kept, and a note says for how many keys: the most
        frequent of all rows, later ones included (the smallest of equally frequent ones), or with
        ``since`` the one of the first row. Rows without a key make no entity.

        Parameters
        ----------
        table, key : name of a table, and of the column of it that becomes the primary key
        columns : names  what moves with it
        new_name : str, optional
            By default the key without its ``id`` ending, lower case, plural: ``CustomerID`` -> ``customers``.
        since : str, optional
            A time column of ``table``: entities get ``first_<since>``, the moment of their first row, are
            not visible before it, and hold what that row says (missing if it says nothing; the smallest
            value of several rows of that moment). Without it they are static: known from the beginning
            of time, so values that change, such as a status, would tell the future.

        Raises
        ------
        TableError
            If a table or column is unknown, the key is among ``columns``, ``since`` holds no times, or
            the new name is taken.
        """
        columns = [columns] if isinstance(columns, str) else list(columns)
        self._check_columns(table, [key, *columns, *([since] if since else [])])
        self._check_since(table, since)
        target = new_name or entity_name(key)
        if key in columns:
            got, do = f"the key {key!r} is also a column to move", "Leave it out: the key is kept in both"
            raise TableError(explain(f"table {table!r} was split", got, do=do))
        if target in self.queries:
            got, do = f"the name {target!r} is taken", "Choose another with new_name="
            raise TableError(explain(f"table {table!r} was split", got, do=do))
        source = self.sql(table)
        rest = f"SELECT * EXCLUDE ({quote_names(columns)}) FROM ({source})" if columns else source
        entity = entity_sql(source, key, columns, since)
        edited = self._checked({**self.queries, table: rest, target: entity}, target)
        return replace(edited, notes=(*self.notes, *self._conflicts(table, key, columns, target, since)))

    def _conflicts(
        self, table: str, key: str, columns: Sequence[str], target: str, since: str | None
    ) -> list[str]:
        if not columns:
            return []
        sql = conflicts_sql(self.sql(table), key, columns)
        total, *found = self.run(sql, f"table {table!r} was split").fetchone()
        kept = (
            f"the one of the first row, by {since}, is kept"
            if since
            else "the most frequent is kept, chosen from later rows as well; "
            "since=<a time column> keeps the one known first"
        )
        return [
            f"{target}.{column}: {count:,} of {total:,} keys have several values; {kept}"
            for column, count in zip(columns, found, strict=True)
            if count
        ]

    def _check_since(self, table: str, since: str | None) -> None:
        """Refuse texts that are no ISO times: the first of ``02.01.2011`` and ``31.12.2010`` is the later."""
        if since is None or self.types(table)[since] != "VARCHAR":
            return
        name, asked = quote_name(since), f"table {table!r} was split"
        sql = f"SELECT min({name}) FROM ({self.sql(table)}) WHERE {name} IS NOT NULL "
        odd = self.run(f"{sql}AND TRY_CAST({name} AS TIMESTAMP) IS NULL", asked).fetchone()[0]
        if odd is not None:
            got = f"since={since!r} is a column of texts that are no ISO times, such as {odd!r}"
            do = f"Make it one with tables.derive({table!r}, {since!r}, 'strptime({name}, format)')"
            raise TableError(explain(asked, got, "dates, timestamps, ISO texts, numbers", do))

    def _check_columns(self, table: str, columns: Iterable[str]) -> None:
        known = list(self.types(table))
        for column in columns:
            if column not in known:
                raise TableError(
                    explain(
                        f"column {column!r} of table {table!r} was asked for",
                        "the table does not have it",
                        ", ".join(known),
                        did_you_mean(column, known),
                    )
                )

    def _checked(self, queries: Mapping[str, str], table: str, asked: str = "") -> Tables:
        edited, asked = replace(self, queries=queries), asked or f"table {table!r} was edited"
        rows = edited.run(f"DESCRIBE {queries[table]}", asked).fetchall()
        refuse_twins(asked, [row[0] for row in rows])
        return edited

    # -- printing ---------------------------------------------------------------------------------

    def __repr__(self) -> str:
        lines = [f"Tables({len(self)})"]
        for name in self.names:
            columns = ", ".join(self.types(name))
            lines.append(f"  {name}: {self.count(name):,} rows ({columns})")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])
