"""A long call in a thread of its own, so that a notebook goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def in_thread(work: Callable[..., T], *given: Any) -> Future[T]:
    """``work(*given)`` in a thread that ends with it; errors come from ``result()``."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="workbench-writer")
    try:
        return thread.submit(work, *given)
    finally:
        thread.shutdown(wait=False)
