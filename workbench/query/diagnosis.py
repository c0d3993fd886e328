"""Why a split has no labels: the first clause after which no row is left."""

from __future__ import annotations

from dataclasses import replace

from workbench.query.ast import Query
from workbench.query.labels import count_rows
from workbench.query.resolved import ResolvedQuery
from workbench.stores.dataset import Dataset
from workbench.temporal import iso
from workbench.types import TimeArray


def why_no_rows(dataset: Dataset, query: ResolvedQuery, anchors: TimeArray, until: int | None) -> str:
    """What leaves no row of a query at some anchors, and what to do; reads on after "at its anchors".

    Parameters
    ----------
    dataset : Dataset
    query : ResolvedQuery
    anchors : int64[n]  microseconds, at which there are no labels
    until : int or None  features are frozen there
    """

    def rows(asked: Query, label: bool) -> int:
        return count_rows(dataset, replace(query, query=asked), anchors, until, label)

    text = query.query
    entity = query.entity.name
    if query.static:
        return _why_no_values(entity, rows(replace(text, where=None), label=True), rows(text, label=True))
    exist = rows(replace(text, where=None), label=False)
    if not exist:
        frozen = "" if until is None else f" by {iso(until)}, where features are frozen"
        times = ", ".join(name for name in (query.entity.time, query.entity.end_time) if name)
        return (
            f"no row of {entity!r} exists{frozen}{f' (see {times})' if times else ''}. "
            "Choose other boundaries with val= and test="
        )
    if not rows(text, label=False):
        return f"WHERE holds for none of the {exist:,} rows of {entity!r} that exist. Loosen WHERE"
    if text.assuming is not None and rows(replace(text, assuming=None), label=True):
        return f"ASSUMING holds for no row of {entity!r} that has a label. Loosen ASSUMING"
    return (
        f"the target is unknown for every row of {entity!r}: AVG, MIN and MAX of no rows are. "
        "Take a longer window, COUNT or SUM, or other boundaries with val= and test="
    )


def _why_no_values(entity: str, known: int, kept: int) -> str:
    """The same of a static query, of which so many rows have a value, and so many of these WHERE keeps."""
    if not known:
        return f"no row of {entity!r} has a value to learn from. Predict another column"
    if not kept:
        return f"WHERE holds for none of the {known:,} rows of {entity!r} that have a value. Loosen WHERE"
    return f"none of the {kept:,} rows with a value was drawn. Take larger shares, or another key="
