"""Rankings that learn nothing: what was named most, by everyone or by the entity itself.

Only labels whose windows were over by the anchor count, and only rows that exist at it are named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.models.ranking import Candidates
from workbench.query.seed_table import SeedTable
from workbench.types import AnyArray, Int64Array, TimeArray


@dataclass(frozen=True)
class Named:
    """Every row that a label named: one entry per name, those of an entity together.

    Attributes
    ----------
    entity : int64[m]  ascending
    end : int64[m]  microseconds: the label's window is over
    row : int64[m]
    """

    entity: Int64Array
    end: TimeArray
    row: Int64Array

    @classmethod
    def of(cls, entity: Sequence[Int64Array], end: Sequence[TimeArray], lists: Sequence[Any]) -> Named:
        """The names of several seed tables: entities, ends of their windows, and their lists."""
        sizes = [np.diff(each.indptr) for each in lists]
        who, over = (
            np.concatenate([np.repeat(values, size) for values, size in zip(column, sizes, strict=True)])
            for column in (entity, end)
        )
        order = np.argsort(who, kind="stable")
        return cls(who[order], over[order], np.concatenate([each.values for each in lists])[order])


def popular(known: Named, candidates: Candidates, seeds: SeedTable, k: int) -> AnyArray:
    """float64[n, 2, k]: the rows that were named most by the anchor, for every seed alike."""
    found = np.empty((len(seeds), 2, min(k, candidates.rows)))
    anchors, place = np.unique(seeds.visible_until, return_inverse=True)
    for i, anchor in enumerate(anchors.tolist()):
        found[place == i] = _first(_counts(known, candidates, anchor), k)
    return found


def own_past(known: Named, candidates: Candidates, seeds: SeedTable, k: int) -> AnyArray:
    """float64[n, 2, k]: the rows that the seed itself had by its anchor, the most frequent first.

    What is popular follows, and decides between rows that are equally frequent.
    """
    found = np.empty((len(seeds), 2, min(k, candidates.rows)))
    starts = np.searchsorted(known.entity, seeds.node_id)
    stops = np.searchsorted(known.entity, seeds.node_id, side="right")
    anchors, place = np.unique(seeds.visible_until, return_inverse=True)
    for at, anchor in enumerate(anchors.tolist()):
        everyone = _counts(known, candidates, anchor)
        # Below one: any of the entity's own rows is before what is merely popular.
        liked = everyone / (1.0 + np.max(everyone, initial=0.0, where=np.isfinite(everyone)))
        most = _first(liked, k)[0].astype(np.int64)
        for i in np.flatnonzero(place == at).tolist():
            here = known.end[starts[i] : stops[i]] <= anchor
            own, count = np.unique(known.row[starts[i] : stops[i]][here], return_counts=True)
            rows = np.union1d(own, most)
            score = liked[rows]
            score[np.searchsorted(rows, own)] += count
            best = _first(score, k)
            found[i] = rows[best[0].astype(np.int64)], best[1]
    return found


RANKERS: dict[str, Callable[[Named, Candidates, SeedTable, int], AnyArray]] = {
    "popular": popular,
    "own_past": own_past,
}
"""Name -> baseline of a ranking."""


def _counts(known: Named, candidates: Candidates, anchor: int) -> AnyArray:
    """float64[rows]: how often each was named by an anchor; minus infinity if it does not exist then."""
    counts = np.bincount(known.row[known.end <= anchor], minlength=candidates.rows).astype(np.float64)
    if candidates.begin is not None:
        counts[candidates.begin[: candidates.rows] > anchor] = -np.inf
    if candidates.end is not None:
        counts[candidates.end[: candidates.rows] <= anchor] = -np.inf
    return counts


def _first(score: AnyArray, k: int) -> AnyArray:
    """float64[2, k]: rows and scores, the highest first; of equals the first row."""
    rows = np.argsort(-score, kind="stable")[:k]
    return np.stack([rows.astype(np.float64), score[rows]])
