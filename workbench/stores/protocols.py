"""The two verbs of storage: ``GraphStore.sample`` and ``FeatureStore.fetch``.

Distribution is one more implementation of these, never a second sampler beside the first. Each
implementation passes the contract suites of ``workbench.testing``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from workbench.schema import EdgeType, Schema
from workbench.stores.features import FeatureBlock, GroupLayout
from workbench.stores.request import HopRequest, HopSample, SampleRequest
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import AnyArray, ByteArray, Int64Array, TimeArray


@dataclass(frozen=True)
class Read:
    """Rows of one feature group.

    Attributes
    ----------
    group : str  name of the table whose columns are read
    ids : ids[n]  row ids: node ids for a node type, edge ids for an edge table; with ``as_of``: ids of the
        table that the group's one foreign key points at
    as_of : int64[n] or None
        Of a group that is a history (``versions.py``): the row that was the newest of each id at that time;
        a row of nothing but missing values where there was none yet.
    """

    group: str
    ids: AnyArray
    as_of: TimeArray | None = None


@runtime_checkable
class BufferPool(Protocol):
    """Lends byte buffers; a buffer is lent again only when no array refers to it."""

    def take(self, shape: tuple[int, int]) -> ByteArray:
        """A C-contiguous uint8 array of that shape, contents undefined."""
        ...


@runtime_checkable
class GraphStore(Protocol):
    """Neighbourhoods by id and time."""

    @property
    def schema(self) -> Schema:
        """Node and edge types of the store."""
        ...

    @property
    def snapshot(self) -> int:
        """Number of the committed state that this store reads."""
        ...

    def num_nodes(self, node_type: str) -> int:
        """Nodes of a type: ids are ``0 .. num_nodes - 1``, in time order."""
        ...

    def num_edges(self, edge_type: EdgeType) -> int:
        """Stored edges of an edge type."""
        ...

    def times(self, table: str) -> TimeArray | None:
        """int64[rows] ascending, microseconds; None for a table without a time column."""
        ...

    def ends(self, table: str) -> TimeArray | None:
        """int64[rows], microseconds, ``NO_TIME`` for none; None for a table without end times.

        Deleted rows have ended before everything began: ``BEGINNING``.
        """
        ...

    def sample(self, request: SampleRequest, snapshot: int | None = None) -> SampledSubgraph:
        """Sample one batch.

        Raises
        ------
        IdError, AnchorError, FanoutError, BudgetError
            Before anything is allocated.
        """
        ...

    def sample_hop(self, request: HopRequest, snapshot: int | None = None) -> HopSample:
        """Expand many nodes along one step; the batched verb that shards and services answer."""
        ...


@runtime_checkable
class FeatureStore(Protocol):
    """Rows by id."""

    @property
    def snapshot(self) -> int:
        """Number of the committed state that this store reads."""
        ...

    @property
    def groups(self) -> Mapping[str, GroupLayout]:
        """Feature groups by name."""
        ...

    def fetch(
        self, reads: Sequence[Read], pool: BufferPool | None = None, snapshot: int | None = None
    ) -> Future[list[FeatureBlock]]:
        """Read several groups in one call; one block per read, rows in the order of its ids.

        Raises
        ------
        IdError, StoreError
            From ``Future.result``; nothing is read past a bad id.
        """
        ...

    def multi_get(
        self, reads: Sequence[Read], pool: BufferPool | None = None, snapshot: int | None = None
    ) -> list[FeatureBlock]:
        """``fetch(...).result()``."""
        ...


@runtime_checkable
class VersionedFeatures(FeatureStore, Protocol):
    """A feature store that holds histories: it reads ``as_of``, and says which rows that are."""

    def rows_as_of(self, group: str, ids: AnyArray, as_of: TimeArray) -> Int64Array:
        """int64[n]: row of a history that was the newest of each id, -1 where there was none yet.

        Raises
        ------
        StoreError, IdError
            If the group is no history, ids are out of range, or there is not one instant per id.
        """
        ...


def versions_in(features: object) -> VersionedFeatures | None:
    """The store, if it can look histories up; None if not."""
    return features if isinstance(features, VersionedFeatures) else None
