"""Tables without a time, which every anchor sees in full: named, and why one may be so by mistake."""

from __future__ import annotations

from workbench.ingestion.dates import OTHER
from workbench.query.kinds import Kind, kind_of
from workbench.query.labels import column_types, connection
from workbench.stores.dataset import Dataset
from workbench.stores.sql import quote_name, quote_text

SAMPLE = 100
"""Values of a column that are looked at."""

MOST = 0.9
"""Share of them that has to look like dates."""


def static_note(dataset: Dataset) -> str:
    """``always visible: drivers, circuits``, and texts that look like dates; empty if all are timed."""
    names = dataset.schema.static_tables
    if not names:
        return ""
    undated = undated_columns(dataset, names)
    doubts = [
        f"{table}.{column} holds texts such as {example!r}: if they are the times of its rows, read them "
        f"before the ingest: tables.derive({table!r}, {column!r}, 'strptime({quote_name(column)}, format)')"
        for table, column, example in undated
    ]
    return "; ".join([f"always visible: {', '.join(names)}", *doubts])


def undated_columns(dataset: Dataset, names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """(table, column, example) of texts that look like dates in another form than ISO."""
    found = []
    with connection(dataset) as con:
        types = column_types(con, dataset.schema)
        for table in names:
            for column in (c for c, kind in types[table].items() if kind_of(kind) is Kind.TEXT):
                name, rows = f"CAST(f.{quote_name(column)} AS VARCHAR)", f"{quote_name(table)} AS f"
                sample = f"SELECT {name} AS v FROM {rows} WHERE {name} IS NOT NULL LIMIT {SAMPLE}"
                like = f"regexp_matches(v, {quote_text(OTHER)})"
                share, example = con.execute(
                    f"SELECT avg(CAST({like} AS INT)), min(v) FROM ({sample})"
                ).fetchone()
                if share is not None and share >= MOST:
                    found.append((table, column, example))
    return found
