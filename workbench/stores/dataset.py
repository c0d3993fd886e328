"""Dataset: a path and the manifest committed there; what everything above opens its files through."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from workbench.errors import CorruptStoreError, IdError, StoreError, expect_path, explain
from workbench.schema import Schema
from workbench.stores import catalog
from workbench.stores.durable import checksum
from workbench.stores.manifest import FileEntry, Manifest
from workbench.stores.records import CatalogState, ColumnRef
from workbench.stores.seal import RESTORE, read_seal
from workbench.stores.sql import ROW, quote_name, table_view

if TYPE_CHECKING:
    import duckdb

DATA_FOLDERS = ("tables", "graph", "features", "keys")
"""Folders whose files belong to snapshots; anything else in a dataset's folder is not ours."""


READ = "read"
"""``verify``: each file is compared with its checksum before it is first read from."""


class Dataset:
    """One committed snapshot of a dataset on disk. Cheap to open, holds no file open.

    Pickles as (path, snapshot, verify): the other process opens it again.

    Attributes
    ----------
    path : Path
    manifest : Manifest
    verify : str or None  as :meth:`open` was told
    """

    def __init__(self, path: Path, state: CatalogState, verify: str | None = None) -> None:
        self.path = path
        self.manifest: Manifest = state.manifest
        self.verify = verify
        self._state = state
        self._compared: set[str] = set()

    @classmethod
    def open(cls, path: str | Path, snapshot: int | None = None, verify: str | None = None) -> Dataset:
        """Open the snapshot committed at ``path``.

        Parameters
        ----------
        path : folder of the dataset
        snapshot : int or None
            If given: the committed one, or an earlier one since the last ingest or compaction.
        verify : ``'read'`` or None
            ``'read'``: each file is compared with its checksum, byte by byte, before it is first read from.
            None: sizes are compared, of all files.

        Raises
        ------
        StoreError
            If there is no dataset, it is of another format, or its snapshot is another one.
        CorruptStoreError
            If its catalog is damaged, or a file is missing or of the wrong size.
        """
        if verify not in (None, READ):
            got = f"got verify={verify!r}"
            raise StoreError(explain(f"the dataset {path} was opened", got, f"None or {READ!r}"))
        root = expect_path(path, StoreError, "the folder of a dataset").absolute()
        dataset = cls(root, catalog.read(root))
        while problem := dataset._file_problem():
            newer = cls(root, catalog.read(root))
            if newer.manifest == dataset.manifest:
                raise CorruptStoreError(explain(f"the dataset {root} was opened", problem, do=RESTORE))
            dataset = newer  # an ingest replaced it between the catalog and its files
        earlier = dataset.manifest if snapshot is None else dataset.manifest.at(snapshot)
        if earlier is None:
            raise StoreError(
                explain(
                    f"snapshot {snapshot} of the dataset {root} was opened",
                    f"its snapshot is now {dataset.snapshot}: it was ingested again or compacted",
                    do="Open the dataset again",
                )
            )
        return cls(root, replace(dataset._state, manifest=earlier), verify)

    @staticmethod
    def exists(path: str | Path) -> bool:
        """Whether a dataset lies at that path.

        Raises
        ------
        CorruptStoreError
            If one does, but its catalog is damaged.
        """
        return catalog.exists(path)

    @property
    def schema(self) -> Schema:
        """Tables, keys and edge types."""
        return self.manifest.schema

    @property
    def snapshot(self) -> int:
        """Number of the committed snapshot."""
        return self.manifest.snapshot

    def file(self, role: str, name: str) -> Path | None:
        """Path of the file of that role and name (see ``FileEntry``), or None."""
        entry = self.manifest.find(role, name)
        return None if entry is None else self.locate(entry)

    def locate(self, entry: FileEntry) -> Path:
        """Where an entry of the manifest lies.

        Raises
        ------
        CorruptStoreError
            If files are verified, and its bytes are not those that were committed.
        """
        file = self.path / entry.path
        if self.verify and entry.path not in self._compared and file.exists():  # who reads it says it is gone
            problem = content_problem(self.path, entry)
            if problem:
                raise CorruptStoreError(explain(f"{file} was to be read", problem, do=RESTORE))
            self._compared.add(entry.path)
        return file

    def table_files(self, name: str) -> list[Path]:
        """Parquet files of a table, one per partition, in row order.

        Raises
        ------
        SchemaError
            If the schema has no such table.
        """
        return self.files("table", self.schema[name].name)

    def files(self, role: str, name: str) -> list[Path]:
        """Every file of a role and name: of partitions, then of edits, in order."""
        return [self.locate(e) for e in self.manifest.files if (e.role, e.name) == (role, name)]

    def dictionary(self, table: str, column: str) -> list[str]:
        """Values of a categorical column in code order: code 0 is "missing", code i is ``values[i - 1]``.

        Raises
        ------
        StoreError
            If the column has no dictionary.
        """
        return self._known(table, column, self._state.dictionary(table, column))

    def dictionaries(self) -> dict[ColumnRef, list[str]]:
        """All of them, by (table, column)."""
        every = self._state.dictionaries.items()
        return {name: self._known(*name, json.loads(values)) for name, values in every}

    def _known(self, table: str, column: str, values: list[str]) -> list[str]:
        """Of the newest snapshot's categories, which only grow, those that there are at this one."""
        columns = [c for group in self.manifest.groups if group.group == table for c in group.columns]
        codes = [c.cardinality for c in columns if c.name == column]
        return values[: codes[0] - 1] if codes else values

    def duckdb(self) -> duckdb.DuckDBPyConnection:
        """A fresh DuckDB connection with one view per table.

        A view has the table's typed columns and ``__row__`` (BIGINT): row id, which for a node type
        is the node id. Quote names with ``stores.sql.quote_name``.

        Raises
        ------
        StoreError
            If the files are gone because the dataset was ingested again.
        """
        import duckdb

        for entry in (e for e in self.manifest.files if e.role in ("table", "edit", "deleted")):
            file = self.locate(entry)
            if not file.exists() or file.stat().st_size != entry.bytes:  # another dataset's, in its place
                again = "it was ingested again or compacted"
                why = again if self.path.is_dir() else "the dataset was removed"
                got = f"{file.name} of snapshot {self.snapshot} is gone: {why}"
                do = "Open the dataset again, after an ingest if it was removed"
                raise StoreError(explain(f"tables of {self.path} were read", got, do=do))

        # DuckDB spills into the working directory unless told otherwise.
        spill = Path(tempfile.gettempdir()) / "workbench-duckdb"
        connection = duckdb.connect(config={"temp_directory": str(spill)})
        # It would draw the progress of a slow query on stdout, in the middle of what is printed there.
        connection.execute("SET enable_progress_bar = false")
        for table in self.schema:
            files, edits = self._offsets[table.name], self.files("edit", table.name)
            connection.execute(table_view(table.name, files, edits, self.files("deleted", table.name)))
        return connection

    def row(self, table: str, row_id: int) -> dict[str, Any]:
        """One row of a table: column name to plain Python value, as the table stores it.

        Raises
        ------
        SchemaError, IdError
            If there is no such table or row.
        """
        asked, rows = f"row {row_id} of table {table!r}", self.manifest.rows(self.schema[table].name)
        if not 0 <= row_id < rows:
            raise IdError(explain(asked, "it has no such row", f"0 to {rows - 1}"))
        wanted = f"SELECT * EXCLUDE ({quote_name(ROW)}) FROM {quote_name(table)} WHERE {quote_name(ROW)} = ?"
        with self.duckdb() as connection:
            values = connection.execute(wanted, [int(row_id)]).fetchone()
            names = [str(column[0]) for column in connection.description]
        if values is None:
            raise IdError(explain(asked, "it was deleted"))
        return dict(zip(names, values, strict=True))

    @cached_property
    def _offsets(self) -> Mapping[str, list[tuple[Path, int]]]:
        """Per table, its files and the row id of each file's first row."""
        found: dict[str, list[tuple[Path, int]]] = {table.name: [] for table in self.schema}
        for table, files in found.items():
            offset = 0
            for partition in self.manifest.partitions:
                for entry in partition.files:
                    if (entry.role, entry.name) == ("table", table):
                        files.append((self.locate(entry), offset))
                offset += partition.rows[table]
        return found

    def _file_problem(self) -> str:
        """What is wrong with the place, presence or size of a file, or an empty string."""
        problems = (size_problem(self.path, entry) for entry in self.manifest.files)
        return next((problem for problem in problems if problem), "")

    def __reduce__(self) -> tuple[Any, ...]:
        return Dataset.open, (self.path, self.snapshot, self.verify)

    def __repr__(self) -> str:
        rows = ", ".join(f"{table.name}: {self.manifest.rows(table.name):,}" for table in self.schema)
        late = {table.name: n for table in self.schema if (n := self.manifest.late_rows(table.name))}
        waiting = ", ".join(f"{name}: {count:,}" for name, count in late.items())
        note = f", late rows that wait for wb.compact: {waiting}" if late else ""
        return f"Dataset({str(self.path)!r}, snapshot {self.snapshot}, rows: {rows}{note})"


def size_problem(root: Path, entry: FileEntry) -> str:
    """What is wrong with a file's place, presence and size, or an empty string."""
    if PurePosixPath(entry.path).is_absolute() or ".." in PurePosixPath(entry.path).parts:
        return f"{entry.path} is registered, which lies outside the dataset"
    try:
        size = (root / entry.path).stat().st_size
    except OSError as error:
        return f"{entry.path} cannot be read ({error.strerror})"
    if size != entry.bytes:
        return f"{entry.path} has {size} bytes instead of {entry.bytes}: it is torn or altered"
    return ""


def content_problem(root: Path, entry: FileEntry) -> str:
    """What is wrong with a file's place, presence, size and bytes, or an empty string."""
    problem = size_problem(root, entry)
    if problem:
        return problem
    try:
        digest = checksum(root / entry.path)[1]
    except OSError as error:
        return f"{entry.path} cannot be read ({error.strerror})"
    what = "its bytes are not those that were committed: altered or foreign"
    return "" if digest == entry.checksum else what


def collect_orphans(path: str | Path) -> list[str]:
    """Delete files that the committed manifest does not name: leftovers of an interrupted ingest.

    Call it only from the one process that writes. Readers of the previous snapshot keep what they
    have mapped; what they have not opened yet is gone.

    Returns
    -------
    list of str
        Relative paths of the deleted files.
    """
    root = Path(path)
    try:
        state = catalog.find(root)
    except CorruptStoreError:
        raise
    except StoreError:  # another version's: which of its files are its own is unknown, so all of them are
        return _clear_partition(root, partition_name(read_seal(root).snapshot + 1))
    kept = {entry.path for entry in state.manifest.kept_files} if state else set()
    try:
        return sorted(_remove_all_but(root, kept))
    except OSError as error:
        asked, got = f"leftovers in {root} were deleted", f"the disk refused ({error.strerror or error})"
        do = "The dataset is sound; the next ingest, edit or compaction deletes them"
        raise StoreError(explain(asked, got, do=do)) from error


def _remove_all_but(root: Path, kept: set[str]) -> Iterator[str]:
    for folder in DATA_FOLDERS:
        for file in sorted((root / folder).rglob("*"), reverse=True):
            relative = file.relative_to(root).as_posix()
            if file.is_dir() and not file.is_symlink():
                if not any(file.iterdir()):
                    file.rmdir()
            elif relative not in kept:
                file.unlink()
                yield relative


def shown(path: str | Path) -> str:
    """A path as people read it: from the working folder where it lies inside, so that outputs travel."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else str(path)


def partition_name(snapshot: int) -> str:
    """Name of the partition that the ingest of a snapshot writes, and of the folders that hold its files."""
    return f"p{snapshot:04d}"


def _clear_partition(root: Path, partition: str) -> list[str]:
    """Delete what an ingest that did not commit wrote into folders of its own."""
    folders = [root / folder / partition for folder in DATA_FOLDERS]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
    return sorted(file.relative_to(root).as_posix() for file in files)
