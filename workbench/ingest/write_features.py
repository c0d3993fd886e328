"""Stage ``features``: the feature columns of each table as a segment of fixed-stride rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workbench.ingest.encode import Coder, Decoded, decode_block, sections_of
from workbench.ingest.failpoints import failpoint
from workbench.ingest.job import Job
from workbench.ingest.layout import feature_columns, group_layout
from workbench.schema import Column, Stype, Table
from workbench.stores.features import GroupLayout
from workbench.stores.segments import SegmentWriter, encode_rows

AHEAD = 3
"""Blocks decoded ahead of the one that is written."""


def write_features(job: Job, table: Table, rows: int) -> tuple[GroupLayout, Coder] | None:
    """Encode and write one table; None if it has no feature columns.

    Returns
    -------
    layout : GroupLayout  with the number of codes of each categorical column
    coder : Coder  the dictionaries
    """
    columns = feature_columns(table)
    if not columns:
        return None
    file = job.file("table", table.name)
    widths = embedding_widths(file, columns)
    layout = group_layout(table, rows, {}, widths)
    assert layout is not None
    coder = Coder()
    absent = np.zeros(len(columns), np.int64)
    with SegmentWriter(job.root, job.path("features", ".seg"), layout) as segment:
        for decoded in _decoded_blocks(job, file, columns, widths):
            sections, present = sections_of(layout, decoded, coder)
            segment.append(encode_rows(layout, sections, present))
            absent += len(present) - present.sum(axis=0)
            failpoint("during-features")
            job.progress(len(present))
        job.add(segment.finish())
    _warn_dropped(job, table, file, columns, absent)
    cardinality = {name: len(codes) + 1 for name, codes in coder.codes.items()}
    final = group_layout(table, rows, cardinality, widths)
    assert final is not None
    return final, coder


def _decoded_blocks(
    job: Job, file: Path, columns: tuple[Column, ...], widths: dict[str, int]
) -> Iterator[list[Decoded]]:
    """Decode row groups in the pool's threads, a few ahead, and yield them in order."""
    groups = pq.read_metadata(file).num_row_groups
    names = [column.name for column in columns]

    def decode(index: int) -> list[Decoded]:
        with pq.ParquetFile(file) as parquet:
            block = parquet.read_row_group(index, columns=names, use_threads=False)
        return decode_block(columns, widths, block)

    waiting: deque[Future[list[Decoded]]] = deque()
    try:
        for index in range(groups):
            waiting.append(job.pool.submit(decode, index))
            if len(waiting) > AHEAD:
                yield job.wait(waiting.popleft())
        while waiting:
            yield job.wait(waiting.popleft())
    finally:
        for future in waiting:
            future.cancel()


def embedding_widths(file: Path, columns: tuple[Column, ...]) -> dict[str, int]:
    """Elements of each embedding column: the length of the first list that is there."""
    widths = {}
    for column in columns:
        if column.stype is not Stype.EMBEDDING:
            continue
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(columns=[column.name], batch_size=4096):
                lengths = pc.list_value_length(batch.column(0)).drop_null()
                if len(lengths):
                    widths[column.name] = int(lengths[0].as_py())
                    break
    return widths


def _warn_dropped(
    job: Job, table: Table, file: Path, columns: tuple[Column, ...], absent: np.ndarray
) -> None:
    """Values that are there but could not be encoded (NaN, infinite, lists of another length)."""
    metadata = pq.read_metadata(file)
    nulls = null_counts(metadata)
    for column, missing in zip(columns, absent, strict=True):
        known = nulls.get(column.name)
        if column.stype is Stype.EMBEDDING or known is None:
            continue
        if missing > known:
            job.warn(
                f"{table.name}.{column.name}: {missing - known:,} of {metadata.num_rows:,} values are NaN, "
                "infinite or too large for float32; they are stored as missing"
            )


def null_counts(metadata: pq.FileMetaData) -> dict[str, int]:
    """Nulls per flat column, from the statistics of a Parquet file; columns without statistics are absent."""
    totals: dict[str, int] = {}
    lacking: set[str] = set()
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            name, statistics = column.path_in_schema, column.statistics
            if statistics is None or not statistics.has_null_count:
                lacking.add(name)
            else:
                totals[name] = totals.get(name, 0) + statistics.null_count
    return {name: count for name, count in totals.items() if name not in lacking}
