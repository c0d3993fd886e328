"""Stage ``edges``: foreign keys looked up, sorted into CSC both ways, and written."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import numpy as np

from workbench.ingest.built import Built
from workbench.ingest.edges import Link, count_edges, edge_arrays, follows_nodes, link_rows
from workbench.ingest.failpoints import failpoint
from workbench.ingest.job import Job
from workbench.ingest.write_tables import read_column
from workbench.schema import EdgeSpec, Schema
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
    for table in schema:
        for key in table.foreign_keys:
            values = read_column(job.file("table", table.name), key.column)
            link = link_rows(table.name, key.column, values, built.keys[key.table], dtype)
            built.links[table.name, key.column] = link
            _warn_link(job, f"{table.name}.{key.column} -> {key.table}", link)
        job.progress(built.rows[table.name])
    written = [_submit_edges(job, spec, built) for spec in schema.edge_specs]
    for spec, future in zip(schema.edge_specs, written, strict=True):
        entries, count = job.wait(future)
        for entry in entries:
            job.add(entry)
        built.edges[str(spec.edge_type)] = count
        if follows_nodes(spec, built.links, built.times):
            built.follow.append(str(spec.edge_type))
    failpoint("after-edges")


def _submit_edges(job: Job, spec: EdgeSpec, built: Built) -> Future[tuple[list[FileEntry], int]]:
    """Build and write one edge type in the pool: sorting releases the GIL, and fsync waits for the disk."""
    paths = {role: job.path("graph", f".{role}") for role in ("indptr", "nbr", "eid")}

    def work() -> tuple[list[FileEntry], int]:
        job.check()
        arrays = edge_arrays(spec, built.links, built.rows)
        entries = []
        for role, array in arrays.items():
            entries.append(write_file(job.root, paths[role], role, str(spec.edge_type), array))
            failpoint("during-edges")
        return entries, count_edges(spec, built.links, arrays)

    return job.pool.submit(work)


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
