"""Do tables and schema fit each other? Asked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.errors import IngestError, explain
from workbench.ingestion.tables import Tables
from workbench.ingestion.twins import same_but_case
from workbench.ingestion.typed import SOURCE_ROW
from workbench.schema import Schema, Stype, Table
from workbench.stores.sql import ROW, quote_name

ColumnKinds = Mapping[str, Mapping[str, str]]
"""table -> column -> DuckDB type, as the source has it."""

RESERVED = {
    ROW: "which views use for the row id",
    SOURCE_ROW: "which an ingest uses for the order of the source",
    "file_row_number": "which DuckDB uses for the position of a row in its file",
}
"""Names that a column may not have, in any case, and why."""


def check_tables(tables: Tables, schema: Schema) -> ColumnKinds:
    """Refuse what cannot become a dataset; the source types of every table of the schema.

    Raises
    ------
    IngestError
        If the schema is empty, a table is not there, a column is missing or holds no lists where it should,
        names of tables differ only by case, names are reserved, keys do not match, or a column is both time
        and end time.
    """
    if not schema.tables:
        raise IngestError(explain("tables were ingested", "the schema has no tables", "one table or more"))
    lacking = [table.name for table in schema if table.name not in tables.names]
    if lacking:
        raise IngestError(
            explain(
                "tables were ingested",
                f"the schema's tables {lacking} are not among them",
                ", ".join(tables.names) or "no tables at all",
                "Infer the schema from these tables, or drop tables from it with schema.drop_table",
            )
        )
    twins = same_but_case(table.name for table in schema)
    if twins:
        got = f"the names {twins[0]!r} and {twins[1]!r} differ only by case, which SQL does not tell apart"
        do = f"Rename one with tables.rename({twins[1]!r}, new_name)"
        raise IngestError(explain("tables were ingested", got, do=do))
    kinds = {table.name: tables.types(table.name) for table in schema}
    for table in schema:
        check_columns(table, kinds[table.name])
        _check_links(schema, table)
    return kinds


def left_out(schema: Schema, kinds: ColumnKinds) -> list[str]:
    """Columns that the tables have and the schema does not name, as after an edit of the tables."""
    lacking = {t.name: [c for c in kinds[t.name] if c not in {own.name for own in t.columns}] for t in schema}
    return [
        f"{name}: left out, as the schema does not name them: {', '.join(columns)}; infer the schema again "
        "after an edit of the tables"
        for name, columns in lacking.items()
        if columns
    ]


def check_columns(table: Table, kinds: Mapping[str, str]) -> None:
    """Refuse a source whose columns are not those of a table of the schema.

    Raises
    ------
    IngestError
        If there are none, one is missing, holds no lists where it should or has a reserved name, or a column
        is both time and end time.
    """
    if not table.columns:
        raise IngestError(explain(f"table {table.name!r} was ingested", "it has no columns"))
    lacking = [column.name for column in table.columns if column.name not in kinds]
    if lacking:
        raise IngestError(
            explain(
                f"table {table.name!r} was ingested",
                f"its source lacks the columns {lacking} of the schema",
                ", ".join(kinds),
                "Infer the schema again from these tables, or rename columns with tables.rename",
            )
        )
    _check_names(table.name, kinds)
    _check_lists(table, kinds)
    named = (table.primary_key, table.time, table.end_time, *(key.column for key in table.foreign_keys))
    for name in named:
        if name is not None:
            table.column(name)
    if table.time is not None and table.time == table.end_time:
        raise IngestError(
            explain(
                f"table {table.name!r} was ingested",
                f"{table.time!r} is its time and its end time, so that no row is ever visible",
                "two columns",
                f"Choose when its rows begin with schema.set_time({table.name!r}, column)",
            )
        )


def _check_lists(table: Table, kinds: Mapping[str, str]) -> None:
    for column in table.columns:
        wanted = column.stype in (Stype.MULTICATEGORICAL, Stype.EMBEDDING)
        if wanted and not kinds[column.name].endswith("]"):
            split = f"string_split({quote_name(column.name)}, ',')"
            raise IngestError(
                explain(
                    f"{table.name}.{column.name} was ingested as {column.stype}",
                    f"its values are {kinds[column.name]}",
                    "lists",
                    f"Make lists with tables.derive({table.name!r}, {column.name!r}, {split!r}), for example",
                )
            )


def _check_names(table: str, kinds: Mapping[str, str]) -> None:
    asked, do = f"table {table!r} was ingested", "Rename it with tables.rename"
    for name in kinds:
        if name.lower() in RESERVED:
            got = f"it has a column {name!r}, {RESERVED[name.lower()]}"
            raise IngestError(explain(asked, got, do=do))


def _check_links(schema: Schema, table: Table) -> None:
    for key in table.foreign_keys:
        target = schema[key.table]
        if not target.is_node_type:
            why = "folded into edges by as_edge" if target.edge else "a history by as_history"
            raise IngestError(
                explain(
                    f"foreign key {table.name}.{key.column} -> {key.table} was ingested",
                    f"{key.table!r} is {why}, so it has no nodes to point at",
                    "a table that is a node type",
                    f"Remove the link with schema.unlink({table.name!r}, {key.column!r})",
                )
            )
    if table.edge is not None:
        for column in table.edge:
            table.foreign_key(column)
    if table.history is not None:
        schema.as_history(table.name, table.history_of)  # edits after it may have taken what it needs
