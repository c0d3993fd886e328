"""New rows of one table, typed and sorted in a file of their own: those that follow, and late ones.

    sorted by time     | late: before the last stored row | on time: next ids | without a time: late too |
                       0                               begin                 end                      rows

They are read and written block after block, so an append takes little memory, however many rows it brings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import IngestError, explain
from workbench.ingestion.encode import TextColumn
from workbench.ingestion.encoded_rows import encoded_rows
from workbench.ingestion.job import Job
from workbench.ingestion.row_groups import LARGEST
from workbench.ingestion.write_features import dropped_notes
from workbench.ingestion.write_tables import read_column
from workbench.schema import Table
from workbench.stores.compaction import FileSink
from workbench.stores.durable import DurableFile
from workbench.stores.features import GroupLayout
from workbench.stores.records import ColumnRef
from workbench.stores.sql import ROW
from workbench.temporal import NO_TIME
from workbench.types import TimeArray


@dataclass(frozen=True)
class NewRows:
    """Rows that an append brings to a table.

    Attributes
    ----------
    table : Table
    file : Path  Parquet of the schema's columns, in time order
    stored : pyarrow.Schema  of the table's stored files, as which rows are read
    rows, begin, end : int  all; those from ``begin`` to ``end`` follow the stored rows
    clock : int64[rows] or None  times, of a timed table
    """

    table: Table
    file: Path
    stored: pa.Schema
    rows: int
    begin: int
    end: int
    clock: TimeArray | None

    @classmethod
    def of(cls, table: Table, file: Path, stored: pa.Schema, last: int | None) -> NewRows:
        """Rows of a typed, sorted file.

        Parameters
        ----------
        last : int or None  time of the last stored row, ``NO_TIME`` if it has none; None: there is no row

        Notes
        -----
        Behind a stored row without a time nothing can follow: all rows are late then.
        """
        rows = int(pq.read_metadata(file).num_rows)
        if table.time is None:
            return cls(table, file, stored, rows, 0, rows, None)
        stamps = read_column(file, table.time).cast(pa.timestamp("us")).cast(pa.int64())
        clock = np.asarray(stamps.fill_null(NO_TIME).to_numpy(zero_copy_only=False))
        begin = 0 if last is None else int(np.searchsorted(clock, last))
        end = int(np.searchsorted(clock, NO_TIME))
        return cls(table, file, stored, rows, min(begin, end), end, clock)

    @property
    def count(self) -> int:
        """Rows that follow the stored ones."""
        return self.end - self.begin

    @property
    def late(self) -> int:
        """Rows that do not."""
        return self.rows - self.count

    @property
    def times(self) -> TimeArray:
        """int64[count]: times of the rows that follow."""
        assert self.clock is not None
        return self.clock[self.begin : self.end]

    def column(self, name: str) -> pa.Array:
        """A column of all rows.

        Raises
        ------
        IngestError
            If its values have another type than the stored ones.
        """
        return self._cast(pa.table({name: read_column(self.file, name)})).column(0).combine_chunks()

    def following(self) -> list[tuple[int, int]]:
        """Where the rows lie that follow the stored ones."""
        return [(self.begin, self.end)]

    def others(self) -> list[tuple[int, int]]:
        """Where the late rows lie."""
        return [(0, self.begin), (self.end, self.rows)]

    def blocks(self, ranges: Sequence[tuple[int, int]]) -> Iterator[pa.Table]:
        """Rows of some ranges, in order, as the table stores them.

        Raises
        ------
        IngestError
            If values have other types than the stored ones.
        """
        place = 0
        with pq.ParquetFile(self.file) as parquet:
            for group in range(parquet.num_row_groups):
                count = parquet.metadata.row_group(group).num_rows
                wanted = [(max(a - place, 0), min(b - place, count)) for a, b in ranges]
                wanted = [(a, b) for a, b in wanted if a < b]
                if wanted:
                    rows = parquet.read_row_group(group)
                    yield from (self._cast(rows.slice(a, b - a)) for a, b in wanted)
                place += count

    def _cast(self, rows: pa.Table) -> pa.Table:
        for place, name in enumerate(rows.column_names):
            field = self.stored.field(name)
            try:
                rows = rows.set_column(place, field, rows.column(name).cast(field.type))
            except (pa.ArrowException, ValueError) as error:
                asked = f"rows of table {self.table.name!r} were appended"
                got = (
                    f"values of {name!r} are {rows.column(name).type}, not all of them {field.type} ({error})"
                )
                do = "Make them such; to store it as another type, ingest all rows again"
                raise IngestError(explain(asked, got, f"{field.type}, as stored", do)) from error
        return rows


def write_rows(
    job: Job,
    new: NewRows,
    ranges: Sequence[tuple[int, int]],
    first: int,
    roles: tuple[str, str],
    layout: GroupLayout | None,
    words: dict[ColumnRef, list[str]],
    texts: Mapping[str, TextColumn],
) -> GroupLayout | None:
    """Write some rows as they are and, where the table has features, encoded; block after block.

    Parameters
    ----------
    first : int  ``__row__`` of the first of them
    roles : of the two files, such as ``edit`` and ``delta``
    layout : GroupLayout or None  of the table's features
    words : dict (table, column) -> categories so far; new ones join them
    texts : dict column -> what encodes its texts, of those that are not hashed

    Returns
    -------
    GroupLayout or None
        With as many codes as there are now.
    """
    count, place, name = sum(b - a for a, b in ranges), first, new.table.name
    schema = new.stored.append(pa.field(ROW, pa.int64()))
    with ExitStack() as files:
        whole = files.enter_context(DurableFile(job.root, job.path("tables", ".parquet"), roles[0], name))
        sink = files.enter_context(FileSink(whole))
        writer = files.enter_context(pq.ParquetWriter(sink, schema))
        delta = None
        if layout is not None:
            path = job.path("features", ".delta")
            delta = files.enter_context(DurableFile(job.root, path, roles[1], layout.group))
            delta.write(np.arange(first, first + count))
        dropped: Counter[str] = Counter()
        for block in new.blocks(ranges):
            rows = block.append_column(ROW, pa.array(np.arange(place, place + len(block))))
            writer.write_table(rows, row_group_size=LARGEST)
            if delta is not None and layout is not None:
                layout, encoded = encoded_rows(new.table, layout, rows, words, texts, dropped)
                delta.write(encoded.to_bytes(layout)[1])
            place += len(block)
            job.progress(len(block))
        writer.close()
        sink.close()
        job.add(whole.finish())
        if delta is not None and layout is not None:
            job.add(delta.finish())
            widths = {column.name: column.width for column in layout.columns}
            job.warnings.extend(dropped_notes(name, count, new.table.columns, dropped, widths))
    return layout
