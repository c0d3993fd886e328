"""Stage ``edges``: foreign keys looked up, sorted into CSC both ways, and written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from workbench.ingestion.built import Built
from workbench.ingestion.edges import Link, count_edges, edge_arrays, follows_nodes, link_rows
from workbench.ingestion.failpoints import failpoint
from workbench.ingestion.job import Job
from workbench.ingestion.write_tables import read_column
from workbench.schema import EdgeSpec, ForeignKey, Schema, Table
from workbench.stores.durable import write_file
from workbench.stores.manifest import FileEntry

LOW_MATCH = 0.9
"""A foreign key that matches less often than this is warned about."""


def write_edges(job: Job, schema: Schema, dtype: np.dtype[Any], built: Built) -> None:
    """Fill ``links``, ``edges`` and ``follow``.

    Raises
    ------
    IngestError
        If a foreign key is of another type than the primary key it points at.
    """
    columns = [(table, key) for table in schema for key in table.foreign_keys]
    links = job.run_all(partial(_look_up, job, table, key, dtype, built) for table, key in columns)
    for (table, key), link in zip(columns, links, strict=True):
        built.links[table.name, key.column] = link
        _warn_link(job, f"{table.name}.{key.column} -> {key.table}", link)
    specs = schema.edge_specs
    tasks = [partial(_write_edge_type, job, spec, built, _paths(job, spec)) for spec in specs]
    for spec, (entries, count) in zip(specs, job.run_all(tasks), strict=True):
        job.files.extend(entries)
        built.edges[str(spec.edge_type)] = count
        if follows_nodes(spec, built.links, built.times):
            built.follow.append(str(spec.edge_type))
    job.progress(sum(built.rows.values()))
    failpoint("after-edges")


def _look_up(job: Job, table: Table, key: ForeignKey, dtype: np.dtype[Any], built: Built) -> Link:
    job.check()
    values = read_column(job.file("table", table.name), key.column)
    return link_rows(table.name, key.column, values, built.keys[key.table], dtype)


def _paths(job: Job, spec: EdgeSpec) -> dict[str, str]:
    roles = {"column": ("nbr",), "fact": ("indptr", "nbr"), "edges": ("indptr", "nbr", "eid")}
    return {role: job.path("graph", f".{role}") for role in roles[spec.layout]}


def _write_edge_type(
    job: Job, spec: EdgeSpec, built: Built, paths: Mapping[str, str]
) -> tuple[list[FileEntry], int]:
    """Sort and write one edge type, in a thread: sorting releases the GIL, and fsync waits for the disk."""
    job.check()
    arrays = edge_arrays(spec, built.links, built.rows)
    entries = []
    for role, path in paths.items():
        entries.append(write_file(job.root, path, role, str(spec.edge_type), arrays[role]))
        failpoint("during-edges")
    return entries, count_edges(spec, built.links, arrays)


def _warn_link(job: Job, name: str, link: Link) -> None:
    keyed = len(link.rows) - link.null
    if link.dangling:
        share = 1 - link.dangling / keyed
        low = "; low match: is it the right key?" if share < LOW_MATCH else ""
        job.warn(
            f"{name}: {link.dangling:,} of {keyed:,} keys dangle ({share:.1%} match), such as "
            f"{', '.join(link.examples)}; their edges are dropped{low}"
        )
    elif not keyed and len(link.rows):
        job.warn(f"{name}: every key is null; there are no such edges")
