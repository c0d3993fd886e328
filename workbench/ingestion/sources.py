"""Where tables come from: files, Arrow, pandas and DuckDB relations as views of one DuckDB database.

Nothing is loaded that need not be: files are scanned where they lie, frames and Arrow tables are
scanned in place. A stream that can be read only once (a reader, a relation of another connection) is
written into the database, which spills to disk.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from workbench.errors import TableError, explain
from workbench.ingestion.dates import ISO
from workbench.ingestion.nanoseconds import in_microseconds
from workbench.ingestion.ragged import refuse_ragged
from workbench.ingestion.twins import may_be_renamed, refuse_twins
from workbench.stores.sql import expect_whole, interruptible, quote_name, quote_text

SUFFIXES = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".tsv": "csv"}
"""Readable files by suffix; ``.csv.gz`` and ``.csv.zst`` too."""

NULL_TEXTS = ("", "NA", "N/A", "NULL", "null", "NaN", "nan", "None", "\\N")
"""What a CSV file may write for "no value"."""

SYSTEM_SPILL = str(Path(tempfile.gettempdir()) / f"workbench-spill-{os.getpid()}")
"""Where tables that do not fit into memory are kept until an ingest names a better place."""

_PART = re.compile(r"^(part|data|chunk|file)?[-_.]?\d[\w.-]*$", re.IGNORECASE)
_OBJECT = re.compile(r"\bsource_\d+\b")
"""What a query calls a registered object."""

_WHOLE_FILE_BYTES = 256 << 20
_SNIFFED_ROWS = 1_000_000


@dataclass
class Sources:
    """One in-memory DuckDB database and the Python objects that its views read.

    Cursors of it see files and stored streams; the objects that a query reads are registered on its cursor,
    because DuckDB keeps them per connection.
    """

    database: duckdb.DuckDBPyConnection
    objects: dict[str, Any] = field(default_factory=dict)
    stored: int = 0
    mixed: set[tuple[str, str]] = field(default_factory=set)
    """(table, column) of frames that held numbers and texts in one column."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def create(cls) -> Sources:
        """An empty database that spills to the system's folder for temporary files."""
        database = duckdb.connect(config={"temp_directory": SYSTEM_SPILL})
        database.execute("SET TimeZone = 'UTC'")
        return cls(database)

    def connect(self, sql: str = "") -> duckdb.DuckDBPyConnection:
        """A cursor of its own, safe to use in another thread, that can run ``sql`` over the sources.

        Only the objects that the query names are registered: all of them, for a query of each of many
        tables, would be most of its time.

        Raises
        ------
        TableError
            If the query holds half a character.
        """
        expect_whole(sql)
        with self.lock:
            cursor = self.database.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        for label in self.objects.keys() & set(_OBJECT.findall(sql)):
            cursor.register(label, self.objects[label])
        return cursor

    def add(self, value: Any, name: str) -> str:
        """Make a source readable and return the SQL that selects all of it.

        Raises
        ------
        TableError
            If the value is nothing that can be read as a table, two of its columns differ only by case, or
            a name or a text holds half a character.
        """
        quote_name(name)  # refused here, not by the first query
        if isinstance(value, (str, Path)):
            return self.add_files(name, find_files(value))
        if isinstance(value, (list, tuple)) and value and all(isinstance(v, (str, Path)) for v in value):
            return self.add_files(name, [path for part in value for path in find_files(part)])
        if isinstance(value, (pa.Table, ds.Dataset)):
            return self._add_object(value, name)
        if isinstance(value, pa.RecordBatch):
            return self._add_object(pa.Table.from_batches([value]), name)
        if type(value).__module__.startswith("pandas") and hasattr(value, "columns"):
            table, mixed = arrow_from_pandas(value, name)
            self.mixed.update((name, column) for column in mixed)
            return self._add_object(table, name)
        return self._add_stream(value, name)

    def _add_object(self, value: pa.Table | ds.Dataset, name: str) -> str:
        refuse_twins(f"table {name!r} was read", value.schema.names)
        label = f"source_{len(self.objects)}"
        self.objects[label] = value
        return in_microseconds(f"SELECT * FROM {label}", value.schema)

    def _add_stream(self, value: Any, name: str) -> str:
        reader = _reader(value)
        if reader is None:
            raise TableError(
                explain(
                    f"table {name!r} was read",
                    f"its source is a {type(value).__name__}",
                    "a path, a list of paths, an Arrow table, reader or dataset, a pandas frame or a "
                    "DuckDB relation",
                )
            )
        with (
            reader
        ):  # closed also where it is refused: a relation's connection answers nothing else meanwhile
            refuse_twins(f"table {name!r} was read", reader.schema.names)
            return self._store_stream(name, reader)

    def _store_stream(self, name: str, reader: pa.RecordBatchReader) -> str:
        label = f"stream_{id(reader)}"
        with self.lock:
            self.database.register(label, reader)
        try:
            return self._store(name, in_microseconds(f"SELECT * FROM {label}", reader.schema))
        finally:
            with self.lock:
                self.database.unregister(label)

    def _store(self, name: str, query: str, instead: str = "") -> str:
        """Keep the rows of a query in the database (``instead`` of those of that query)."""
        with self.lock, asking(f"table {name!r} was read"):
            stored = instead or f"SELECT * FROM stored_{self.stored}"
            self.stored += not instead
            self.database.execute(f"CREATE OR REPLACE TABLE {stored.rsplit(' ', 1)[1]} AS {query}")
        return stored

    def add_files(self, name: str, files: list[Path]) -> str:
        """Files of one table, all Parquet or all CSV."""
        kinds = {file_kind(path) for path in files}
        if len(kinds) != 1 or None in kinds:
            raise TableError(
                explain(
                    f"table {name!r} was read",
                    f"its files are {', '.join(sorted({p.name for p in files})[:5])}",
                    "Parquet files or CSV files, one kind per table",
                )
            )
        listed = "[" + ", ".join(quote_text(str(path)) for path in files) + "]"
        if kinds == {"parquet"}:
            query = f"SELECT * FROM read_parquet({listed}, union_by_name = true)"
            found = self._check(name, query)
            self._refuse_twins(name, files, found)
            return in_microseconds(query, found)
        return self._csv_query(name, files, listed)

    def _csv_query(self, name: str, files: list[Path], listed: str) -> str:
        # Types are sniffed once and then fixed; sniffing the whole of a small file means that a text
        # in its last line makes a text column instead of an error in the middle of an ingest.
        # A small file is parsed once, into the database; a large one is scanned where it lies.
        small = sum(path.stat().st_size for path in files) <= _WHOLE_FILE_BYTES
        nulls = "[" + ", ".join(quote_text(text) for text in NULL_TEXTS) + "]"
        fixed = f"nullstr = {nulls}, union_by_name = true"
        query = _scan(listed, f"{fixed}, sample_size = {-1 if small else _SNIFFED_ROWS}", {})
        try:
            query = self._store(name, query) if small else query
            kinds = self._check(name, query)
        except TableError:
            refuse_ragged(name, files, None)
            raise
        refuse_ragged(name, files, list(kinds))
        self._refuse_twins(name, files, kinds)
        dates = [column for column, kind in kinds.items() if kind.startswith(("DATE", "TIMESTAMP"))]
        odd = self._other_dates(
            name, _scan(listed, fixed, {**kinds, **dict.fromkeys(dates, "VARCHAR")}), dates
        )
        if small and not odd:
            return query
        scan = _scan(listed, fixed, {**kinds, **dict.fromkeys(odd, "VARCHAR")})
        return self._store(name, scan, instead=query) if small else scan

    def _refuse_twins(self, name: str, files: list[Path], columns: Iterable[str]) -> None:
        """Look for twins in the files' own names, where DuckDB may have renamed some."""
        if not may_be_renamed(columns):
            return
        for file in files:
            if file_kind(file) == "parquet":
                own = ds.dataset(str(file), format="parquet").schema.names
            else:
                header = f"FROM read_csv({quote_text(str(file))}, header = false, all_varchar = true) LIMIT 1"
                with self.lock, asking(f"the columns of {file} were read"):
                    own = list(filter(None, self.database.execute(header).fetchone() or ()))
            refuse_twins(f"table {name!r} was read from {file}", own)

    def _other_dates(self, name: str, texts: str, dates: list[str]) -> list[str]:
        """Columns that DuckDB reads as dates though they are not ISO: better left as texts.

        It takes 01/02/2020 for the first of February, and 01/02/20 for 2001, without a word.
        """
        if not dates:
            return []
        odd = ", ".join(
            f"count(CASE WHEN NOT regexp_matches({column}, {quote_text(ISO)}) THEN 1 END)"
            for column in map(quote_name, dates)
        )
        with self.lock, asking(f"the dates of table {name!r} were read"):
            counts = self.database.execute(f"SELECT {odd} FROM ({texts} LIMIT {_SNIFFED_ROWS})").fetchone()
        return [column for column, count in zip(dates, counts or (), strict=True) if count]

    def _check(self, name: str, query: str) -> dict[str, str]:
        with self.lock, asking(f"table {name!r} was read"):
            rows = self.database.execute(f"DESCRIBE {query}").fetchall()
        return {row[0]: row[1] for row in rows}


def _scan(files: str, options: str, kinds: Mapping[str, str]) -> str:
    types = ", ".join(f"{quote_text(column)}: {quote_text(kind)}" for column, kind in kinds.items())
    return f"SELECT * FROM read_csv({files}, {options}{f', types = {{{types}}}' if kinds else ''})"


@contextmanager
def asking(asked: str) -> Iterator[None]:
    """DuckDB's errors in the house form: its first two lines; Ctrl-C as the KeyboardInterrupt that it is.

    Raises
    ------
    TableError
        If DuckDB refuses.
    """
    try:
        with interruptible():
            yield
    except duckdb.Error as error:
        lines = " ".join(str(error).strip().splitlines()[:2])
        raise TableError(explain(asked, f"DuckDB refused it: {lines}")) from error


def _reader(value: Any) -> pa.RecordBatchReader | None:
    """The rows of a stream; None where the value is none, or one of a single column (a Series)."""
    if isinstance(value, pa.RecordBatchReader):
        return value
    if isinstance(value, duckdb.DuckDBPyRelation):
        return value.fetch_arrow_reader()
    try:
        return pa.RecordBatchReader.from_stream(value) if hasattr(value, "__arrow_c_stream__") else None
    except pa.ArrowInvalid:
        return None


def arrow_from_pandas(frame: Any, name: str) -> tuple[pa.Table, list[str]]:
    """A frame as an Arrow table; columns of mixed Python types become texts, and are named.

    An index that has a name is a column, usually the key (``frame.set_index("user_id")``); one without is
    only the order of the rows.

    Raises
    ------
    TableError
        If two columns have the same name, or differ only by case, or columns have several levels, or a name
        or a text holds half a character.
    """
    if frame.columns.nlevels > 1:
        got = f"its columns have {frame.columns.nlevels} levels, such as {frame.columns[0]!r}"
        do = "Flatten them: frame.columns = ['_'.join(map(str, column)) for column in frame.columns]"
        raise TableError(explain(f"table {name!r} was read", got, "columns of one level", do))
    arrays: list[pa.Array | pa.ChunkedArray] = []
    mixed = []
    kept = [name for name in frame.index.names if name is not None and name not in frame.columns]
    frame = frame.reset_index(kept) if kept else frame
    labels = [str(label) for label in frame.columns]
    refuse_twins(f"table {name!r} was read", labels)
    for position, label in enumerate(labels):
        quote_name(label)
        try:
            array, is_mixed = _array(frame.iloc[:, position])
        except UnicodeEncodeError as error:
            raise _half_character(name, label, frame.iloc[:, position], error) from error
        arrays.append(array)
        mixed += [label] * is_mixed
    return pa.table(arrays, names=labels), mixed


def _array(series: Any) -> tuple[pa.Array | pa.ChunkedArray, bool]:
    """A column of a frame, and whether it held several Python types, which are texts now."""
    try:
        return pa.Array.from_pandas(series), False
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        texts = [None if value is None or value != value else str(value) for value in series]
        return pa.array(texts, pa.string()), True


def _half_character(table: str, column: str, series: Any, error: UnicodeEncodeError) -> TableError:
    """A text that UTF-8 cannot hold, and where it stands (in a list or a mapping: in that column)."""
    odd = error.object
    rows = (row for row, value in enumerate(series) if isinstance(value, str) and value == odd)
    where = next((f"the text of row {row}" for row in rows), "one of its texts")
    return TableError(
        explain(
            f"column {column!r} of table {table!r} was read",
            f"{where} holds half a character (a lone surrogate): {odd!r}",
            "texts of whole characters",
            "Put a question mark in its place: text.encode('utf-8', 'replace').decode()",
        )
    )


def file_kind(path: Path) -> str | None:
    """``parquet``, ``csv`` or None, by suffix."""
    suffixes = path.suffixes
    if suffixes and suffixes[-1] in (".gz", ".zst") and len(suffixes) > 1:
        return "csv" if SUFFIXES.get(suffixes[-2].lower()) == "csv" else None
    return SUFFIXES.get(path.suffix.lower())


def find_files(source: str | Path) -> list[Path]:
    """Readable files of a path, a glob or a folder (searched to the bottom), sorted.

    Raises
    ------
    TableError
        If there is none.
    """
    path = Path(source).expanduser()
    there = os.path.exists(path)  # noqa: PTH110 - pathlib raises for a name that is too long
    if there and path.is_file():
        return [path]
    if there and path.is_dir():
        found = [p for p in path.rglob("*") if p.is_file()]
    else:
        matches = glob(str(path), recursive=True) if has_magic(str(path)) else []  # noqa: PTH207 - takes any glob
        found = [q for p in map(Path, matches) for q in (p.rglob("*") if p.is_dir() else [p])]
        found = [p for p in found if p.is_file()]
    readable = sorted({p for p in found if file_kind(p) and not p.name.startswith((".", "_"))})
    if not readable:
        got = "there is no readable file" if there else "nothing is there"
        # A notebook is looked at from its own folder, not from where JupyterLab was started.
        within = "" if path.is_absolute() else f" (looked for in {Path.cwd()})"
        raise TableError(
            explain(
                f"tables at {str(source)!r} were asked for",
                got + within,
                "a folder, a glob such as 'data/*.parquet', or one file; " + ", ".join(SUFFIXES),
            )
        )
    return readable


def group_files(source: str | Path) -> Mapping[str, list[Path]]:
    """Files by table name: the stem of a file, or its folder's name for parts.

    A folder below the source is one table of all its files; so are files named like parts
    (``part-0001.parquet``, ``0.csv``).
    """
    root = Path(source).expanduser()
    tables: dict[str, list[Path]] = {}
    for path in find_files(source):
        nested = root.is_dir() and path.parent != root
        if nested:
            name = path.relative_to(root).parts[0]
        else:
            stem = path.name.split(".")[0]
            name = path.resolve().parent.name if _PART.match(stem) else stem
        tables.setdefault(name, []).append(path)
    return tables
