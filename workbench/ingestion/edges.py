"""Foreign keys to row ids, and row ids to the arrays of each edge type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import IngestError, explain
from workbench.ingestion.flat_files import RowIds
from workbench.kernels.csc import csc_from_column, csc_from_pairs, no_neighbor
from workbench.schema import EdgeSpec
from workbench.stores.key_map import normalise_keys
from workbench.temporal import NO_TIME
from workbench.types import AnyArray, Int64Array, TimeArray

AT_A_TIME: int = 1 << 22
"""Rows whose times are compared at a time."""


@dataclass(frozen=True)
class Link:
    """A foreign-key column as row ids.

    Attributes
    ----------
    rows : RowIds[n]  row of the table that the key points at, ``no_neighbor`` for null or dangling
    null, dangling : int  rows without a key; rows whose key is not in the other table
    examples : tuple of str  a few dangling keys
    """

    rows: RowIds
    null: int
    dangling: int
    examples: tuple[str, ...]


class Keys(Protocol):
    """Keys that a foreign key may point at: a ``KeyMap``, or several."""

    @property
    def table(self) -> str:
        """Name of their table."""
        ...

    @property
    def type(self) -> pa.DataType:
        """int64 or large_string."""
        ...

    def lookup(self, keys: pa.Array) -> Int64Array:
        """int64[n]: node id of each key, -1 where it is null or unknown."""
        ...


def link_rows(table: str, column: str, values: pa.Array, keys: Keys, dtype: np.dtype[np.generic]) -> Link:
    """Look up a foreign-key column.

    Raises
    ------
    IngestError
        If the key is of another type than the primary key it points at.
    """
    normal = normalise_keys(values)
    if normal is None or (normal.type != keys.type and normal.null_count < len(normal)):
        kind = "text" if normal is not None and not pa.types.is_integer(normal.type) else str(values.type)
        raise IngestError(
            explain(
                f"foreign key {table}.{column} -> {keys.table} was read",
                f"it holds {kind}, the primary key of {keys.table!r} holds "
                f"{'integers' if pa.types.is_integer(keys.type) else 'texts'}",
                "the same type on both sides",
                f"Cast it, for example tables.derive({table!r}, {column!r}, 'CAST({column} AS "
                f"{'BIGINT' if pa.types.is_integer(keys.type) else 'VARCHAR'})'), "
                f"or schema.unlink({table!r}, {column!r})",
            )
        )
    found = keys.lookup(normal.cast(keys.type))
    missing = found < 0
    dangling = missing & np.asarray(normal.is_valid().to_numpy(zero_copy_only=False))
    lost = np.flatnonzero(dangling)
    strangers = pc.unique(normal.take(pa.array(lost[:1000])))[:5]
    examples = tuple(str(key) for key in strangers.to_pylist())
    rows = np.where(missing, no_neighbor(dtype), found).astype(dtype)
    return Link(rows, normal.null_count, len(lost), examples)


def edge_arrays(
    spec: EdgeSpec, links: Mapping[tuple[str, str], Link], rows: Mapping[str, int]
) -> dict[str, AnyArray]:
    """The arrays of an edge type by file role: ``nbr``, and what else its layout has."""
    targets = rows[spec.edge_type.dst]
    if spec.layout == "column":
        assert spec.src_column is not None
        return {"nbr": links[spec.table, spec.src_column].rows[:]}
    assert spec.dst_column is not None
    ends = links[spec.table, spec.dst_column].rows[:]
    if spec.layout == "fact":
        indptr, nbr = csc_from_column(ends, targets)
        return {"indptr": indptr, "nbr": nbr}
    assert spec.src_column is not None
    indptr, nbr, eid = csc_from_pairs(links[spec.table, spec.src_column].rows[:], ends, targets)
    return {"indptr": indptr, "nbr": nbr, "eid": eid}


def count_edges(spec: EdgeSpec, links: Mapping[tuple[str, str], Link], arrays: Mapping[str, AnyArray]) -> int:
    """Stored edges of an edge type."""
    if spec.layout == "column":
        assert spec.src_column is not None
        link = links[spec.table, spec.src_column]
        return len(link.rows) - link.null - link.dangling
    return len(arrays["nbr"])


def follows_nodes(
    spec: EdgeSpec, links: Mapping[tuple[str, str], Link], times: Mapping[str, TimeArray]
) -> bool:
    """Whether every dated edge is at or after its src node, so that no node filter is needed.

    In the ``fact`` layout the src node is the row that is the edge.
    """
    if spec.layout == "fact" or spec.edge_type.src not in times:
        return True
    if spec.table not in times:
        return False
    assert spec.src_column is not None
    ends, born = links[spec.table, spec.src_column].rows, times[spec.edge_type.src]
    nothing = ends.dtype.type(no_neighbor(ends.dtype))
    for begin in range(0, len(ends), AT_A_TIME):
        rows = slice(begin, begin + AT_A_TIME)
        src, clock = ends[rows], times[spec.table][rows]
        linked = (src != nothing) & (clock != NO_TIME)
        if (born[src[linked]] > clock[linked]).any():
            return False
    return True
