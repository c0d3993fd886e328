"""libc's functions: those that Python does not wrap, and their addresses for kernels."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


@cache
def libc() -> Any:
    """The C library of this process; errors by ``ctypes.get_errno()``."""
    return ctypes.CDLL(None, use_errno=True)


@cache
def address(name: str) -> int:
    """Where a function of :func:`libc` begins.

    Raises
    ------
    AttributeError
        If the library has no such function.
    """
    return ctypes.cast(getattr(libc(), name), ctypes.c_void_p).value or 0
