"""How much memory feature rows may take: groups that are kept whole, and frequent rows of the others."""

from __future__ import annotations

from typing import Any

from workbench.errors import BudgetError, explain
from workbench.stores.memory import available_memory
from workbench.stores.sizes import read_size


def feature_options(
    feature_budget: int | str | None = None, row_cache: int | str | None = None
) -> dict[str, Any]:
    """Options of ``SsdFeatures.open`` that keep its groups and its row cache together within a budget.

    Parameters
    ----------
    feature_budget : bytes, or text such as ``'4GB'``; None: a quarter of the memory that is free, 0: none
    row_cache : part of it that is kept for frequent rows of groups that do not fit; None: what is left

    Raises
    ------
    BudgetError
        If either is no size, or the row cache is larger than the budget.
    """
    if feature_budget is None and row_cache is None:
        return {}
    budget = available_memory() // 4 if feature_budget is None else _size(feature_budget)
    if row_cache is None:
        return {"resident_bytes": budget}
    cache = _size(row_cache)
    if cache > budget:
        got = f"row_cache={row_cache!r} is more than features may take, which is {budget:,} bytes"
        do = "Give feature_budget= that holds the row cache and the groups to be kept whole"
        raise BudgetError(explain("a dataset was opened with a budget for features", got, do=do))
    return {"resident_bytes": budget - cache, "cache_bytes": cache}


def _size(size: int | str) -> int:
    return 0 if size == 0 and not isinstance(size, bool) else read_size(size)
