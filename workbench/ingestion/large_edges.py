"""Edges of tables that are too long for memory: foreign keys as files of row ids, sorted by buckets.

    spill-csc/links/1   row ids of a foreign key, looked up batch by batch
    spill-csc/<digest>  a build of CSC files; the digest is that of its columns

A crash leaves them where they are, and the next ingest goes on with a build of the same columns; any
orderly end of an ingest removes them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from workbench.ingestion.csc_columns import Report
from workbench.ingestion.csc_files import build_csc
from workbench.ingestion.edges import Link, link_rows
from workbench.ingestion.flat_files import FileIds, append, open_flat
from workbench.ingestion.folder import UNFINISHED
from workbench.ingestion.job import Job
from workbench.schema import EdgeSpec, ForeignKey
from workbench.stores.durable import DurableFile, adopt_file, checksum
from workbench.stores.key_map import KeyMap
from workbench.stores.manifest import FileEntry

BATCH: int = 1 << 24
"""Rows of a foreign key looked up at a time."""

EXAMPLES = 5
"""Dangling keys named in a warning."""


def link_file(job: Job, path: Path, table: str, key: ForeignKey, keys: KeyMap, dtype: np.dtype[Any]) -> Link:
    """Look up a foreign key into a file: :func:`~workbench.ingestion.edges.link_rows` in bounded memory.

    Raises
    ------
    IngestError
        If the key is of another type than the primary key it points at.
    IngestCancelled
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    null, dangling, examples = 0, 0, dict[str, None]()
    source = pq.ParquetFile(job.file("table", table))
    with source, open_flat(path) as file:
        for batch in source.iter_batches(BATCH, columns=[key.column]):
            job.check()
            link = link_rows(table, key.column, batch.column(0), keys, dtype)
            append(file, link.rows[:])
            null, dangling = null + link.null, dangling + link.dangling
            examples |= dict.fromkeys(link.examples)
    return Link(FileIds(path, dtype), null, dangling, tuple(examples)[:EXAMPLES])


def write_large(
    job: Job,
    spec: EdgeSpec,
    links: Mapping[tuple[str, str], Link],
    rows: Mapping[str, int],
    paths: Mapping[str, str],
    report: Report,
) -> tuple[list[FileEntry], int]:
    """Write an edge type whose links lie in files; entries by role, and the number of edges.

    Raises
    ------
    IngestCancelled
        From ``report``.
    """
    src = None if spec.layout == "fact" else links[spec.table, str(spec.src_column)]
    if spec.layout == "column":
        assert src is not None
        with DurableFile(job.root, paths["nbr"], "nbr", str(spec.edge_type)) as column:
            for begin in range(0, len(src.rows), BATCH):
                column.write(src.rows[begin : begin + BATCH])
        return [column.finish()], len(src.rows) - src.null - src.dangling
    dst, targets = links[spec.table, str(spec.dst_column)], rows[spec.edge_type.dst]
    folder = job.root / UNFINISHED / _digest(dst, src, targets)
    files = build_csc(
        dst.rows, targets, folder, report=report,
        src=None if src is None else src.rows, num_src=rows[spec.edge_type.src],
    )  # fmt: skip
    entries = []
    for role, file in files.paths.items():
        _link(file, job.root / paths[role])
        entries.append(adopt_file(job.root, paths[role], role, str(spec.edge_type)))
    return entries, files.edges


def _link(file: Path, target: Path) -> None:
    """A second name for a finished file: the first is there for the next ingest, if this one dies."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(file, target)


def _digest(dst: Link, src: Link | None, targets: int) -> str:
    """A name for a build, which another ingest of the same columns finds again."""
    ends = [dst.rows] if src is None else [dst.rows, src.rows]
    sums = [checksum(ids.path)[1] for ids in ends if isinstance(ids, FileIds)]
    return "-".join([*sums, str(targets), dst.rows.dtype.name])
