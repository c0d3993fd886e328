"""Append: new rows of an ingested dataset, in time and in work that grows with them alone.

    wb.ingest(tables_of_yesterday, schema, "stores/shop", append=True)

Rows that are later than the stored rows of their table (or as late) get the next ids, no stored file
changes, and samples at older anchors stay what they were, bit by bit. An append is an edit
(``ingestion/edit.py``) that also brings times, keys and links; opening merges them in memory
(``stores/appended.py``), a compaction folds them in. Rows that are earlier wait for a compaction
(``stores/late.py``), and so do links of stored rows whose keys come only now: seen at once, they would
change samples at older anchors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from workbench.errors import IngestError, SchemaError, did_you_mean, explain
from workbench.ingestion.check import ColumnKinds, check_columns
from workbench.ingestion.edges import Keys, Link, link_rows
from workbench.ingestion.editable import Encoders
from workbench.ingestion.encode import TextColumn
from workbench.ingestion.job import Job
from workbench.ingestion.new_keys import GrownKeys, new_keys
from workbench.ingestion.new_rows import NewRows, write_rows
from workbench.ingestion.tables import Tables
from workbench.ingestion.write_edges import warn_link
from workbench.ingestion.write_tables import warn_times, warn_unparsed, write_table
from workbench.kernels.csc import no_neighbor
from workbench.schema import Schema, Table
from workbench.stores.appended import clock_of, link_name
from workbench.stores.dataset import Dataset, collect_orphans
from workbench.stores.durable import write_file
from workbench.stores.edits import stored_schema
from workbench.stores.features import GroupLayout
from workbench.stores.key_map import KeyMap
from workbench.stores.late import LATE, LATE_DELTA
from workbench.stores.manifest import Manifest
from workbench.stores.records import ColumnRef
from workbench.temporal import NO_TIME, iso
from workbench.types import AnyArray

DANGLING = "they get edges when rows of those keys are appended and the dataset is compacted"
"""What becomes of new rows whose keys are not there."""


NULLS = '"NULL"'
"""DuckDB's type of a column without a value."""


@dataclass
class _Appended:
    """What the stages of an append have made so far: by table, of those that get rows."""

    rows: dict[str, NewRows] = field(default_factory=dict)
    groups: dict[str, GroupLayout] = field(default_factory=dict)
    keys: dict[str, Keys] = field(default_factory=dict)
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
        If keys are there already, or values have other types; nothing stored was changed.
    """
    collect_orphans(job.root)  # what a crash left has names that are needed now
    _expect_schema(schema, dataset.schema)
    encoders = Encoders(dataset, job.texts)
    schema, manifest = dataset.schema, dataset.manifest
    given = [table for table in schema if table.name in tables.names]
    tables = _typed_nulls(tables, _expect_columns(job, tables, schema), dataset)
    kinds = {table.name: tables.types(table.name) for table in given}
    for table in given:
        check_columns(table, kinds[table.name])
    made = _Appended(groups={layout.group: layout for layout in manifest.groups})
    with job.stage("tables"):
        for table in given:
            _read_rows(job, tables, table, kinds, dataset, made)
    with job.stage("keys"):
        for new in made.rows.values():
            _write_keys(job, new, dataset, made)
    words = dataset.dictionaries()
    with job.stage("features"):
        for new in made.rows.values():
            _write_rows(job, new, manifest, words, encoders.of(new.table), made)
    with job.stage("edges"):
        for new in made.rows.values():
            _write_links(job, new, dataset, made)
        follow = tuple(_following(schema, dataset, made))
    counts = {name: new.count for name, new in made.rows.items() if new.count}
    after = manifest.edited(
        job.files,
        counts,
        {name: new.late for name, new in made.rows.items() if new.late},
        groups=tuple(made.groups.values()),
        dated_rows={name: count + counts.get(name, 0) for name, count in manifest.dated_rows.items()},
        edges_follow_nodes=follow,
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
                side.history,
            )
            for side in (known, table)
        )
        if ours != theirs:
            got = f"table {table.name!r} has other columns, types, keys or times than the stored one"
            do = "Take the dataset's own schema: wb.open(path).schema"
            raise SchemaError(explain("rows were appended", got, do=do))


def _expect_columns(job: Job, tables: Tables, schema: Schema) -> dict[str, dict[str, str]]:
    """Refuse tables that the dataset does not have, and rows that lack columns; say what is left out.

    Returns
    -------
    dict table -> column -> DuckDB's type of it
    """
    known, kinds = [table.name for table in schema], dict[str, dict[str, str]]()
    for name in tables.names:
        if name not in known:
            near, asked = did_you_mean(name, known), f"rows of table {name!r} were appended"
            raise SchemaError(explain(asked, "the dataset has no such table", ", ".join(known), near))
        kinds[name] = there = tables.types(name)
        wanted = [column.name for column in schema[name].columns]
        lacking = [column for column in wanted if column not in there]
        if lacking:
            asked, got = f"rows of table {name!r} were appended", f"they lack the columns {lacking}"
            do = "Bring them, null where nothing is known"
            raise IngestError(explain(asked, got, f"all of {', '.join(wanted)}", do))
        odd = ", ".join(column for column in there if column not in wanted)
        if odd:
            do = "wb.edit(path) adds columns: edit.add_columns"
            job.warn(f"{name}: left out, as the dataset has no such columns: {odd}; {do}")
    return kinds


def _typed_nulls(tables: Tables, kinds: Mapping[str, Mapping[str, str]], dataset: Dataset) -> Tables:
    """Columns of nothing but nulls, in the types in which the dataset stores them."""
    for table, columns in kinds.items():
        empty = [name for name, kind in columns.items() if kind == NULLS]
        if not empty:
            continue
        stored = f"{table} as it is stored"
        types = tables.add(stored, dataset.table_files(table)[0]).types(stored)
        for name in (name for name in empty if name in types):
            tables = tables.derive(table, name, f"CAST(NULL AS {types[name]})")
    return tables


def _read_rows(
    job: Job, tables: Tables, table: Table, kinds: ColumnKinds, dataset: Dataset, made: _Appended
) -> None:
    """Sort and type the new rows of a table, in a file that no snapshot keeps, and look at their times."""
    warn_unparsed(job, tables, table, kinds[table.name])
    file = job.root / write_table(job, tables, table, kinds[table.name])
    last = _last_time(dataset, table)
    new = NewRows.of(table, file, stored_schema(dataset, table.name), last)
    if not new.rows:
        return
    made.rows[table.name] = new
    manifest = dataset.manifest
    total = manifest.rows(table.name) + manifest.late_rows(table.name) + new.rows
    if total >= no_neighbor(np.dtype(manifest.id_dtype)) // 2:
        asked = f"rows of table {table.name!r} were appended"
        raise IngestError(explain(asked, f"there would be {total:,}", "fewer than ids can hold"))
    if new.clock is not None:
        warn_times(job, table, new.clock)
        _warn_late(job, new, last)


def _last_time(dataset: Dataset, table: Table) -> int | None:
    """Time of the last stored row, those of earlier appends among them; None where there is none."""
    if table.time is None:
        return None
    for file in reversed(dataset.files("time", table.name)):
        if size := file.stat().st_size:
            return int(np.fromfile(file, np.int64, offset=size - 8)[0])
    return None


def _warn_late(job: Job, new: NewRows, last: int | None) -> None:
    name, time = new.table.name, new.table.time
    if last == NO_TIME:
        why = (
            f"stored rows without a {time!r} are last, and nothing can follow them; to append at once again, "
            "delete those rows with wb.edit and compact"
        )
    else:
        count = new.begin if last is not None else 0
        why = f"{count:,} are earlier than the last stored row"
        why += f" ({iso(last)})" if count and last is not None else ""
        why += f", {new.rows - new.end:,} have no {time!r}" if new.rows > new.end else ""
    if new.late:
        job.warn(f"{name}: {new.late:,} of {new.rows:,} rows wait for a compaction, unseen until then: {why}")


def _keys(dataset: Dataset, table: Table, made: _Appended) -> Keys:
    """Keys of a table's rows, new ones too, read when a link or a new key first asks for them."""
    if table.name not in made.keys:
        new = made.rows.get(table.name)
        grown = table.primary_key is None and new is not None
        made.keys[table.name] = (
            KeyMap(table.name, dataset.manifest.rows(table.name) + new.count)
            if grown and new is not None
            else KeyMap.open(dataset, table.name)
        )
    return made.keys[table.name]


def _write_keys(job: Job, new: NewRows, dataset: Dataset, made: _Appended) -> None:
    """Keys of the rows that follow, into a file, and with those of all rows for the links to them."""
    table = new.table
    if table.primary_key is None:
        return
    stored = KeyMap.open(dataset, table.name)
    keys = new_keys(dataset, new, stored)
    made.keys[table.name] = GrownKeys(stored, keys)
    if new.count:
        path = job.path("keys", ".arrow")
        job.add(write_file(job.root, path, "keys", table.name, memoryview(keys.to_bytes())))


def _write_rows(
    job: Job,
    new: NewRows,
    manifest: Manifest,
    words: dict[ColumnRef, list[str]],
    texts: Mapping[str, TextColumn],
    made: _Appended,
) -> None:
    """Rows that follow, with their times, and late rows, with numbers in the order in which they came."""
    name, layout = new.table.name, made.groups.get(new.table.name)
    first, waiting = manifest.rows(name), manifest.late_rows(name)
    if new.count:
        layout = write_rows(job, new, new.following(), first, ("edit", "delta"), layout, words, texts)
        if new.clock is not None:
            job.add(write_file(job.root, job.path("graph", ".time"), "time", name, new.times))
    if new.late:
        layout = write_rows(job, new, new.others(), waiting, (LATE, LATE_DELTA), layout, words, texts)
    if layout is not None:
        made.groups[name] = replace(layout, rows=first + new.count)


def _write_links(job: Job, new: NewRows, dataset: Dataset, made: _Appended) -> None:
    table, ids = new.table, np.dtype(dataset.manifest.id_dtype)
    for key in table.foreign_keys if new.count else ():
        values = new.column(key.column)[new.begin : new.end]
        keys = _keys(dataset, dataset.schema[key.table], made)
        link = link_rows(table.name, key.column, values, keys, ids)
        warn_link(job, f"{table.name}.{key.column} -> {key.table}", link, DANGLING)
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
        new = made.rows.get(spec.table)
        if spec.layout != "fact" and schema[src].time is not None and new is not None and new.count:
            if new.clock is None:
                continue
            rows = made.rows.get(src)
            born = np.concatenate([clock_of(dataset, src), rows.times if rows else np.empty(0, np.int64)])
            ends: AnyArray = made.links[spec.table, str(spec.src_column)].rows[:]
            linked = ends != no_neighbor(ends.dtype)
            if (born[ends[linked]] > new.times[linked]).any():
                continue
        kept.append(name)
    return kept
