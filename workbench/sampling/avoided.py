"""Which pairs are no negatives: linked by the anchor, linked in the label window, or named by the caller."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.errors import FanoutError, IdError, expect, explain
from workbench.plan.draw import whole
from workbench.sampling.pairs import EdgePairs, PairIndex
from workbench.temporal import BEGINNING, FOREVER, Duration, duration
from workbench.types import AnyArray, BoolArray, Int64Array, TimeArray

DRAWS: tuple[str, ...] = ("uniform", "popular", "in-batch")
"""Ways to draw a node: any that exists; by its degree at the anchor; an end of another link of the batch."""


@dataclass(frozen=True)
class Negatives:
    """How negatives are drawn, and which pairs never are.

    Parameters
    ----------
    draw : ``'uniform'``, ``'popular'`` or ``'in-batch'``
        ``'popular'`` weighs a node by its edges at or before the anchor. ``'in-batch'`` takes ends of the
        batch's links, so it depends on them. Where neither leaves anything allowed, ``'uniform'`` does.
    avoid_edges : bool
        Draw no pair with an edge at or before the anchor.
    window : (start, end), lengths of time such as ``(0, '30 days')``, or None
        Draw no pair with an edge in ``(anchor + start, anchor + end]`` either: a positive of the label.
        Kept as microseconds.
    positives : Positives or None
        Draw none of these pairs either.
    tries : int  draws before the exact scan

    Raises
    ------
    FanoutError
        If a choice is not allowed.
    """

    draw: str = "uniform"
    avoid_edges: bool = True
    window: tuple[Duration, Duration] | None = None
    positives: Positives | None = None
    tries: int = 16

    def __post_init__(self) -> None:
        asked = "negatives were asked for"
        if self.draw not in DRAWS:
            raise FanoutError(explain(asked, f"got draw={self.draw!r}", " or ".join(map(repr, DRAWS))))
        if not isinstance(self.avoid_edges, bool):
            raise FanoutError(explain(asked, f"got avoid_edges={self.avoid_edges!r}", "True or False"))
        if (whole(self.tries) or 0) < 0 or whole(self.tries) is None:
            raise FanoutError(explain(asked, f"got tries={self.tries!r}", "0 or more"))
        if self.positives is not None:
            expect(
                self.positives,
                Positives,
                FanoutError,
                "negatives beside positives",
                "Say Positives(row, col)",
            )
        if self.window is not None:
            object.__setattr__(self, "window", self._read_window(asked))

    def _read_window(self, asked: str) -> tuple[int, int]:
        pair = self.window if isinstance(self.window, (tuple, list)) else ()
        lengths = [duration(length) for length in pair]
        if len(lengths) != 2 or not lengths[0] < lengths[1]:
            allowed = "(start, end) with start < end, such as (0, '30 days')"
            raise FanoutError(explain(asked, f"got window={self.window!r}", allowed))
        return lengths[0], lengths[1]

    @property
    def needs_edges(self) -> bool:
        """Whether the edges of the links' edge type have to be known."""
        return self.avoid_edges or self.window is not None or self.draw == "popular"


class Positives:
    """Pairs that are never negatives.

    Parameters
    ----------
    row, col : ints[m]  node ids
    anchors : int64[m] or None  each pair counts for links of that anchor alone; None: for all links

    Raises
    ------
    IdError
        If ids are not one a pair, integers from 0 on.
    """

    def __init__(self, row: AnyArray, col: AnyArray, anchors: TimeArray | None = None) -> None:
        asked, row, col = "positives of links were given", np.asarray(row), np.asarray(col)
        moments = np.zeros(len(row), np.int64) if anchors is None else np.asarray(anchors)
        parts = (row, col, moments)
        alike = row.ndim == 1 and row.shape == col.shape == moments.shape
        if not alike or any(part.dtype.kind not in "iu" for part in parts if part.size):
            got = "got " + ", ".join(f"{part.dtype}{part.shape}" for part in parts)
            raise IdError(explain(asked, got, "one row, col (and anchor) each, integers"))
        if min(row.min(initial=0), col.min(initial=0)) < 0:
            raise IdError(
                explain(asked, "some ids are negative", "one row, col (and anchor) each, from 0 on")
            )
        row, col, moments = (part.astype(np.int64) for part in parts)
        self.index = PairIndex.of(row, col, moments, int(col.max(initial=0)) + 1)
        self.timed = anchors is not None

    def __repr__(self) -> str:
        when = "each at its anchor" if self.timed else "at every anchor"
        return f"Positives({len(self.index.keys):,} pairs, {when})"

    def span(self, anchors: AnyArray) -> tuple[AnyArray, AnyArray]:
        """First and last value that counts for each anchor."""
        return (anchors, anchors) if self.timed else (anchors * 0 + BEGINNING, anchors * 0 + FOREVER)


@dataclass(frozen=True)
class Ends:
    """The links that negatives are drawn for.

    Attributes
    ----------
    types : (node type of rows, node type of cols)
    row, col, input_ids : int64[n]
    anchors : int64[n]
    """

    types: tuple[str, str]
    row: Int64Array
    col: Int64Array
    anchors: TimeArray
    input_ids: Int64Array


@dataclass(frozen=True)
class Avoided:
    """Which pairs are no negatives of a link: its own, and those that ``rule`` names."""

    links: Ends
    rule: Negatives
    edges: EdgePairs | None

    def has(self, row: Int64Array, col: Int64Array, link: Int64Array) -> BoolArray:
        """bool[m]: pairs that may not be drawn for their links, void ones (-1) among them."""
        bad = (row < 0) | (col < 0) | ((row == self.links.row[link]) & (col == self.links.col[link]))
        for index, first, last in self._spans(self.links.anchors[link]):
            known = np.flatnonzero(~bad & (col < index.width))
            bad[known] = index.any_between(row[known], col[known], first[known], last[known])
        return np.asarray(bad)

    def partners(self, row: int, link: int) -> Int64Array:
        """Cols that may not be drawn beside a row."""
        spans = self._spans(self.links.anchors[link : link + 1])
        parts = [index.cols_between(row, int(first[0]), int(last[0])) for index, first, last in spans]
        own = self.links.col[link : link + 1] if self.links.row[link] == row else np.empty(0, np.int64)
        return np.unique(np.concatenate([*parts, own]))

    def pairs(self, link: int) -> tuple[Int64Array, Int64Array]:
        """All pairs that may not be drawn, each once."""
        found = [np.stack([self.links.row[link : link + 1], self.links.col[link : link + 1]])]
        for index, first, last in self._spans(self.links.anchors[link : link + 1]):
            keys = index.keys_between(int(first[0]), int(last[0]))
            found.append(np.stack([keys // index.width, keys % index.width]))
        row, col = np.unique(np.concatenate(found, axis=1), axis=1)
        return row, col

    def _spans(self, anchors: TimeArray) -> list[tuple[PairIndex, AnyArray, AnyArray]]:
        spans = []
        if self.edges is not None and self.rule.avoid_edges:
            spans.append((self.edges.index, np.zeros(len(anchors), np.int64), self.edges.below(anchors) - 1))
        if self.edges is not None and self.rule.window is not None:
            start, end = (_later(anchors, duration(length)) for length in self.rule.window)
            spans.append((self.edges.index, self.edges.below(start), self.edges.below(end) - 1))
        if self.rule.positives is not None:
            spans.append((self.rule.positives.index, *self.rule.positives.span(anchors)))
        return spans


def _later(anchors: TimeArray, length: int) -> TimeArray:
    """``anchors + length``; forever stays forever, and nothing wraps."""
    low, high = BEGINNING - min(length, 0), FOREVER - max(length, 0)
    moved = np.clip(anchors, low, high) + length
    return np.where(anchors == FOREVER, FOREVER, moved).astype(np.int64)
