"""Key maps: primary key -> node id and back.

    identity   keys are 0 .. n-1 in row order: nothing is stored but the number of rows
    sorted     key  ascending            an Arrow IPC file of two columns, read into RAM when opened
               row  node id of each key

Keys are int64 or text; whatever integers or texts a source table held is widened to these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import CorruptStoreError, IdError, IngestError, SchemaError, StoreError, explain
from workbench.stores.edits import deleted_rows
from workbench.types import AnyArray, Int64Array

if TYPE_CHECKING:
    from workbench.stores.dataset import Dataset

_SPREAD = 8
"""Integer keys within this many times their number are looked up in a plain table instead of searched."""

_FEW = 16
"""But not if this many times as many keys are there as are looked up."""


@dataclass(frozen=True, repr=False)
class KeyMap:
    """Keys of one table.

    Attributes
    ----------
    table : str
    rows : int
    keys : pyarrow.Array[rows] or None  int64 or large_string, ascending; None for identity
    row_ids : ids[rows] or None  node id of each key; None for identity
    deleted : int64[n]  node ids of deleted rows, ascending: their keys are not found
    """

    table: str
    rows: int
    keys: pa.Array | None = None
    row_ids: AnyArray | None = None
    deleted: Int64Array = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def is_identity(self) -> bool:
        """True where key and node id are the same number."""
        return self.keys is None

    @property
    def type(self) -> pa.DataType:
        """Arrow type of the keys: int64 or large_string."""
        return pa.int64() if self.keys is None else self.keys.type

    @classmethod
    def build(cls, table: str, column: str, values: pa.Array) -> KeyMap:
        """Make the map of a key column in row order.

        Raises
        ------
        IngestError
            If a key is null or occurs twice; says how many and names some.
        """
        values = normalise_keys(values)
        if values is None:
            raise IngestError(
                explain(f"primary key {table}.{column} was read", "it holds neither integers nor texts")
            )
        if values.null_count:
            raise IngestError(
                explain(
                    f"primary key {table}.{column} was read",
                    f"{values.null_count:,} of {len(values):,} rows have no key",
                    "a key in every row",
                    f"Drop those rows with tables.where({table!r}, '{column} IS NOT NULL'), or choose "
                    f"another key with schema.set_primary_key({table!r}, column)",
                )
            )
        if pa.types.is_integer(values.type):
            numbers = values.to_numpy(zero_copy_only=False)
            if _is_count(numbers):
                return cls(table, len(values))
            order = np.argsort(numbers, kind="stable")
        else:
            order = pc.sort_indices(values).to_numpy()
        keys = values.take(pa.array(order))
        _refuse_duplicates(table, column, keys)
        return cls(table, len(values), keys, order.astype(np.int64))

    @classmethod
    def open(cls, dataset: Dataset, table: str) -> KeyMap:
        """The key map of a dataset's table; a table without a primary key is keyed by row number.

        Raises
        ------
        SchemaError
            If there is no such table.
        StoreError
            If the file is gone because the dataset was ingested again.
        CorruptStoreError
            If the file is damaged.
        """
        manifest = dataset.manifest
        paths = dataset.files("keys", dataset.schema[table].name)
        keys = cls(table, manifest.rows(table))
        if paths:
            appended = [edit.rows[table] for edit in manifest.edits if edit.rows.get(table)]
            counts = [manifest.stored_rows(table), *appended]
            keys, *new = (cls.read(path, table, n) for path, n in zip(paths, counts, strict=True))
            keys = keys.joined(new) if new else keys
        return replace(keys, deleted=deleted_rows(dataset, table))

    def explicit(self, first: int = 0) -> KeyMap:
        """The same keys written out, with node ids that begin at ``first``."""
        keys = pa.array(np.arange(self.rows)) if self.keys is None else self.keys
        ids = np.arange(self.rows) if self.row_ids is None else self.row_ids
        return KeyMap(self.table, self.rows, keys, ids.astype(np.int64) + first)

    def joined(self, new: Sequence[KeyMap]) -> KeyMap:
        """The keys of these rows and of appended ones: of each append a map of its own, no key in two.

        They are sorted once, however many appends there were.
        """
        parts = [self.explicit(), *new]
        # An empty table's keys are of no type yet.
        keys = pa.concat_arrays([part.keys for part in parts if part.rows] or [parts[0].keys])
        ids = np.concatenate([np.asarray(part.row_ids, np.int64) for part in parts])
        order = pc.sort_indices(keys)
        keys, ids = keys.take(order), ids[order.to_numpy()]
        if pa.types.is_integer(keys.type) and _is_count(keys.to_numpy()) and _is_count(ids):
            return KeyMap(self.table, len(ids))
        return KeyMap(self.table, len(ids), keys, ids)

    @classmethod
    def read(cls, path: Path, table: str, rows: int) -> KeyMap:
        """The keys of one file, of so many rows.

        Raises
        ------
        StoreError
            If it is gone because the dataset was ingested again.
        CorruptStoreError
            If it is damaged.
        """
        try:
            with pa.OSFile(str(path)) as file:
                stored = pa.ipc.open_file(file).read_all()
            stored.validate(full=True)
            kind = (stored.schema.metadata or {})[b"kind"]
            keys, row_ids = stored["key"].combine_chunks(), stored["row"].combine_chunks()
        except FileNotFoundError as error:  # the dataset was opened, so the file was there
            got = "it is gone: the dataset was ingested again or compacted"
            raise StoreError(
                explain(f"the key map {path} was opened", got, do="Open the dataset again")
            ) from error
        except (pa.ArrowException, OSError, KeyError) as error:
            raise CorruptStoreError(
                explain(f"the key map {path} was opened", f"it is damaged ({error})")
            ) from error
        if kind == b"identity":
            return cls(table, rows)
        if len(keys) != rows:
            raise CorruptStoreError(
                explain(f"the key map {path} was opened", f"it has {len(keys)} of {rows} keys")
            )
        return cls(table, rows, keys, row_ids.to_numpy())

    def to_bytes(self) -> pa.Buffer:
        """The file's contents: an uncompressed Arrow IPC file."""
        narrow = pa.uint32() if self.rows < 2**31 else pa.int64()
        keys = pa.array([], pa.int64()) if self.keys is None else self.keys
        rows = pa.array([] if self.row_ids is None else self.row_ids).cast(narrow)
        kind = "identity" if self.keys is None else "sorted"
        schema = pa.schema(
            [pa.field("key", keys.type), pa.field("row", narrow)],
            metadata={"kind": kind, "table": self.table},
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, schema) as writer:
            writer.write_table(pa.Table.from_arrays([keys, rows], schema=schema))
        return sink.getvalue()

    def lookup(self, keys: Sequence[Any] | AnyArray | pa.Array | pa.ChunkedArray) -> Int64Array:
        """int64[n]: node id of each key, -1 where the key is null, unknown or of a deleted row.

        Raises
        ------
        SchemaError
            If the keys are numbers where the table's are texts, or the other way round.
        """
        found = self._find(keys)
        return np.where(np.isin(found, self.deleted), -1, found) if len(self.deleted) else found

    def _find(self, keys: Sequence[Any] | AnyArray | pa.Array | pa.ChunkedArray) -> Int64Array:
        wanted = self._as_keys(keys)
        if self.keys is None:
            numbers = wanted.fill_null(-1).to_numpy(zero_copy_only=False)
            return np.where((numbers >= 0) & (numbers < self.rows), numbers, -1)
        if pa.types.is_integer(self.keys.type):
            found = self._find_numbers(wanted.fill_null(0).to_numpy(zero_copy_only=False))
            return np.where(pc.is_valid(wanted).to_numpy(zero_copy_only=False), found, -1)
        place = pc.index_in(wanted, value_set=self.keys, skip_nulls=True)
        return self._rows_at(place.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64))

    def ids_of(self, keys: Sequence[Any] | AnyArray | pa.Array | pa.ChunkedArray) -> Int64Array:
        """int64[n]: node id of each key, all of them known.

        Raises
        ------
        SchemaError
            If a key is not in the table; names up to five.
        """
        keys = keys.numpy() if hasattr(keys, "numpy") else keys  # tensors too
        found = self.lookup(keys)
        missing = [str(key) for key, node in zip(keys, found, strict=True) if node < 0]
        if missing:
            lost = ", or were deleted" if len(self.deleted) else ""
            some = ", ".join(map(repr, self.keys_of(np.arange(min(self.rows, 3))).to_pylist()))
            raise SchemaError(
                explain(
                    f"{len(found)} keys of table {self.table!r} were asked for",
                    f"{len(missing)} are not in it{lost} ({', '.join(missing[:5])})",
                    f"keys of the {self.rows:,} rows of {self.table!r}, such as {some}",
                )
            )
        return found

    def keys_of(self, ids: AnyArray) -> pa.Array:
        """pyarrow.Array[n]: the key of each node id.

        Raises
        ------
        IdError
            If an id is not in ``0 .. rows - 1``.
        """
        ids = np.asarray(ids)
        if ids.size and (ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= self.rows):
            raise IdError(
                explain(
                    f"keys of table {self.table!r} were asked for",
                    f"got node ids of dtype {ids.dtype}, {ids.min()} .. {ids.max()}",
                    f"integers in 0 .. {self.rows - 1}",
                )
            )
        wide = ids.astype(np.int64)
        return pa.array(wide) if self.keys is None else self.keys.take(pa.array(self._place[wide]))

    @cached_property
    def _place(self) -> Int64Array:
        """int64[rows]: position of each node id in ``keys``."""
        assert self.row_ids is not None
        place = np.empty(self.rows, np.int64)
        place[self.row_ids] = np.arange(self.rows)
        return place

    @cached_property
    def _numbers(self) -> Int64Array:
        assert self.keys is not None
        return np.asarray(self.keys.to_numpy(zero_copy_only=False))

    @cached_property
    def _direct(self) -> Int64Array | None:
        """Row id by ``key - smallest key``, where keys are dense enough; one load instead of a search."""
        numbers = self._numbers
        spread = int(numbers[-1]) - int(numbers[0]) + 1 if len(numbers) else 0
        if not 0 < spread <= _SPREAD * len(numbers):
            return None
        table = np.full(spread, -1, np.int64)
        assert self.row_ids is not None
        table[numbers - numbers[0]] = self.row_ids
        return table

    def _find_numbers(self, wanted: Int64Array) -> Int64Array:
        numbers = self._numbers
        if not len(numbers):
            return np.full(len(wanted), -1, np.int64)
        # A plain table costs a pass over all keys: a few are searched for.
        direct = self._direct if _FEW * len(wanted) >= len(numbers) else None
        inside = (wanted >= numbers[0]) & (wanted <= numbers[-1])
        if direct is not None:
            return np.where(inside, direct[np.where(inside, wanted - numbers[0], 0)], -1)
        place = np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)
        return self._rows_at(np.where(numbers[place] == wanted, place, -1))

    def _rows_at(self, place: Int64Array) -> Int64Array:
        assert self.row_ids is not None
        if not len(self.row_ids):
            return np.full(len(place), -1, np.int64)
        return np.where(place >= 0, self.row_ids[np.maximum(place, 0)].astype(np.int64), -1)

    def _as_keys(self, keys: Sequence[Any] | AnyArray | pa.Array | pa.ChunkedArray) -> pa.Array:
        if isinstance(keys, pa.ChunkedArray):
            keys = keys.combine_chunks()
        try:
            array = keys if isinstance(keys, pa.Array) else pa.array(keys, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            array = None
        normal = None if array is None else normalise_keys(array)
        if normal is not None and (normal.type == self.type or normal.null_count == len(normal)):
            return normal.cast(self.type)
        raise SchemaError(
            explain(
                f"keys of table {self.table!r} were looked up",
                f"got keys of type {'mixed' if array is None else array.type}",
                "integers" if pa.types.is_integer(self.type) else "texts",
            )
        )

    def __repr__(self) -> str:
        kind = "identity" if self.is_identity else f"{self.type} keys"
        return f"KeyMap({self.table}: {self.rows:,} rows, {kind})"


def normalise_keys(values: pa.Array) -> pa.Array | None:
    """Keys as int64 or large_string; None for types that cannot be keys (or integers beyond int64)."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return normalise_keys(values.dictionary_decode())
    try:
        if pa.types.is_integer(kind) or pa.types.is_null(kind):
            return values.cast(pa.int64())
        if pa.types.is_floating(kind):  # pandas turns integers with gaps into floats
            whole = pc.if_else(pc.is_nan(values), None, values)
            return whole.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.large_string())
    return None


def _is_count(numbers: AnyArray) -> bool:
    return bool(not len(numbers) or (numbers[0] == 0 and (numbers == np.arange(len(numbers))).all()))


def _refuse_duplicates(table: str, column: str, keys: pa.Array) -> None:
    if len(keys) < 2:
        return
    again = pc.equal(keys[1:], keys[:-1])
    count = pc.sum(again).as_py() or 0
    if not count:
        return
    examples = pc.unique(keys[1:].filter(again))[:5].to_pylist()
    raise IngestError(
        explain(
            f"primary key {table}.{column} was read",
            f"{count:,} of {len(keys):,} rows repeat a key, such as {examples}",
            "keys that occur once",
            f"Choose another with schema.set_primary_key({table!r}, column), or None for the row number; or "
            f"keep one row per key with tables.split({table!r}, key={column!r}, columns=[...])",
        )
    )
