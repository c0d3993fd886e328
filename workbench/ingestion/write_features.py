"""Stage ``features``: the feature columns of each table as a segment of fixed-stride rows."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from itertools import product
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from workbench.ingestion.encode import Coder, Decoded, decode_block, sections_of
from workbench.ingestion.failpoints import failpoint
from workbench.ingestion.job import Job
from workbench.ingestion.layout import feature_columns, group_layout
from workbench.ingestion.text_encoder import TextEncoder, texts_of
from workbench.ingestion.widths import other_widths
from workbench.schema import Column, Stype, Table
from workbench.stores.features import GroupLayout
from workbench.stores.segments import SegmentWriter, encode_rows

AHEAD = 3
"""Blocks decoded ahead of the one that is written."""


def write_features(
    job: Job,
    table: Table,
    rows: int,
    codes: Mapping[str, str] | None = None,
) -> tuple[GroupLayout, Coder] | None:
    """Encode and write one table; None if it has no feature columns.

    Parameters
    ----------
    codes : dict column -> how it is stored, checked; others as they are read

    Returns
    -------
    layout : GroupLayout  with the number of codes of each categorical column
    coder : Coder  the dictionaries
    """
    columns = feature_columns(table)
    if not columns:
        return None
    file = job.file("table", table.name)
    texts = texts_of(job.texts, table)
    widths = embedding_widths(file, columns, job.check) | other_widths(file, columns, texts)
    layout = group_layout(table, rows, {}, widths, codes)
    assert layout is not None
    coder = Coder()
    dropped = {column.name: 0 for column in columns}
    with SegmentWriter(job.root, job.path("features", ".seg"), layout) as segment:
        for decoded in _decoded_blocks(job, file, columns, widths, texts):
            sections, present = sections_of(layout, decoded, coder)
            segment.append(encode_rows(layout, sections, present))
            for column, part in zip(columns, decoded, strict=True):
                dropped[column.name] += part.dropped
            failpoint("during-features")
            job.progress(len(present))
        job.add(segment.finish())
    job.warnings.extend(dropped_notes(table.name, rows, columns, dropped, widths))
    cardinality = {name: len(codes) + 1 for name, codes in coder.codes.items()}
    final = group_layout(table, rows, cardinality, widths, codes)
    assert final is not None
    return final, coder


def _decoded_blocks(
    job: Job,
    file: Path,
    columns: tuple[Column, ...],
    widths: dict[str, int],
    texts: Mapping[str, TextEncoder],
) -> Iterator[list[Decoded]]:
    """Decode row groups in the pool's threads, a few ahead, and yield them in order."""
    groups = pq.read_metadata(file).num_row_groups
    names = [column.name for column in columns]

    def decode(index: int) -> list[Decoded]:
        with pq.ParquetFile(file) as parquet:
            block = parquet.read_row_group(index, columns=names, use_threads=False)
        return decode_block(columns, widths, block, texts)

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


def embedding_widths(
    file: Path, columns: tuple[Column, ...], check: Callable[[], None] = lambda: None
) -> dict[str, int]:
    """Elements of each embedding column: the most frequent length above 0 (of several, the longest).

    A column of nothing but empty or missing lists has no entry. ``check`` is called between row groups.
    """
    names = [column.name for column in columns if column.stype is Stype.EMBEDDING]
    counts: dict[str, Counter[int]] = {name: Counter() for name in names}
    with pq.ParquetFile(file) as parquet:
        for name, group in product(names, range(parquet.metadata.num_row_groups)):
            check()
            lists = parquet.read_row_group(group, columns=[name]).column(0)
            for entry in pc.value_counts(pc.list_value_length(lists)).to_pylist():
                if entry["values"]:
                    counts[name][entry["values"]] += entry["counts"]
    return {name: max(found, key=lambda n: (found[n], n)) for name, found in counts.items() if found}


def dropped_notes(
    table: str,
    rows: int,
    columns: tuple[Column, ...],
    dropped: Mapping[str, int],
    widths: Mapping[str, int],
) -> Iterator[str]:
    """What to say of values that are there and cannot be features, a sentence for each column of such.

    Parameters
    ----------
    rows : int  that were looked at
    dropped : dict column -> values that could not be encoded
    widths : dict column -> elements that its values have room for
    """
    for column in columns:
        count, width = dropped.get(column.name, 0), widths.get(column.name)
        if not count:
            continue
        if column.stype is Stype.MULTICATEGORICAL:
            yield f"{table}.{column.name}: {count:,} categories are left out, beyond {width} in a row"
            continue
        why = "NaN, infinite, too large for float32"
        if column.stype is Stype.EMBEDDING:
            why += (
                f" or lists of another length than {width}, the most frequent" if width else " or empty lists"
            )
        yield f"{table}.{column.name}: {count:,} of {rows:,} values are {why}; they are stored as missing"
