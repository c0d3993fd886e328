"""Loader: seeds in, complete batches out, made by threads while the consumer computes.

    SeedTable -> batch_order -> sample -> fetch -> assemble -> Batch
                                `------ Pipeline ------'

Threads replace worker processes: kernels hold no GIL, memory is held once, and closing is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from workbench.errors import LoaderError, expect, explain
from workbench.events import Callback
from workbench.loading.batch import Batch
from workbench.loading.iterator import BatchIterator, Clock, Made
from workbench.loading.join import Join, edge_times, histories_of, node_times, plan_join
from workbench.loading.order import BatchOrder, batch_order
from workbench.loading.padded import is_lists, padded
from workbench.loading.pipeline import Pipeline, Started
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.features import FeatureBlock
from workbench.stores.protocols import BufferPool, FeatureStore, VersionedFeatures
from workbench.stores.request import SeedSet
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import AnyArray, Int64Array, TimeArray

T = TypeVar("T")

_SAMPLER = "Make one with NeighborSampler(engine.graph, plan.fanout)"


class Loader:
    """Iterates over the batches of one epoch.

    Parameters
    ----------
    sampler : NeighborSampler
    features : FeatureStore
    seeds : SeedTable
    batch_size : int
        Seeds per batch; with a joint fanout batches are cut within each anchor.
    shuffle : bool
        A pure function of ``key`` and ``epoch``.
    key : int or None
        Of the order; None takes the sampler's.
    epoch : int
        Changes the order (with ``shuffle``) and every draw.
    drop_last : bool
        Leave out batches of fewer seeds.
    start_batch : int
        Resume: skip that many batches; the rest is what it would have been.
    threads : int
        Sampling threads; they change nothing but the speed.
    prefetch : int
        Batches under way at most, beside the one that the consumer holds.
    callbacks : sequence of callables
        Get :class:`~workbench.events.StageTimes`, in the consumer's thread.
    pool : BufferPool or None
        Where feature rows are read into.
    edge_features : bool
        False leaves out the columns of folded edge tables.
    view : callable or None
        ``(seeds, epoch) -> int64[n]``: up to when each seed sees rows; None: ``seeds.visible_until``.

    Raises
    ------
    LoaderError
        While iterating, with the batch's index; ``__cause__`` is what went wrong.

    Examples
    --------
    >>> for batch in Loader(sampler, features, task.seeds("train"), 512, shuffle=True):
    ...     step(batch)                                                    # doctest: +SKIP
    """

    def __init__(
        self,
        sampler: NeighborSampler,
        features: FeatureStore,
        seeds: SeedTable,
        batch_size: int,
        *,
        shuffle: bool = False,
        key: int | None = None,
        epoch: int = 0,
        drop_last: bool = False,
        start_batch: int = 0,
        threads: int = 2,
        prefetch: int = 4,
        callbacks: Sequence[Callback] = (),
        pool: BufferPool | None = None,
        edge_features: bool = True,
        view: Callable[[SeedTable, int], TimeArray] | None = None,
    ) -> None:
        expect(sampler, NeighborSampler, LoaderError, "a loader with a sampler", _SAMPLER)
        expect(features, FeatureStore, LoaderError, "a loader of features", "Take engine.features")
        expect(seeds, SeedTable, LoaderError, "a loader of seeds", "Take task.seeds('train')")
        self._options: dict[str, Any] = {
            name: value for name, value in locals().items() if name not in ("self", "__class__")
        }
        self.sampler, self.features, self.seeds = sampler, features, seeds
        self._versions = _versions(sampler, features)
        self.epoch, self.start_batch = epoch, start_batch
        self._threads, self._prefetch = _positive("threads", threads), _positive("prefetch", prefetch)
        if callable(callbacks):
            raise LoaderError(explain("callbacks of a loader", "got one callable", "a list", "Put it in [ ]"))
        self._callbacks = tuple(callbacks)
        self.pool, self._edge_features = pool, edge_features
        # Once: with ``until`` they are computed over the whole table.
        self._anchors = seeds.visible_until if view is None else view(seeds, epoch)
        self.order: BatchOrder = batch_order(
            len(seeds),
            batch_size,
            shuffle=shuffle,
            key=sampler.key if key is None else key,
            epoch=epoch,
            anchors=None if sampler.disjoint else self._anchors,
            drop_last=drop_last,
        )
        _check_place("to resume at start_batch", start_batch, len(self.order))

    def __len__(self) -> int:
        """Batches that iterating yields."""
        return len(self.order) - self.start_batch

    def __iter__(self) -> BatchIterator[Batch]:
        return self.iterate(_same)

    def with_epoch(self, epoch: int) -> Loader:
        """The same loader for another epoch, from its first batch."""
        return Loader(**{**self._options, "epoch": epoch, "start_batch": 0})

    def from_batch(self, start: int) -> Loader:
        """The same epoch from a batch on."""
        return Loader(**{**self._options, "start_batch": start})

    def batch(self, index: int) -> Batch:
        """One batch, made here and now: equal to the one that iterating yields at that index.

        Raises
        ------
        LoaderError
            If the epoch has no such batch.
        """
        _check_place("one batch", index, len(self.order) - 1)
        sampled = self._sampled(index)
        blocks = self.features.multi_get(sampled.join.reads, self.pool)
        return self._finish(_same, index, sampled, blocks).item

    def subgraphs(self) -> Iterator[SampledSubgraph]:
        """What the batches are sampled to, in order, made in this thread and without reading a feature."""
        return (self._sample(self.order[index])[1] for index in range(self.start_batch, len(self.order)))

    def iterate(self, convert: Callable[[Batch], T]) -> BatchIterator[T]:
        """Iterate over ``convert(batch)``, converted in the pipeline's thread, not in the consumer's."""
        pipeline = Pipeline(
            self.start_batch,
            len(self.order),
            self._start,
            partial(self._finish, convert),
            self._threads,
            self._prefetch,
        )
        return BatchIterator(pipeline, self.start_batch, self.epoch, self._callbacks)

    def __repr__(self) -> str:
        size = int((self.order.ends - self.order.starts).max(initial=0))
        return f"Loader({len(self):,} batches of up to {size:,} of {self.seeds!r}, epoch {self.epoch})"

    def _start(self, index: int) -> Started:
        sampled = self._sampled(index)
        future = self.features.fetch(sampled.join.reads, self.pool)
        future.add_done_callback(sampled.clock.lap_fetch)
        return Started(sampled, future)

    def _sampled(self, index: int) -> _Sampled:
        clock = Clock()
        rows = self.order[index]
        seeds, subgraph = self._sample(rows)
        clock.lap("sample")
        schema, groups = self.sampler.graph.schema, self.features.groups
        join = plan_join(schema, groups, subgraph, self._edge_features, self._versions)
        return _Sampled(rows, seeds, subgraph, join, clock)

    def _sample(self, rows: Int64Array) -> tuple[SeedSet, SampledSubgraph]:
        table = self.seeds
        anchors = self._anchors[rows]
        seeds = SeedSet.of(table.node_type, table.node_id[rows], anchors, rows, table.numbering)
        return seeds, self.sampler.sample(seeds, self.epoch)

    def _finish(
        self, convert: Callable[[Batch], T], index: int, sampled: _Sampled, blocks: list[FeatureBlock]
    ) -> Made[T]:
        clock = sampled.clock
        clock.lap_fetch()  # the future is done before it has told its listeners
        clock.restart()
        graph, subgraph = self.sampler.graph, sampled.subgraph
        batch = Batch(
            index=index,
            subgraph=subgraph,
            nodes=sampled.join.node_rows(blocks),
            edges=sampled.join.edge_rows(blocks),
            node_time=node_times(graph, subgraph),
            edge_time=edge_times(graph, subgraph),
            input_ids=sampled.seeds.input_ids,
            label=_label(self.seeds, sampled.rows),
            seconds=clock.seconds,
            histories=sampled.join.versions(blocks, graph),
        )
        clock.lap("assemble")
        converted = convert(batch)
        if convert is not _same:
            clock.lap("convert")
        return Made(converted, clock.seconds)


@dataclass(frozen=True)
class _Sampled:
    """A batch whose rows are on their way."""

    rows: Int64Array
    seeds: SeedSet
    subgraph: SampledSubgraph
    join: Join
    clock: Clock


def _versions(sampler: NeighborSampler, features: FeatureStore) -> VersionedFeatures | None:
    """The features, if they can look histories up; None where there are none to look up."""
    if isinstance(features, VersionedFeatures):
        return features
    schema = sampler.graph.schema
    lost = histories_of(schema, schema.node_types, features.groups)
    if lost:
        got = f"a {type(features).__name__} cannot say which version a node sees"
        asked = f"a loader of nodes with histories ({', '.join(lost)})"
        raise LoaderError(explain(asked, got, "a feature store with rows_as_of", "Take engine.features"))
    return None


def _same(batch: Batch) -> Batch:
    return batch


def _label(seeds: SeedTable, rows: Int64Array) -> AnyArray | None:
    """Labels as models take them: float32, or int64 if they are whole numbers by type, or lists."""
    if seeds.label is None:
        return None
    if is_lists(seeds.label):
        return padded(seeds.label[rows])
    label = np.asarray(seeds.label)[rows]
    return label.astype(np.int64 if np.issubdtype(label.dtype, np.integer) else np.float32)


def _positive(name: str, value: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise LoaderError(explain(f"{name} of a loader were asked for", f"got {value!r}", "at least 1"), -1)
    return int(value)


def _check_place(what: str, place: int, last: int) -> None:
    if not hasattr(place, "__index__") or not 0 <= place <= last:
        allowed = f"0 to {last}" if last >= 0 else "none: there are no seeds"
        raise LoaderError(explain(f"a loader was asked for {what}", f"got {place!r}", allowed))
