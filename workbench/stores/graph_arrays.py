"""The arrays of a graph: what a graph store reads, built in memory or loaded from a dataset.

An edge type has one of three layouts (``schema.EdgeSpec``):

    fact     indptr offsets[num_dst + 1]  nbr ids[edges]                      edge id = nbr
    column                                nbr ids[num_dst]  (or no_neighbor)  edge id = dst
    edges    indptr offsets[num_dst + 1]  nbr ids[edges]   eid ids[edges]     edge id = eid

Rows of every table are in time order, so the neighbours of a node, stored in row order, are in time
order too, and "visible" is "edge id below a cut". No array holds the time of an edge. Tables with an end
time keep it per row; columns that weigh edges are read when they are first needed (``weights.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import CorruptStoreError, IdError, StoreError, explain
from workbench.kernels.check import first_bad_id, first_descent
from workbench.kernels.csc import csc_from_column, csc_from_pairs, no_neighbor
from workbench.schema import EdgeSpec, EdgeType, Schema
from workbench.stores.appended import with_new_edges, with_new_times
from workbench.stores.deleted import deleted_masks, kept_edges
from workbench.stores.replaced import gone
from workbench.stores.resident import read_resident
from workbench.stores.weights import ColumnName, Weights, read_ends
from workbench.temporal import NO_TIME
from workbench.types import AnyArray, BoolArray, TimeArray

if TYPE_CHECKING:
    from workbench.stores.dataset import Dataset


OFFSETS = np.dtype(np.uint32)
"""Offsets in RAM, where they fit: half the bytes a node, and half the cache."""

WIDEST: int = np.iinfo(OFFSETS).max
"""The largest offset that fits."""


@dataclass(frozen=True)
class EdgeArrays:
    """Arrays of one edge type; which of them exist depends on the layout.

    Attributes
    ----------
    indptr : uint32[num_dst + 1] or None
        Offsets; int64 where 2^32 edges or more are stored, None in the ``column`` layout. Given as any
        integers, kept as narrow as they fit.
    nbr : ids[edges], or ids[num_dst] in the ``column`` layout
    eid : ids[edges] or None  only in the ``edges`` layout
    """

    indptr: AnyArray | None
    nbr: AnyArray
    eid: AnyArray | None = None

    def __post_init__(self) -> None:
        offsets = self.indptr
        if offsets is not None and len(offsets) and offsets.dtype != OFFSETS:
            fits = offsets.min() >= 0 and offsets.max() <= WIDEST
            object.__setattr__(self, "indptr", offsets.astype(OFFSETS if fits else np.int64, copy=False))

    @classmethod
    def side_by_side(cls, indptr: AnyArray, nbr: AnyArray, eid: AnyArray) -> EdgeArrays:
        """The ``edges`` layout with each edge id beside its neighbour: both are one miss."""
        pairs = np.empty((len(nbr), 2), nbr.dtype)
        pairs[:, 0], pairs[:, 1] = nbr, eid
        return cls(indptr, pairs[:, 0], pairs[:, 1])

    @property
    def arrays(self) -> list[AnyArray]:
        """Those that exist."""
        return [part for part in (self.indptr, self.nbr, self.eid) if part is not None]

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(part.nbytes for part in self.arrays)


@dataclass(frozen=True)
class GraphArrays:
    """A whole graph as plain arrays.

    Attributes
    ----------
    schema : Schema
    num_rows : dict table -> rows
    times : dict table -> int64[rows] ascending (``NO_TIME`` last), or None for a table without time
    edges : dict EdgeType -> EdgeArrays
    edges_follow_nodes : names of edge types whose every edge is at or after its src node's time
    id_dtype : numpy dtype  uint32 or int64
    ends : dict table -> int64[rows]  only of tables with an end time; ``NO_TIME`` where none is known
    weights : (table, column) -> float64[rows]  finite, 0 or more; read when first asked for
    deleted : dict table -> bool[rows]  only of tables with deleted rows, which have no edges left
    numbering : str  which the ids are of; empty where it is not known
    """

    schema: Schema
    num_rows: Mapping[str, int]
    times: Mapping[str, TimeArray | None]
    edges: Mapping[EdgeType, EdgeArrays]
    edges_follow_nodes: frozenset[str] = frozenset()
    id_dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.uint32))
    ends: Mapping[str, TimeArray] = field(default_factory=dict)
    weights: Weights = field(default_factory=lambda: Weights.of({}, {}))
    deleted: Mapping[str, BoolArray] = field(default_factory=dict)
    numbering: str = ""

    def num_edges(self, edge_type: EdgeType) -> int:
        """Stored edges of an edge type."""
        arrays = self.edges[edge_type]
        if arrays.indptr is None:
            return int(np.count_nonzero(arrays.nbr != arrays.nbr.dtype.type(no_neighbor(arrays.nbr.dtype))))
        return len(arrays.nbr)

    @property
    def arrays(self) -> list[AnyArray]:
        """Of every edge type, then times and end times; without weights."""
        parts = [array for edges in self.edges.values() for array in edges.arrays]
        clocks = (*self.times.values(), *self.ends.values())
        return parts + [clock for clock in clocks if clock is not None]

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays, without weights."""
        return sum(array.nbytes for array in self.arrays)

    @classmethod
    def from_columns(
        cls,
        schema: Schema,
        num_rows: Mapping[str, int],
        times: Mapping[str, AnyArray | None],
        foreign_keys: Mapping[tuple[str, str], AnyArray],
        id_dtype: np.typing.DTypeLike = np.uint32,
        ends: Mapping[str, AnyArray] | None = None,
        weights: Mapping[ColumnName, AnyArray] | None = None,
    ) -> GraphArrays:
        """Build a graph in memory from foreign-key columns of row ids.

        Parameters
        ----------
        schema : Schema
        num_rows : dict table -> rows
        times : dict table -> int64[rows] ascending; absent or None for a table without time
        foreign_keys : dict (table, column) -> ids[rows]  row ids of the table that the key points at,
            negative (or ``no_neighbor`` of an unsigned dtype) where there is none
        id_dtype : uint32 or int64
        ends : dict table -> int64[rows]  of every table with an end time; ``NO_TIME`` for none
        weights : dict (table, column) -> numbers[rows]

        Raises
        ------
        IdError
            If a column has the wrong length, or ids out of range, or times are not in order.
        """
        dtype = np.dtype(id_dtype)
        clocks = {table.name: _checked_times(table.name, num_rows, times) for table in schema}
        columns = {}
        for table in schema:
            for key in table.foreign_keys:
                given = foreign_keys[table.name, key.column]
                columns[table.name, key.column] = _checked_column(
                    f"{table.name}.{key.column}", given, num_rows[table.name], num_rows[key.table], dtype
                )
        edges, follow = {}, set()
        for spec in schema.edge_specs:
            edges[spec.edge_type] = _edge_arrays(spec, columns, num_rows)
            if _follows(spec, columns, clocks):
                follow.add(str(spec.edge_type))
        over = {t.name: _checked_ends(t.name, num_rows, ends or {}) for t in schema if t.end_time}
        numbers = Weights.of(num_rows, weights or {})
        return cls(schema, dict(num_rows), clocks, edges, frozenset(follow), dtype, over, numbers)

    @classmethod
    def open(cls, dataset: Dataset) -> GraphArrays:
        """Load a dataset's graph into RAM, file by file, sequentially.

        Raises
        ------
        CorruptStoreError
            If a file is missing, its size is not the manifest's, or its contents cannot be a graph.
        StoreError
            If the dataset has more than one time partition, or was ingested again since it was opened.
        """
        manifest, schema = dataset.manifest, dataset.manifest.schema
        if len(manifest.partitions) != 1:
            raise StoreError(
                explain(
                    f"the graph of {dataset.path} was opened",
                    f"it has {len(manifest.partitions)} time partitions",
                    "one: this version reads no more",
                    "Ingest the tables again",
                )
            )
        dtype = np.dtype(manifest.id_dtype)
        rows = {table.name: manifest.rows(table.name) for table in schema}
        times = {
            table.name: None
            if table.time is None
            else with_new_times(dataset, table.name, _load(dataset, "time", table.name, np.int64))
            for table in schema
        }
        edges, deleted = {}, deleted_masks(dataset)
        for spec in schema.edge_specs:
            name = str(spec.edge_type)
            column, folded = spec.layout == "column", spec.layout == "edges"
            stored = (
                None if column else _load(dataset, "indptr", name, np.int64),
                _load(dataset, "nbr", name, dtype),
                _load(dataset, "eid", name, dtype) if folded else None,
            )
            indptr, nbr, eid = kept_edges(spec, *with_new_edges(dataset, spec, *stored), deleted)
            if indptr is None or eid is None:
                edges[spec.edge_type] = EdgeArrays(indptr, nbr)
            else:
                edges[spec.edge_type] = EdgeArrays.side_by_side(indptr, nbr, eid)
        ends = {table.name: end for table in schema if (end := read_ends(dataset, table.name)) is not None}
        follow = frozenset(manifest.edges_follow_nodes)
        weights, numbering = Weights.stored(dataset), manifest.numbering
        graph = cls(schema, rows, times, edges, follow, dtype, ends, weights, deleted, numbering)
        graph.check()
        return graph

    def check(self) -> None:
        """Refuse arrays that a kernel would read past the end of: one sequential pass over everything.

        Raises
        ------
        CorruptStoreError
            If lengths disagree, an id is out of range, or offsets or times descend.
        """
        for table, times in self.times.items():
            if times is not None:
                _check_length(f"times of {table!r}", times, self.num_rows[table])
                _check_order(f"times of {table!r}", times)
        for table, ends in self.ends.items():
            _check_length(f"end times of {table!r}", ends, self.num_rows[table])
        for spec in self.schema.edge_specs:
            self._check_edges(spec, self.edges[spec.edge_type])

    def _check_edges(self, spec: EdgeSpec, arrays: EdgeArrays) -> None:
        src, name, dst = spec.edge_type.src, str(spec.edge_type), spec.edge_type.dst
        if arrays.indptr is None:
            _check_length(f"neighbours of {name!r}", arrays.nbr, self.num_rows[dst])
            nothing = no_neighbor(arrays.nbr.dtype)
        else:
            _check_length(f"offsets of {name!r}", arrays.indptr, self.num_rows[dst] + 1)
            _check_order(f"offsets of {name!r}", arrays.indptr)
            _check_length(f"neighbours of {name!r}", arrays.nbr, int(arrays.indptr[-1]))
            nothing = -2
            if arrays.indptr[0] != 0:
                _damaged(f"offsets of {name!r}", f"the first is {arrays.indptr[0]}", "0")
        _check_ids(f"neighbours of {name!r}", arrays.nbr, self.num_rows[src], nothing)
        if arrays.eid is not None:
            _check_length(f"edge ids of {name!r}", arrays.eid, len(arrays.nbr))
            _check_ids(f"edge ids of {name!r}", arrays.eid, self.num_rows[spec.table], -2)


def _check_length(what: str, array: AnyArray, wanted: int) -> None:
    if len(array) != wanted:
        _damaged(what, f"there are {len(array):,}", f"{wanted:,}")


def _check_order(what: str, values: AnyArray) -> None:
    place = first_descent(values)
    if place >= 0:
        _damaged(what, f"number {place} is smaller than the one before it", "ascending values")


def _check_ids(what: str, ids: AnyArray, limit: int, nothing: int) -> None:
    place = first_bad_id(ids, limit, nothing)
    if place >= 0:
        _damaged(what, f"number {place} is {ids[place]}", f"ids below {limit:,}")


def _damaged(what: str, got: str, allowed: str) -> None:
    raise CorruptStoreError(
        explain(
            f"{what} were loaded",
            got,
            allowed,
            "Run `python -m workbench verify` on the dataset, then ingest it again",
        )
    )


def _checked_times(
    table: str, num_rows: Mapping[str, int], times: Mapping[str, AnyArray | None]
) -> TimeArray | None:
    given = times.get(table)
    if given is None:
        return None
    clock = np.ascontiguousarray(given, np.int64)
    if len(clock) != num_rows[table] or (len(clock) > 1 and (clock[1:] < clock[:-1]).any()):
        raise IdError(
            explain(
                f"times of table {table!r}",
                f"got {len(clock)} for {num_rows[table]} rows, or not ascending",
                "one time per row, rows in time order",
            )
        )
    return clock


def _checked_ends(table: str, num_rows: Mapping[str, int], ends: Mapping[str, AnyArray]) -> TimeArray:
    given = np.ascontiguousarray(ends.get(table, ()), np.int64)
    if len(given) != num_rows[table]:
        got = f"got {len(given)} for {num_rows[table]} rows"
        raise IdError(explain(f"end times of table {table!r}", got, "one time per row, NO_TIME for none"))
    return given


def _checked_column(name: str, given: AnyArray, rows: int, targets: int, dtype: np.dtype[Any]) -> AnyArray:
    wide = np.asarray(given)
    missing = wide == no_neighbor(wide.dtype)
    if wide.dtype.kind != "u":
        missing = wide < 0
    column = np.where(missing, np.int64(-1), wide.astype(np.int64))
    if len(column) != rows or (column >= targets).any():
        raise IdError(
            explain(
                f"row ids of foreign key {name}",
                f"got {len(column)} with a maximum of {column.max(initial=-1)}",
                f"{rows} ids below {targets}, negative for none",
            )
        )
    return np.where(missing, no_neighbor(dtype), column).astype(dtype)


def _edge_arrays(
    spec: EdgeSpec, columns: Mapping[tuple[str, str], AnyArray], num_rows: Mapping[str, int]
) -> EdgeArrays:
    targets = num_rows[spec.edge_type.dst]
    if spec.layout == "fact":
        assert spec.dst_column is not None
        return EdgeArrays(*csc_from_column(columns[spec.table, spec.dst_column], targets))
    assert spec.src_column is not None
    if spec.layout == "column":
        return EdgeArrays(None, columns[spec.table, spec.src_column])
    assert spec.dst_column is not None
    src, dst = columns[spec.table, spec.src_column], columns[spec.table, spec.dst_column]
    return EdgeArrays.side_by_side(*csc_from_pairs(src, dst, targets))


def _follows(
    spec: EdgeSpec, columns: Mapping[tuple[str, str], AnyArray], clocks: Mapping[str, TimeArray | None]
) -> bool:
    """Whether every edge is at or after its src node, so that no node filter is needed."""
    if spec.layout == "fact":
        return True
    assert spec.src_column is not None
    node_clock, edge_clock = clocks[spec.edge_type.src], clocks[spec.table]
    if node_clock is None:
        return True
    if edge_clock is None:
        return False
    src = columns[spec.table, spec.src_column]
    linked: BoolArray = src != src.dtype.type(no_neighbor(src.dtype))
    linked &= edge_clock != NO_TIME
    return bool((node_clock[src[linked].astype(np.int64)] <= edge_clock[linked]).all())


def _load(dataset: Dataset, role: str, name: str, dtype: np.typing.DTypeLike) -> AnyArray:
    entry, path = dataset.manifest.find(role, name), dataset.file(role, name)
    if entry is None or path is None:
        raise CorruptStoreError(
            explain(
                f"the {role} file of {name!r} was asked for",
                "the dataset does not list one",
                do="Ingest the tables again",
            )
        )
    try:
        return read_resident(path, entry.bytes, dtype)
    except FileNotFoundError as error:
        raise gone(dataset, path) from error
