"""RamFeatures: feature rows in memory, for tests and examples that need no dataset on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from workbench.errors import IdError, StoreError, explain
from workbench.stores.features import SECTION_DTYPES, FeatureBlock, GroupColumn, GroupLayout
from workbench.stores.protocols import BufferPool, Read
from workbench.types import ByteArray


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
        """Read several groups in one call."""
        if snapshot not in (None, self.snapshot):
            raise StoreError(explain(f"snapshot {snapshot} was asked for", f"there is only {self.snapshot}"))
        if self._threads:
            return self._executor().submit(self._read, tuple(reads), pool)
        future: Future[list[FeatureBlock]] = Future()
        try:
            future.set_result(self._read(reads, pool))
        except IdError as error:
            future.set_exception(error)
        return future

    def multi_get(
        self, reads: Sequence[Read], pool: BufferPool | None = None, snapshot: int | None = None
    ) -> list[FeatureBlock]:
        """``fetch(...).result()``."""
        return self.fetch(reads, pool, snapshot).result()

    def __reduce__(self) -> tuple[type[RamFeatures], tuple[list[FeatureBlock], int]]:
        return type(self), (self.blocks, self._threads)

    def _executor(self) -> ThreadPoolExecutor:
        # A forked child has the object but not its threads, so there is one executor per process.
        return self._workers.setdefault(os.getpid(), ThreadPoolExecutor(self._threads))

    def _read(self, reads: Sequence[Read], pool: BufferPool | None) -> list[FeatureBlock]:
        return [self._gather(read, pool) for read in reads]

    def _gather(self, read: Read, pool: BufferPool | None) -> FeatureBlock:
        block = self._blocks[read.group]
        if len(read.ids) and not (read.ids.min() >= 0 and int(read.ids.max()) < len(block)):
            raise IdError(
                explain(
                    f"rows of feature group {read.group!r} were asked for",
                    f"ids up to {read.ids.max()}",
                    f"0 to {len(block) - 1}",
                )
            )
        shape = (len(read.ids), block.layout.stride)
        out: ByteArray = np.empty(shape, np.uint8) if pool is None else pool.take(shape)
        np.take(block.data, read.ids, axis=0, out=out)
        return FeatureBlock(block.layout, out)


def random_features(num_rows: Mapping[str, int], rng: np.random.Generator) -> RamFeatures:
    """Random rows for every table, the kinds of their columns taking turns; the third table has none.

    Parameters
    ----------
    num_rows : rows of each table, as in ``GraphArrays.num_rows``
    """
    kinds = (
        {"numerical": 2, "categorical": 1, "timestamp": 1},
        {"embedding": 3, "numerical": 1},
        None,
        {"categorical": 2},
    )
    chosen = [(name, rows, kinds[i % len(kinds)]) for i, (name, rows) in enumerate(num_rows.items())]
    return RamFeatures(random_block(name, rows, rng, widths) for name, rows, widths in chosen if widths)


def random_block(group: str, rows: int, rng: np.random.Generator, widths: Mapping[str, int]) -> FeatureBlock:
    """Random rows with ``widths[section]`` columns a section, a tenth of the values missing.

    An embedding section is one column of that width.
    """
    columns = list(_columns(widths))
    layout = replace(GroupLayout(group, rows, ()), columns=tuple(columns))
    block = FeatureBlock(layout, np.zeros((rows, layout.stride), np.uint8))
    present = rng.random((rows, len(columns))) > 0.1
    for position, column in enumerate(columns):
        cells = block.section(column.section)[:, column.start : column.start + column.width]
        dtype = SECTION_DTYPES[column.section]
        drawn = rng.integers(1, max(2, column.cardinality), cells.shape)
        values = rng.normal(size=cells.shape) if dtype.kind == "f" else drawn
        cells[:] = np.where(present[:, [position]], values, 0)
    bits = np.packbits(present, axis=1, bitorder="little")
    block.data[:, layout.mask_offset : layout.mask_offset + layout.mask_bytes] = bits
    return block


def _columns(widths: Mapping[str, int]) -> Iterable[GroupColumn]:
    for section, width in widths.items():
        if section == "embedding":
            yield GroupColumn(section, section, 0, width)
        else:
            for start in range(width):
                cardinality = {"categorical": 7, "timestamp": 10**9}.get(section, 0)
                yield GroupColumn(f"{section}_{start}", section, start, 1, cardinality)
