"""Names that SQL takes for one: DuckDB reads ``amount, Amount`` as ``amount, Amount_1``, without a word."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workbench.errors import TableError, explain

_NUMBERED = re.compile(r"(.+)_\d+", re.DOTALL)


def same_but_case(names: Iterable[str]) -> tuple[str, str] | None:
    """The first two names that are equal or differ only by case, or None."""
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            return seen[name.lower()], name
        seen[name.lower()] = name
    return None


def refuse_twins(asked: str, columns: Iterable[str]) -> None:
    """Refuse columns that are equal or differ only by case.

    Raises
    ------
    TableError
        Naming the first two.
    """
    twins = same_but_case(columns)
    if twins is None:
        return
    one, other = twins
    got = f"its columns {one!r} and {other!r} differ only by case, which SQL does not tell apart"
    got = f"two of its columns are named {one!r}" if one == other else got
    raise TableError(explain(asked, got, "different names", "Rename one where the table comes from"))


def may_be_renamed(columns: Iterable[str]) -> bool:
    """Whether DuckDB may have renamed one of these columns of a file: ``Amount_1`` beside ``amount``."""
    known = {column.lower() for column in columns}
    return any(match[1] in known for match in map(_NUMBERED.fullmatch, known) if match)
