"""One compilation policy for every kernel: nogil, cached on disk, compiled at first call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a kernel: no GIL, no bounds checks (ids are checked once, at the store's door)."""
    return cast(F, numba.njit(function, nogil=True, cache=True, error_model="numpy"))


def inlined(function: F) -> F:
    """Compile a helper into the kernels of its own file.

    numba's cache does not notice an edit in a helper of another file, so helpers that are shared
    between files (``rng.py``) are frozen by a test against known values.
    """
    return cast(F, numba.njit(function, nogil=True, cache=True, inline="always", error_model="numpy"))
