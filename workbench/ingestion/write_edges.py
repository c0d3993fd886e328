"""Stage ``edges``: foreign keys looked up, sorted into CSC both ways, and written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from workbench.ingestion.built import Built
from workbench.ingestion.edges import Link, count_edges, edge_arrays, follows_nodes, link_rows
from workbench.ingestion.failpoints import failpoint
from workbench.ingestion.folder import UNFINISHED
from workbench.ingestion.job import Job
from workbench.ingestion.large_edges import link_file, write_large
from workbench.ingestion.write_tables import read_column
from workbench.schema import EdgeSpec, EdgeType, ForeignKey, Schema, Table
from workbench.stores.durable import write_file
from workbench.stores.manifest import FileEntry

Written: TypeAlias = tuple[list[FileEntry], int]
"""Files of an edge type, and its edges."""

LOW_MATCH = 0.9
"""A foreign key that matches less often than this is warned about."""

IN_MEMORY: int = 1 << 26
"""Edges of tables with more rows than this are sorted in files, in bounded memory."""


def write_edges(job: Job, schema: Schema, dtype: np.dtype[Any], built: Built) -> None:
    """Fill ``links``, ``edges`` and ``follow``.

    Raises
    ------
    IngestError
        If a foreign key is of another type than the primary key it points at.
    """
    columns = list(enumerate((table, key) for table in schema for key in table.foreign_keys))
    end = job.done + sum(built.rows.values())
    links = job.run_all(partial(_look_up, job, number, *column, dtype, built) for number, column in columns)
    for (_, (table, key)), link in zip(columns, links, strict=True):
        built.links[table.name, key.column] = link
        warn_link(job, f"{table.name}.{key.column} -> {key.table}", link)
    written = _write_small(job, schema, built) | _write_large(job, schema, built)
    for spec in _specs(schema):
        job.files.extend(written[spec.edge_type][0])
    for spec in schema.edge_specs:
        built.edges[str(spec.edge_type)] = written[spec.edge_type][1]
        if follows_nodes(spec, built.links, built.times):
            built.follow.append(str(spec.edge_type))
    job.progress(end - job.done)
    failpoint("after-edges")


def _specs(schema: Schema) -> tuple[EdgeSpec, ...]:
    """Edges, and versions of nodes, which are found in the same way."""
    return schema.edge_specs + schema.history_specs


def _look_up(
    job: Job, number: int, table: Table, key: ForeignKey, dtype: np.dtype[Any], built: Built
) -> Link:
    job.check()
    if _is_large(built, table.name):
        path = job.root / UNFINISHED / "links" / str(number)
        return link_file(job, path, table.name, key, built.keys[key.table], dtype)
    values = read_column(job.file("table", table.name), key.column)
    return link_rows(table.name, key.column, values, built.keys[key.table], dtype)


def _is_large(built: Built, table: str) -> bool:
    return built.rows[table] > IN_MEMORY


def _write_small(job: Job, schema: Schema, built: Built) -> dict[EdgeType, Written]:
    """Edge types that are sorted in memory, side by side."""
    small = [spec for spec in _specs(schema) if not _is_large(built, spec.table)]
    tasks = [partial(_write_edge_type, job, spec, built, _paths(job, spec)) for spec in small]
    return {spec.edge_type: part for spec, part in zip(small, job.run_all(tasks), strict=True)}


def _write_large(job: Job, schema: Schema, built: Built) -> dict[EdgeType, Written]:
    """Edge types that are sorted in files, one after the other, so that memory is that of one."""
    large = [spec for spec in _specs(schema) if _is_large(built, spec.table)]
    sorted_types = Counter(spec.table for spec in large if spec.layout != "column")
    written = {}
    for spec in large:
        # Each row of the table is passed over by count, split and sort of each of its edge types.
        passes = 3 * sorted_types[spec.table]
        report = partial(_report, job, passes)
        written[spec.edge_type] = write_large(job, spec, built.links, built.rows, _paths(job, spec), report)
    return written


def _report(job: Job, passes: int, _stage: str, done: int) -> None:
    job.progress(done // passes)


def _paths(job: Job, spec: EdgeSpec) -> dict[str, str]:
    roles = {"column": ("nbr",), "fact": ("indptr", "nbr"), "edges": ("indptr", "nbr", "eid")}
    return {role: job.path("graph", f".{role}") for role in roles[spec.layout]}


def _write_edge_type(job: Job, spec: EdgeSpec, built: Built, paths: Mapping[str, str]) -> Written:
    """Sort and write one edge type, in a thread: sorting releases the GIL, and fsync waits for the disk."""
    job.check()
    arrays = edge_arrays(spec, built.links, built.rows)
    entries = []
    for role, path in paths.items():
        entries.append(write_file(job.root, path, role, str(spec.edge_type), arrays[role]))
        failpoint("during-edges")
    return entries, count_edges(spec, built.links, arrays)


def warn_link(job: Job, name: str, link: Link, so: str = "their edges are dropped") -> None:
    """Say how many keys dangle, and what becomes of them, or that all are null."""
    keyed = len(link.rows) - link.null
    if link.dangling:
        share = 1 - link.dangling / keyed
        low = "; low match: is it the right key?" if share < LOW_MATCH else ""
        job.warn(
            f"{name}: {link.dangling:,} of {keyed:,} keys dangle ({share:.1%} match), such as "
            f"{', '.join(link.examples)}; {so}{low}"
        )
    elif not keyed and len(link.rows):
        job.warn(f"{name}: every key is null; there are no such edges")
