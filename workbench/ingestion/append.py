"""Append: new rows of an ingested dataset, in time and in work that grows with them alone.

    wb.ingest(tables_of_yesterday, schema, "stores/shop", append=True)

Rows must be later than the stored rows of their table (or as late): they then get the next ids, no stored
file changes, and samples at older anchors stay what they were, bit by bit. An append is an edit
(``ingestion/edit.py``) that also brings times, keys and links; opening merges them in memory
(``stores/appended.py``), a compaction folds them in.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import IngestError, SchemaError, explain
from workbench.ingestion.check import ColumnKinds, check_tables
from workbench.ingestion.edges import Link, link_rows
from workbench.ingestion.edit import encoded_rows
from workbench.ingestion.editable import Encoders
from workbench.ingestion.job import Job
from workbench.ingestion.tables import Tables
from workbench.ingestion.write_edges import warn_link
from workbench.ingestion.write_tables import warn_times, warn_unparsed, write_table
from workbench.kernels.csc import no_neighbor
from workbench.schema import Schema, Table
from workbench.stores.appended import link_name
from workbench.stores.dataset import Dataset, collect_orphans
from workbench.stores.durable import write_file
from workbench.stores.key_map import KeyMap, normalise_keys
from workbench.stores.manifest import Manifest
from workbench.stores.records import ColumnRef
from workbench.stores.sql import ROW
from workbench.temporal import NO_TIME, iso
from workbench.types import AnyArray, TimeArray


@dataclass
class _Appended:
    """What the stages of an append have made so far."""

    rows: dict[str, pa.Table] = field(default_factory=dict)
    times: dict[str, TimeArray] = field(default_factory=dict)
    keys: dict[str, KeyMap] = field(default_factory=dict)
    links: dict[ColumnRef, Link] = field(default_factory=dict)


def append_tables(
    job: Job, tables: Tables, schema: Schema, dataset: Dataset
) -> tuple[Manifest, dict[ColumnRef, list[str]]]:
    """Write the files of an append; nothing is committed.

    Parameters
    ----------
    job : Job  of the snapshot that the append makes
    tables : Tables  tables that are not among them get no rows
    schema : Schema  as the dataset was ingested
    dataset : Dataset  at its newest snapshot

    Raises
    ------
    IngestError
        If rows are earlier than stored ones or have no time, keys are there already, or values have other
        types; nothing stored was changed.
    """
    collect_orphans(job.root)  # what a crash left has names that are needed now
    _expect_schema(schema, dataset.schema)
    encoders = Encoders(dataset, job.texts)
    schema, made = dataset.schema, _Appended()
    for table in schema:
        if table.name not in tables.names:
            tables = tables.add(table.name, _stored_schema(dataset, table.name).empty_table())
    kinds = check_tables(tables, schema)
    with job.stage("tables"):
        for table in schema:
            _read_rows(job, tables, table, kinds, dataset, made)
    with job.stage("keys"):
        for table in schema:
            _write_keys(job, table, dataset, made)
    words, groups = dataset.dictionaries(), {layout.group: layout for layout in dataset.manifest.groups}
    with job.stage("features"):
        for name, layout in groups.items():
            if name in made.rows:
                texts = encoders.of(schema[name])
                layout, delta = encoded_rows(schema[name], layout, made.rows[name], words, texts)
                groups[name] = replace(layout, rows=dataset.manifest.rows(name) + len(made.rows[name]))
                path = job.path("features", ".delta")
                job.add(write_file(job.root, path, "delta", name, *delta.to_bytes(layout)))
    with job.stage("edges"):
        for table in schema:
            _write_links(job, table, dataset, made)
        follow = tuple(_following(schema, dataset, made))
    counts = {name: len(rows) for name, rows in made.rows.items()}
    dated = {name: count + counts.get(name, 0) for name, count in dataset.manifest.dated_rows.items()}
    after = dataset.manifest.edited(
        job.files, counts, groups=tuple(groups.values()), dated_rows=dated, edges_follow_nodes=follow
    )
    return after, words


def _expect_schema(given: Schema, stored: Schema) -> None:
    """Refuse rows of another schema; notes and types as the source had them do not count."""
    for table in given:
        known = stored[table.name]
        ours, theirs = (
            (
                {column.name: column.stype for column in side.columns},
                side.primary_key,
                side.time,
                side.end_time,
                set(side.foreign_keys),
                side.edge,
            )
            for side in (known, table)
        )
        if ours != theirs:
            got = f"table {table.name!r} has other columns, types, keys or times than the stored one"
            do = "Take the dataset's own schema: wb.open(path).schema"
            raise SchemaError(explain("rows were appended", got, do=do))


def _stored_schema(dataset: Dataset, table: str) -> pa.Schema:
    return pq.read_schema(dataset.table_files(table)[0])


def _read_rows(
    job: Job, tables: Tables, table: Table, kinds: ColumnKinds, dataset: Dataset, made: _Appended
) -> None:
    """Sort and type the new rows of a table, check their times, and write them with their ids."""
    warn_unparsed(job, tables, table, kinds[table.name])
    typed = pq.read_table(job.root / write_table(job, tables, table, kinds[table.name]))
    if not len(typed):
        return
    asked, before = f"rows of table {table.name!r} were appended", dataset.manifest.rows(table.name)
    if before + len(typed) >= no_neighbor(np.dtype(dataset.manifest.id_dtype)) // 2:
        raise IngestError(
            explain(asked, f"there would be {before + len(typed):,}", "fewer than ids can hold")
        )
    try:
        typed = typed.cast(_stored_schema(dataset, table.name))
    except (pa.ArrowException, ValueError) as error:
        raise IngestError(
            explain(asked, f"values have other types than the stored ones ({error})")
        ) from error
    if table.time is not None:
        clock = typed.column(table.time).cast(pa.int64()).fill_null(NO_TIME).to_numpy()
        _expect_later(asked, table, clock, _clock(dataset, table.name))
        made.times[table.name] = clock
        warn_times(job, table, clock)
        job.add(write_file(job.root, job.path("graph", ".time"), "time", table.name, clock))
    made.rows[table.name] = typed.append_column(ROW, pa.array(np.arange(before, before + len(typed))))
    sink = pa.BufferOutputStream()
    pq.write_table(made.rows[table.name], sink)
    path = job.path("tables", ".parquet")
    job.add(write_file(job.root, path, "edit", table.name, memoryview(sink.getvalue())))
    job.progress(len(typed))


def _clock(dataset: Dataset, table: str) -> TimeArray:
    """Times of all stored rows of a timed table, those of earlier appends among them."""
    return np.concatenate([np.fromfile(file, np.int64) for file in dataset.files("time", table)])


def _expect_later(asked: str, table: Table, new: TimeArray, stored: TimeArray) -> None:
    do = "Ingest all rows again"
    if len(stored) and stored[-1] == NO_TIME:
        undated = int((stored == NO_TIME).sum())
        got = f"{undated:,} stored rows have no {table.time!r}; they are last, and nothing can follow them"
        raise IngestError(explain(asked, got, do=f"{do}, without those"))
    undated = int((new == NO_TIME).sum())
    if undated:
        got = f"{undated:,} of {len(new):,} have no {table.time!r}: they would never be visible"
        raise IngestError(explain(asked, got, do=f"Leave them out: tables.where({table.name!r}, ...)"))
    late = int((new < stored[-1]).sum()) if len(stored) else 0
    if late:
        got = f"{late:,} of {len(new):,} are earlier than the last stored row"
        raise IngestError(explain(asked, got, f"{table.time!r} from {iso(int(stored[-1]))} on", do))


def _write_keys(job: Job, table: Table, dataset: Dataset, made: _Appended) -> None:
    """Keys of a table's new rows, and the map of all keys for the links to it."""
    stored = made.keys[table.name] = KeyMap.open(dataset, table.name)
    rows = made.rows.get(table.name)
    if rows is None:
        return
    first = dataset.manifest.rows(table.name)
    if table.primary_key is None:
        made.keys[table.name] = KeyMap(table.name, first + len(rows))
        return
    values = rows.column(table.primary_key).combine_chunks()
    new = KeyMap.build(table.name, table.primary_key, values)
    asked = f"keys of table {table.name!r} were appended"
    keys = normalise_keys(values)
    assert keys is not None  # or no map could have been built
    known = keys.filter(pa.array(replace(stored, deleted=stored.deleted[:0]).lookup(keys) >= 0))
    if len(known):
        got = f"{len(known):,} of {len(keys):,} are there already, such as {known[:5].to_pylist()}"
        do = "Change rows with wb.edit, or leave them out; keys of deleted rows are not free again"
        raise IngestError(explain(asked, got, do=do))
    new = new.explicit(first)
    made.keys[table.name] = stored.joined(new)
    path = job.path("keys", ".arrow")
    job.add(write_file(job.root, path, "keys", table.name, memoryview(new.to_bytes())))


def _write_links(job: Job, table: Table, dataset: Dataset, made: _Appended) -> None:
    if table.name not in made.rows:
        return
    for key in table.foreign_keys:
        values = made.rows[table.name].column(key.column).combine_chunks()
        ids = np.dtype(dataset.manifest.id_dtype)
        link = link_rows(table.name, key.column, values, made.keys[key.table], ids)
        warn_link(job, f"{table.name}.{key.column} -> {key.table}", link)
        made.links[table.name, key.column] = link
        path, name = job.path("graph", ".link"), link_name(table.name, key.column)
        job.add(write_file(job.root, path, "link", name, link.rows[:]))


def _following(schema: Schema, dataset: Dataset, made: _Appended) -> list[str]:
    """Edge types whose every edge, new ones too, is at or after its src node."""
    kept = []
    for spec in schema.edge_specs:
        name, src = str(spec.edge_type), spec.edge_type.src
        if name not in dataset.manifest.edges_follow_nodes:
            continue
        if spec.layout != "fact" and schema[src].time is not None and spec.table in made.times:
            born = np.concatenate([_clock(dataset, src), made.times.get(src, np.empty(0, np.int64))])
            ends: AnyArray = made.links[spec.table, str(spec.src_column)].rows[:]
            linked = ends != no_neighbor(ends.dtype)
            if (born[ends[linked]] > made.times[spec.table][linked]).any():
                continue
        kept.append(name)
    return kept
