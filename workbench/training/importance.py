"""What counts for a cohort: the metric's loss where a column is exchanged or neighbours are left out.

A column's values are exchanged between rows of the same hop, so that they are as likely as before and say
nothing of their own seed; a cell of the fanout (hop and edge type) is left out as if it were 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from workbench.errors import TrainingError, explain
from workbench.kernels.rng import derive_key
from workbench.models.hetero_gnn import HeteroGNN
from workbench.query.seed_table import SeedTable
from workbench.training.explain import check_explained
from workbench.training.explain_batch import Exchange, cells_of, exchange_past_labels, only
from workbench.training.loaders import check_labels, predict_loader, seen
from workbench.training.metrics import metric
from workbench.training.past_labels import ATTRIBUTE
from workbench.training.trainer import Trainer
from workbench.types import AnyArray

if TYPE_CHECKING:
    from workbench.training.run import Run

MOST_SEEDS = 2_048
"""Seeds of a cohort that are looked at, spread evenly over it."""

DEVIATIONS = 1.96
"""Standard deviations on either side of a 95 % interval."""


@dataclass(frozen=True)
class Effect:
    """What the metric loses without something; negative where it gains.

    Attributes
    ----------
    kind : str  ``column``, ``cell`` (a hop and an edge type) or ``hop`` (that hop and all beyond)
    name : str  ``'orders.amount'``, ``'hop 1: orders-user_id->users'``, ``'hop 2 and beyond'``
    drop, low, high : float  mean over the repeats, and the 95 % interval over entities
    """

    kind: str
    name: str
    drop: float
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class Importance:
    """What counts for a cohort. Prints as a table.

    Attributes
    ----------
    metric : str
    value : float  of the metric as things are
    split : str
    seeds : int  looked at
    effects : tuple of Effect  the largest drop of each kind first
    """

    metric: str
    value: float
    split: str
    seeds: int
    effects: tuple[Effect, ...] = field(default=())

    def of(self, kind: str) -> tuple[Effect, ...]:
        """The effects of a kind: ``column``, ``cell`` or ``hop``."""
        return tuple(effect for effect in self.effects if effect.kind == kind)

    def to_arrow(self) -> pa.Table:
        """``kind``, ``name``, ``drop``, ``low``, ``high``."""
        names = ("kind", "name", "drop", "low", "high")
        return pa.table({name: [getattr(effect, name) for effect in self.effects] for name in names})

    def __repr__(self) -> str:
        width = max((len(effect.name) for effect in self.effects), default=0)
        title = (
            f"Importance for {self.metric} {self.value:.4f} of {self.seeds:,} {self.split} seeds: it loses"
        )
        lines = [f"  {e.name:<{width}}  {e.drop:+.4f} ({e.low:+.4f} .. {e.high:+.4f})" for e in self.effects]
        return "\n".join([title, *lines])


def measure(run: Run, seeds: SeedTable, *, repeats: int = 2, resamples: int = 50, key: int = 0) -> Importance:
    """Measure what counts for labelled seeds; behind ``run.importance``, which sees to weights and locks.

    Parameters
    ----------
    repeats : int  exchanges of each column
    resamples : int  draws of entities, with replacement, for the intervals
    key : int  fixes both

    Raises
    ------
    TrainingError
        If the task is a ranking, the seeds have no labels or one class, or a number is none.
    """
    check_explained(run.target, "an importance")
    for name, value in (("repeats", repeats), ("resamples", resamples)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            asked = f"an importance with {name}={value!r} was asked for"
            raise TrainingError(explain(asked, "it is no number of times", "a whole number from 1"))
    seeds = seen(run.parts.graph, run.plan, seeds)
    seeds = seeds[np.unique(np.linspace(0, len(seeds) - 1, min(MOST_SEEDS, len(seeds))).astype(np.int64))]
    check_labels(seeds, run.plan, run.target.task_type)
    told = _told(run, seeds, repeats, derive_key(key, "exchange"))
    score = _scorer(run, seeds)
    falls = _resampled(score, told, seeds, resamples, derive_key(key, "resample"))
    everyone = np.arange(len(seeds))
    now = score(told[_NOTHING][0], everyone)
    sign = 1.0 if run.plan.higher_is_better else -1.0
    found = []
    for what, variants in told.items():
        if what != _NOTHING:
            drop = sign * (now - float(np.mean([score(values, everyone) for values in variants])))
            half = DEVIATIONS * float(np.nanstd(falls[what], ddof=1)) if resamples > 1 else np.inf
            found.append(Effect(*what, drop, drop - half, drop + half))
    kinds = ("column", "cell", "hop")
    found.sort(key=lambda effect: (kinds.index(effect.kind), -effect.drop, effect.name))
    return Importance(run.plan.metric, now, seeds.split, len(seeds), tuple(found))


Name = tuple[str, str]
"""Kind and name of an effect."""

_NOTHING: Name = ("", "")


def _told(run: Run, seeds: SeedTable, repeats: int, key: int) -> dict[Name, list[AnyArray]]:
    """Predictions of all seeds, as things are and under each alteration, once or several times."""
    loader = predict_loader(run.parts, run.plan, seeds, run.key, expand=True, past=run.past)
    trainer = Trainer(run.plan, device=str(run.device), target=run.target)
    told: dict[Name, list[AnyArray]] = {}
    for number, data in enumerate(loader):
        rows = data[run.seed_type].input_id.numpy()
        names, batches = zip(*_variants(run, data, repeats, derive_key(key, "batch", number)), strict=True)
        for (*name, variant), (_, values) in zip(names, trainer.predict(run.model, batches), strict=True):
            variants = told.setdefault((name[0], name[1]), [])
            if variant == len(variants):
                variants.append(run.target.blank(len(seeds)))
            variants[variant][rows] = values
    now = told[_NOTHING][0]
    for variants in told.values():
        for values in variants:  # what a batch does not have changes nothing in it
            values[np.isnan(values)] = now[np.isnan(values)]
    return told


def _variants(run: Run, data: Any, repeats: int, key: int) -> Iterator[tuple[tuple[str, str, int], Any]]:
    """Kind, name and number of each alteration, and the altered batch."""
    yield (*_NOTHING, 0), data
    generator = np.random.default_rng(key & 0x7FFFFFFFFFFFFFFF)
    for table, column in columns_read(run):
        exchange = Exchange(run.parts.schema, run.parts.features.groups.get(table), table, column)
        for repeat in range(repeats):
            yield ("column", f"{table}.{column}", repeat), exchange(data, generator)
    if ATTRIBUTE in data[run.seed_type]:
        for repeat in range(repeats):
            mixed = exchange_past_labels(data, run.seed_type, generator)
            yield ("column", f"{run.seed_type}.{ATTRIBUTE}", repeat), mixed
    cells = cells_of(data)
    for cell in cells:
        yield ("cell", f"hop {cell[0]}: {cell[1]}", 0), only(data, [each for each in cells if each != cell])
    for hop in sorted({hop for hop, _ in cells}):
        yield ("hop", f"hop {hop} and beyond", 0), only(data, [each for each in cells if each[0] < hop])


def columns_read(run: Run) -> list[tuple[str, str]]:
    """Tables and columns that the model may read: of a user's module all that are stored, and row times."""
    schema, groups = run.parts.schema, run.parts.features.groups
    if isinstance(run.model, HeteroGNN):
        fitted = run.statistics.tables
        tables = {table: [column.column.name for column in columns] for table, columns in fitted.items()}
    else:
        stored = {name: [column.name for column in layout.columns] for name, layout in groups.items()}
        tables = {table.name: stored.get(table.name, []) for table in schema}
    found = []
    for table, columns in tables.items():
        own = schema[table].time
        found += [(table, name) for name in dict.fromkeys([*columns, *([own] if own else [])])]
    return found


def _scorer(run: Run, seeds: SeedTable) -> Callable[[AnyArray, AnyArray], float]:
    label, target, name = np.asarray(seeds.label), run.target, run.plan.metric

    def score(values: AnyArray, rows: AnyArray) -> float:
        return metric(name, target.task_type, label[rows], target.point(values[rows]))

    return score


def _resampled(
    score: Callable[[AnyArray, AnyArray], float],
    told: dict[Name, list[AnyArray]],
    seeds: SeedTable,
    resamples: int,
    key: int,
) -> dict[Name, AnyArray]:
    """float64[resamples] per effect: the metric's fall among entities drawn with replacement.

    Entities, not seeds: the anchors of one entity are no independent witnesses.
    """
    entities, place = np.unique(seeds.node_id, return_inverse=True)
    generator = np.random.default_rng(key & 0x7FFFFFFFFFFFFFFF)
    falls: dict[Name, list[float]] = {name: [] for name in told}
    for draw in range(resamples):
        times = np.bincount(generator.integers(len(entities), size=len(entities)), minlength=len(entities))
        rows = np.repeat(np.arange(len(seeds)), times[place])
        now = score(told[_NOTHING][0], rows)
        for name, variants in told.items():
            falls[name].append(now - score(variants[draw % len(variants)], rows))
    return {name: np.asarray(values) for name, values in falls.items()}
