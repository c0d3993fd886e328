"""Sizes as people write them: ``'4GB'``, ``'512 MiB'`` or a number of bytes."""

from __future__ import annotations

import re

from workbench.errors import BudgetError, explain

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*")


def read_size(size: int | str) -> int:
    """Bytes of a size.

    Raises
    ------
    BudgetError
        If it is not a positive size.
    """
    match = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if match and match[2].lower() in _UNITS:
        size = int(float(match[1]) * _UNITS[match[2].lower()])
    if isinstance(size, bool) or not isinstance(size, int) or size <= 0:
        raise BudgetError(
            explain("a size was asked for", f"got {size!r}", "a number of bytes, or text such as '4GB'")
        )
    return size
