"""What seeds and label windows give away by themselves: overlaps between splits, and with features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from workbench.query.seed_table import SeedTable
from workbench.query.splits import windows_end
from workbench.query.task import Task
from workbench.stores.protocols import GraphStore
from workbench.temporal import BEGINNING, iso, visible
from workbench.types import BoolArray, Int64Array, TimeArray

FOLLOWS = (("train", "val"), ("val", "test"))
"""Splits, and the one that each must be over before."""


@dataclass(frozen=True)
class Finding:
    """One thing that a person should know.

    Attributes
    ----------
    level : ``leak`` (certain), ``suspect`` (may be one) or ``note``
    kind : str  see :func:`~workbench.sampling.leakage.leakage_report`
    subject : str  the table, ``table.column`` or split
    count : int  seeds or values; of a gap, microseconds
    text : str
    """

    level: str
    kind: str
    subject: str
    count: int
    text: str

    def __str__(self) -> str:
        return f"{self.level:<7} {self.kind}: {self.text}"


def about_seeds(task: Task, seeds: Mapping[str, SeedTable], graph: GraphStore) -> Iterator[Finding]:
    """Everything that needs no sample.

    Parameters
    ----------
    seeds : dict split -> SeedTable  frozen as the plan says
    """
    for split, table in seeds.items():
        yield from _window_visible(task, split, table)
        yield from _unobserved(task, split, table)
        yield from _later_entities(split, table, graph)
        yield from _repeated(split, table)
    for first, then in FOLLOWS:
        yield from _crossing(task, first, seeds[first], then, seeds[then])
    for first, then in (*FOLLOWS, ("train", "test")):
        yield from _shared(first, seeds[first], then, seeds[then])


def _window_visible(task: Task, split: str, seeds: SeedTable) -> Iterator[Finding]:
    """A label window begins where the features end, or later."""
    begins = [
        np.full(len(seeds), BEGINNING) if source.start is None else source.start.after_each(seeds.anchor_time)
        for source in task.resolved.forward
    ]
    opens = np.min(begins, axis=0) if begins else seeds.anchor_time
    inside = seeds.visible_until > opens
    if inside.any():
        text = (
            f"{_of(inside, seeds)} see up to {_first(seeds.visible_until, inside)}, after their label begins"
        )
        yield Finding("leak", "label window is visible", split, int(inside.sum()), text)


def _unobserved(task: Task, split: str, seeds: SeedTable) -> Iterator[Finding]:
    over = _ends(task, seeds) > task.observed_until
    if over.any():
        text = f"{_of(over, seeds)} have labels that end after {iso(task.observed_until)}, when the data do"
        yield Finding("leak", "label is not observed", split, int(over.sum()), text)


def _crossing(task: Task, first: str, a: SeedTable, then: str, b: SeedTable) -> Iterator[Finding]:
    if not len(b):
        return
    begins = int(b.anchor_time.min())
    over = _ends(task, a) > begins
    if over.any():
        text = f"{_of(over, a)} have labels that end after {then} begins at {iso(begins)}"
        yield Finding("leak", "label window crosses splits", first, int(over.sum()), text)


def _later_entities(split: str, seeds: SeedTable, graph: GraphStore) -> Iterator[Finding]:
    times = graph.times(seeds.node_type)
    if times is None:
        return
    hidden = ~visible(times[seeds.node_id], seeds.visible_until)
    if hidden.any():
        text = f"{_of(hidden, seeds)} have a row in {seeds.node_type} that is newer than all they may see"
        yield Finding("leak", "entity after the anchor", split, int(hidden.sum()), text)


def _repeated(split: str, seeds: SeedTable) -> Iterator[Finding]:
    twice = len(seeds) - len(_pairs(seeds))
    if twice:
        text = f"{twice:,} of {len(seeds):,} {split} seeds repeat an (entity, anchor) of the split"
        yield Finding("note", "seed is there twice", split, twice, text)


def _shared(first: str, a: SeedTable, then: str, b: SeedTable) -> Iterator[Finding]:
    both = np.intersect1d(_pairs(a), _pairs(b))
    if len(both):
        node, anchor = int(both[0]["node"]), int(both[0]["anchor"])
        text = f"{len(both):,} are in {first} and in {then}, such as row {node} at {iso(anchor)}"
        yield Finding("leak", "seed is in two splits", then, len(both), text)


def _pairs(seeds: SeedTable) -> Int64Array:
    """Distinct (entity, anchor)."""
    pairs = np.empty(len(seeds), np.dtype([("node", np.int64), ("anchor", np.int64)]))
    pairs["node"], pairs["anchor"] = seeds.node_id, seeds.anchor_time
    return np.unique(pairs)


def _ends(task: Task, seeds: SeedTable) -> TimeArray:
    if not len(seeds) or not task.resolved.horizon:
        return seeds.anchor_time
    return windows_end(task.resolved.horizon, seeds.anchor_time)


def _of(mask: BoolArray, seeds: SeedTable) -> str:
    return f"{int(mask.sum()):,} of {len(seeds):,} {seeds.split} seeds"


def _first(times: TimeArray, mask: BoolArray) -> str:
    return iso(int(times[np.flatnonzero(mask)[0]]))
