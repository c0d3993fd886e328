"""RamFeatures: feature rows in memory, for tests and examples that need no dataset on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from workbench.errors import StoreError, WorkbenchError, did_you_mean, explain
from workbench.stores.features import FeatureBlock, GroupLayout
from workbench.stores.protocols import BufferPool, Read
from workbench.stores.ssd_features import check_ids
from workbench.testing.feature_data import group_layout, random_group
from workbench.types import ByteArray

KINDS: tuple[dict[str, int] | None, ...] = (
    {"numerical": 2, "categorical": 1, "timestamp": 1},
    {"embedding": 3, "numerical": 1},
    None,
    {"categorical": 2},
)
"""Columns per section that the tables of :func:`random_features` take turns with; None: no columns."""


class RamFeatures:
    """A :class:`~workbench.stores.protocols.FeatureStore` over arrays.

    Parameters
    ----------
    blocks : one per feature group
    threads : int  0 answers at once; otherwise futures are answered by that many threads
    """

    def __init__(self, blocks: Iterable[FeatureBlock], threads: int = 0) -> None:
        self._blocks = {block.layout.group: block for block in blocks}
        self._threads = threads
        self._workers: dict[int, ThreadPoolExecutor] = {}

    @property
    def snapshot(self) -> int:
        """Always 1: the arrays do not change."""
        return 1

    @property
    def blocks(self) -> list[FeatureBlock]:
        """All rows, one block per group."""
        return list(self._blocks.values())

    @property
    def groups(self) -> Mapping[str, GroupLayout]:
        """Feature groups by name."""
        return {name: block.layout for name, block in self._blocks.items()}

    def fetch(
        self, reads: Sequence[Read], pool: BufferPool | None = None, snapshot: int | None = None
    ) -> Future[list[FeatureBlock]]:
        """Read several groups in one call; at once, or in a thread of the store."""
        if self._threads:
            return self._executor().submit(self.multi_get, tuple(reads), pool, snapshot)
        future: Future[list[FeatureBlock]] = Future()
        try:
            future.set_result(self.multi_get(reads, pool, snapshot))
        except WorkbenchError as error:
            future.set_exception(error)
        return future

    def multi_get(
        self, reads: Sequence[Read], pool: BufferPool | None = None, snapshot: int | None = None
    ) -> list[FeatureBlock]:
        """Read several groups in the calling thread.

        Raises
        ------
        IdError, StoreError
            As for every feature store; nothing is read then.
        """
        if snapshot not in (None, self.snapshot):
            raise StoreError(explain(f"snapshot {snapshot} was asked for", f"there is only {self.snapshot}"))
        checked = [(self._block(read), check_ids(read.ids, self._block(read).layout)) for read in reads]
        out = []
        for block, ids in checked:
            shape = (len(ids), block.layout.stride)
            rows: ByteArray = np.empty(shape, np.uint8) if pool is None else pool.take(shape)
            np.take(block.data, ids, axis=0, out=rows)
            out.append(FeatureBlock(block.layout, rows))
        return out

    def _block(self, read: Read) -> FeatureBlock:
        asked = f"feature group {read.group!r} was asked for"
        if read.group not in self._blocks:
            near = did_you_mean(read.group, self._blocks)
            raise StoreError(explain(asked, "there is none", ", ".join(self._blocks), near))
        if read.as_of is not None:
            raise StoreError(explain(f"{asked} as of a time", "it is not versioned"))
        return self._blocks[read.group]

    def _executor(self) -> ThreadPoolExecutor:
        # A forked child has the object but not its threads, so there is one executor per process.
        return self._workers.setdefault(os.getpid(), ThreadPoolExecutor(self._threads))

    def __reduce__(self) -> tuple[type[RamFeatures], tuple[list[FeatureBlock], int]]:
        return type(self), (self.blocks, self._threads)


def random_features(num_rows: Mapping[str, int], rng: np.random.Generator) -> RamFeatures:
    """Random rows for every table, with the columns of :data:`KINDS` in turn.

    Parameters
    ----------
    num_rows : rows of each table, as in ``GraphArrays.num_rows``
    """
    chosen = [(name, rows, KINDS[i % len(KINDS)]) for i, (name, rows) in enumerate(num_rows.items())]
    return RamFeatures(random_block(name, rows, rng, widths) for name, rows, widths in chosen if widths)


def random_block(group: str, rows: int, rng: np.random.Generator, widths: dict[str, int]) -> FeatureBlock:
    """Random rows with ``widths[section]`` columns a section, a fifth of the values missing."""
    written = random_group(group_layout(group, rows, widths), rng)
    return FeatureBlock(written.layout, written.rows)
