"""What a task says of itself: its splits with their labels' balance and drift, and what is always visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import BudgetError, TaskError
from workbench.query.ast import ColumnRef, walk
from workbench.query.boundaries import Boundaries
from workbench.query.kinds import Kind, kind_of
from workbench.query.label_values import LabelArray, Lists
from workbench.query.seed_table import SeedTable
from workbench.query.static_tables import static_note
from workbench.temporal import FOREVER, iso
from workbench.types import Float64Array

if TYPE_CHECKING:
    from workbench.query.task import Task

PERIODS = 6
"""How many stretches of time the drift of labels is told by."""

SHOWN = 3
"""How many classes a balance names."""


def describe(task: Task) -> str:
    """The lines of :meth:`Task.describe`."""
    sees = "everything up to itself" if task.until is None else f"nothing after {iso(task.until)}"
    lines = [
        f"Task ({task.task_type}) for each {task.entity_table}.{task.resolved.entity.primary_key}",
        f"  query     {task.resolved.query}",
        f"  window    {_window(task)}",
        *_splits(task),
    ]
    features = f"each anchor sees {sees}"
    if task.hidden:
        names = ", ".join(f"{table}.{column}" for table, columns in task.hidden.items() for column in columns)
        features += f", but not {names}: they are the target"
    lines.append(f"  features  {features}")
    if note := static_note(task.dataset):
        lines.append(f"  static    {note}")
    if note := _where(task):
        lines.append(f"  where     {note}")
    if not task.static:
        lines.append(f"  observed  until {iso(task.observed_until)}")
    return "\n".join(lines)


def _window(task: Task) -> str:
    if task.static:
        return "none: labels are of no time; anchors see everything"
    steps = f" in {task.target.steps} windows that follow one another" if task.target.steps > 1 else ""
    every = f"; one anchor every {task.boundaries.every}" if isinstance(task.boundaries, Boundaries) else ""
    return f"labels look {task.horizon} ahead{steps}{every}"


def _splits(task: Task) -> list[str]:
    """A line for each split, and one for how labels change over them."""
    lines, labelled = [], []
    for split in ("train", "val", "test"):
        anchors = getattr(task.splits, split)
        where = f"{len(anchors)} anchor{'s' * (len(anchors) != 1)}"
        where += f", {iso(anchors[0])} .. {iso(anchors[-1])}: " if len(anchors) else ": "
        try:
            seeds = task.seeds(split)
            labelled.append(seeds)
            found = balance(seeds, task.task_type)
        except (TaskError, BudgetError) as error:
            found = f"no seeds: {error}"
        lines.append(f"  {split:<9} {'' if task.static else where}{found}")
    if told := drift(labelled, task.task_type):
        lines.append(f"  drift     {told}")
    return lines


def balance(seeds: SeedTable, task_type: str) -> str:
    """How many seeds, and how their labels are shared out: ``300 seeds, 12.3 % positive``.

    Parameters
    ----------
    seeds : SeedTable
    task_type : str
    """
    count, label = f"{len(seeds):,} seed{'s' * (len(seeds) != 1)}", seeds.label
    if label is None or not len(seeds):
        return count
    if isinstance(label, Lists):
        return f"{count}, {label.sizes.mean():.3g} of {len(np.unique(label.values)):,} rows each"
    if task_type == "binary":
        return f"{count}, {100 * np.mean(label):.3g} % positive"
    if seeds.classes is not None:
        held = label.sum(0, np.int64) if label.ndim == 2 else np.bincount(label, minlength=len(seeds.classes))
        most = [
            f"{seeds.classes[int(c)]} {100 * held[c] / len(label):.3g} %"
            for c in np.argsort(-held, kind="stable")
        ]
        more = f" and {len(most) - SHOWN:,} more" if len(most) > SHOWN else ""
        return f"{count}, {', '.join(most[:SHOWN])}{more}"
    return f"{count}, mean {np.mean(label):.4g} ({np.min(label):.4g} .. {np.max(label):.4g})"


def drift(tables: list[SeedTable], task_type: str) -> str:
    """How labels change over time: their level in equal stretches of it; empty where there is one anchor.

    Parameters
    ----------
    tables : list of SeedTable  of one task
    task_type : str
    """
    known = [table for table in tables if table.label is not None and len(table)]
    if not known:
        return ""
    time = np.concatenate([table.anchor_time for table in known])
    level = np.concatenate(_levels([table.label for table in known], known[0].classes is not None))
    first, last = int(time.min()), int(time.max())
    if first == last or last == FOREVER:
        return ""
    edges = np.linspace(first, last, PERIODS + 1)[1:-1]
    period = np.searchsorted(edges, time, side="right")
    parts = [
        f"{iso(int(time[period == p].min()))} {_shown(float(level[period == p].mean()), task_type)}"
        for p in np.unique(period)
    ]
    return f"{_meaning(task_type)} from {', '.join(parts)}"


def _levels(labels: list[LabelArray], classes: bool) -> list[Float64Array]:
    """float64[n] for each array of labels: one number for each label."""
    if isinstance(labels[0], Lists):
        return [label.sizes.astype(np.float64) for label in labels]
    if labels[0].ndim == 2:
        return [np.asarray(label.sum(1) if classes else label.mean(1), np.float64) for label in labels]
    # Of classes the one that is the most frequent of all splits together.
    wanted = np.bincount(np.concatenate(labels)).argmax() if classes else None
    return [np.asarray(label == wanted if classes else label, np.float64) for label in labels]


def _meaning(task_type: str) -> str:
    return {
        "binary": "positive",
        "multiclass": "the most frequent class",
        "multilabel": "classes of a seed",
        "ranking": "rows of a seed",
    }.get(task_type, "mean")


def _shown(level: float, task_type: str) -> str:
    return f"{100 * level:.3g} %" if task_type in ("binary", "multiclass") else f"{level:.4g}"


def _where(task: Task) -> str:
    """What WHERE cannot know: columns without a history, and that it looks beyond ``until``."""
    parts = list(walk(task.resolved.query.where))
    types = task.resolved.types
    columns = dict.fromkeys(
        str(part)
        for part in parts
        if isinstance(part, ColumnRef)
        and part.column != "*"
        and kind_of(types[part.table][part.column]) is not Kind.TIME
    )
    if task.static:
        return ""
    notes = [f"reads {', '.join(columns)} as the tables hold them, at every anchor"] if columns else []
    if task.until is not None and parts:
        notes.append(f"is asked as of the anchor, also after {iso(task.until)}")
    return "; ".join(notes)
