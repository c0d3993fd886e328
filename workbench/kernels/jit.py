"""One compilation policy for every kernel: nogil, cached on disk, compiled at first call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core.ccallback import CFunc

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a kernel: no GIL, no bounds checks (ids are checked once, at the store's door)."""
    return _stamped(numba.njit(function, nogil=True, cache=True, error_model="numpy"))


def part(function: F) -> F:
    """Compile a part of a kernel: it is optimised, stored and called with the kernels that use it only."""
    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(F, numba.njit(function, nogil=True, error_model="numpy", **options))


class Stage:
    """A kernel that other kernels call by its address, so that it is compiled once and only when needed.

    It takes one id, for its dtype, and the address of a call (``kernels/tables.py``), and returns an int64.
    What is compiled into its callers instead is optimised again with each of them.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._compiled: dict[str, Any] = {}
        self.__doc__, self.__name__ = function.__doc__, function.__name__

    def address(self, ids: np.dtype[Any]) -> int:
        """Where the code for ids of a dtype is; compiled, or loaded, at the first call."""
        compiled = self._compiled.get(ids.name)
        if compiled is None:
            signature = numba.int64(numba.from_dtype(ids), numba.int64)
            types, options = (
                (signature.args, signature.return_type),
                {"nopython": True, "error_model": "numpy"},
            )
            compiled = CFunc(self._function, types, {}, options)
            compiled.enable_caching()
            _stamped(compiled)
            compiled.compile()
            # of two threads that compiled it, one wins: the other's code may go with its last reference
            compiled = self._compiled.setdefault(ids.name, compiled)
        return cast(int, compiled.address)


def stage(function: Callable[..., Any]) -> Stage:
    """Make a kernel that is called by address: see :class:`Stage`."""
    return Stage(function)


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
