"""One compilation policy for every kernel: nogil, cached on disk, compiled at first call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a kernel: no GIL, no bounds checks (ids are checked once, at the store's door)."""
    return _stamped(numba.njit(function, nogil=True, cache=True, error_model="numpy"))


def inlined(function: F) -> F:
    """Compile a helper into the kernels that call it."""
    return _stamped(numba.njit(function, nogil=True, cache=True, inline="always", error_model="numpy"))


def _stamped(dispatcher: Any) -> Any:
    """Have the cache notice an edit in any file of kernels, not only in the kernel's own.

    A kernel compiles its callees into itself, wherever they stand; numba stamps a cache entry with the
    kernel's file alone and would go on with the old code of the others.
    """
    entry = dispatcher._cache._cache_file
    entry._source_stamp = (*entry._source_stamp, _digest_of_kernels())
    return cast(Any, dispatcher)


@cache
def _digest_of_kernels() -> str:
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
