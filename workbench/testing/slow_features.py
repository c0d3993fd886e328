"""SlowFeatures: a feature store that answers late, as one behind a network or a busy disk would."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import Any

from workbench.stores.features import FeatureBlock, GroupLayout
from workbench.stores.protocols import BufferPool, FeatureStore, Read


class SlowFeatures:
    """Wraps a feature store and sleeps before every answer; reads overlap up to ``threads``.

    Parameters
    ----------
    inner : FeatureStore
    seconds : float  latency of one call
    threads : int  calls under way at a time
    """

    def __init__(self, inner: FeatureStore, seconds: float = 0.002, threads: int = 8) -> None:
        self._inner, self._seconds, self._threads = inner, seconds, threads

    @property
    def snapshot(self) -> int:
        """Snapshot of the wrapped store."""
        return self._inner.snapshot

    @property
    def groups(self) -> Mapping[str, GroupLayout]:
        """Groups of the wrapped store."""
        return self._inner.groups

    def fetch(
        self, reads: Sequence[Read], pool: BufferPool | None = None, snapshot: int | None = None
    ) -> Future[list[FeatureBlock]]:
        """Answer of the wrapped store, ``seconds`` later."""
        return self._executor.submit(self.multi_get, reads, pool, snapshot)

    def multi_get(
        self, reads: Sequence[Read], pool: BufferPool | None = None, snapshot: int | None = None
    ) -> list[FeatureBlock]:
        """:meth:`fetch` in the calling thread."""
        time.sleep(self._seconds)
        return self._inner.multi_get(reads, pool, snapshot)

    @cached_property
    def _executor(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, thread_name_prefix="workbench-slow-features")

    def __reduce__(self) -> tuple[Any, ...]:
        return SlowFeatures, (self._inner, self._seconds, self._threads)
