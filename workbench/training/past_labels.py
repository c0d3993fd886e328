"""Past labels of an entity as numbers that a model reads: what its earlier label windows said.

A label is known once its window is over. A seed (entity, anchor) that sees up to ``limit``, the earlier of
its anchor and ``until``, is told of its entity's labels whose windows ended by ``limit``, of whatever split:

    [ decayed means | common mean | last values ] per column of the label
    | log counts, ages of the last values, which are there | how long before the anchor the limit is, season

Means are shrunk towards what all entities' labels said by then. Values are standardised by the training
labels. The table is made once, when training begins, and kept with the run: a prediction reads no table of
the dataset.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from workbench.errors import PlanError, TaskError, TrainingError, explain
from workbench.models.time_features import CYCLIC_WIDTH, cyclic
from workbench.query.seed_table import SeedTable
from workbench.query.splits import known_from
from workbench.query.task import SPLITS
from workbench.stores.key_map import KeyMap
from workbench.temporal import BEGINNING, FOREVER, iso
from workbench.training.checkpoint import write_atomic
from workbench.types import AnyArray, Int64Array, TimeArray

HALF_LIVES: tuple[float, ...] = (3.0, 10.0, 30.0, 1e6)
"""Label windows after which a label counts half in a mean; the last: practically never."""

SHRINK = 2.0
"""Labels' worth of weight that the common mean has in an entity's own."""

COMMON_HALF_LIFE = 10.0
"""Label windows after which a label counts half in the common mean."""

BEHIND = 2
"""Label windows after the last known label from which on a prediction warns that later ones are missing."""

FILE, COLUMNS = "past_labels.parquet", ("entity", "end", "value")
"""The file in the folder of a run: key of the entity, microseconds, and float32[k]."""

ATTRIBUTE = "past_labels"
"""Name of the numbers in the store of the seeds of a ``HeteroData``."""


def width_of(columns: int, last: int) -> int:
    """Numbers per seed, of labels of so many columns of which so many last ones are read."""
    return columns * (len(HALF_LIVES) + 1 + last) + len(HALF_LIVES) + 2 * last + 1 + CYCLIC_WIDTH


@dataclass(frozen=True)
class PastLabels:
    """Every known label of a task, and when it became known.

    Attributes
    ----------
    entity : int64[n]  node ids, ascending
    end : int64[n]  microseconds: when the label's window was over, ascending within an entity
    value : float32[n, k]  labels, standardised by those of training
    window : int  microseconds, the unit of ages
    last : int  how many of an entity's last labels are read one by one
    """

    entity: Int64Array
    end: TimeArray
    value: AnyArray
    window: int
    last: int

    @classmethod
    def of(cls, task: Any, classes: int, last: int) -> PastLabels:
        """The known labels of all splits of a task.

        Parameters
        ----------
        classes : int  of a multiclass task, whose labels become one column each
        last : int  see :class:`PastLabels`

        Raises
        ------
        PlanError
            If its labels have no time, or are rankings.
        """
        check_task(task)
        tables = [table for split in SPLITS if (table := _labelled(task, split)) is not None]
        columns = [columns_of(table.label, task.task_type, classes) for table in tables]
        mean, scale = columns[0].mean(axis=0), columns[0].std(axis=0)
        value = (np.concatenate(columns) - mean) / np.where(scale > 0, scale, 1.0)
        entity = np.concatenate([table.node_id for table in tables])
        anchor = np.concatenate([table.anchor_time for table in tables])
        end = known_from(task.resolved.horizon, anchor)
        return cls.sorted(entity, end, value, int(task.horizon.approximate) or _gap(end), last)

    @classmethod
    def sorted(
        cls, entity: Int64Array, end: TimeArray, value: AnyArray, window: int, last: int
    ) -> PastLabels:
        """Labels that come in any order."""
        order = np.lexsort((end, entity))
        return cls(entity[order], end[order], value[order].astype(np.float32), window, last)

    def save(self, folder: Path, keys: KeyMap) -> None:
        """Write the labels into the folder of a run, with the keys of their entities: node ids may change.

        Raises
        ------
        TrainingError
            If the disk refuses.
        """
        value = pa.FixedSizeListArray.from_arrays(pa.array(self.value.reshape(-1)), self.value.shape[1])
        columns = {"entity": keys.keys_of(self.entity), "end": pa.array(self.end), "value": value}
        numbers = {"window": str(self.window), "last": str(self.last)}
        buffer = BytesIO()
        pq.write_table(pa.table(columns).replace_schema_metadata(numbers), buffer)
        write_atomic(folder / FILE, buffer.getvalue())

    @classmethod
    def load(cls, folder: Path, keys: KeyMap) -> PastLabels:
        """Read back what :meth:`save` wrote; labels of entities that were deleted since are left out.

        Raises
        ------
        TrainingError
            If the file is missing or damaged.
        """
        try:
            table = pq.read_table(folder / FILE).combine_chunks()
            columns, numbers = {name: table[name].combine_chunks() for name in COLUMNS}, table.schema.metadata
            value = columns["value"].flatten().to_numpy(zero_copy_only=False).reshape(len(table), -1)
            entity, end = keys.lookup(columns["entity"]), columns["end"].to_numpy()
            window, last = int(numbers[b"window"]), int(numbers[b"last"])
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
            got = f"its past labels are missing or damaged ({error})"
            raise TrainingError(explain(f"a run was loaded from {folder}", got, do="Train again")) from error
        here = entity >= 0
        return cls.sorted(entity[here], end[here], value[here], window, last)

    @property
    def width(self) -> int:
        """Numbers per seed."""
        return width_of(self.value.shape[1], self.last)

    def read(self, node_id: Int64Array, anchor: TimeArray, limit: TimeArray) -> AnyArray:
        """What is known of some entities' labels.

        Parameters
        ----------
        node_id, anchor : int64[m]  the seeds; ages are counted back from the anchors
        limit : int64[m]  what each seed sees: labels whose windows ended by then

        Returns
        -------
        float32[m, width]
        """
        start, stop = self._known(node_id, limit)
        common = self._common[1][np.searchsorted(self._common[0], limit, side="right")]
        means, counts = self._means(start, stop, anchor, common)
        rows = stop[:, None] - 1 - np.arange(self.last)
        here = rows >= start[:, None]
        rows = np.where(here, rows, 0)
        values = np.where(here[:, :, None], self.value[rows], 0.0)
        ages = np.where(here, self._ages(anchor[:, None], rows), 0.0)
        lead = np.log1p((anchor - limit) / self.window)
        season = cyclic(torch.from_numpy(anchor)).numpy()
        parts = [means, common, values, np.log1p(counts), np.log1p(ages) / 3.0, here, lead, season]
        return np.concatenate([part.reshape(len(node_id), -1) for part in parts], axis=1).astype(np.float32)

    def tell_age(self, limit: TimeArray) -> None:
        """Warn where seeds see so far that labels must be missing: labels are those of when training began.

        Parameters
        ----------
        limit : int64[m]  what each seed sees
        """
        last, seen = int(self.end.max(initial=BEGINNING)), int(limit.max(initial=BEGINNING))
        if last > BEGINNING and seen < FOREVER and seen - last > BEHIND * self.window:
            behind = f"{(seen - last) / self.window:.0f} label windows before {iso(seen)}"
            do = "Train again (warm=run goes on from its weights)"
            warnings.warn(
                f"past labels of this run end at {iso(last)}, {behind}: later ones are not read. {do}.",
                stacklevel=2,
            )

    def _known(self, node_id: Int64Array, limit: TimeArray) -> tuple[Int64Array, Int64Array]:
        """int64[m], int64[m]: the rows of each seed's known labels."""
        times, places = self._places
        known = np.searchsorted(times, limit, side="right")
        wide = len(times) + 1
        start = np.searchsorted(self.entity, node_id, side="left")
        return start, np.searchsorted(places, node_id * wide + known, side="left")

    def _ages(self, anchor: TimeArray, rows: Int64Array) -> AnyArray:
        """float64: label windows from the end of each row's own to an anchor."""
        return (anchor - self.end[rows]) / self.window

    def _means(
        self, start: Int64Array, stop: Int64Array, anchor: TimeArray, common: AnyArray
    ) -> tuple[AnyArray, AnyArray]:
        """float64[m, h, k] shrunk means and float64[m, h] sums of weights."""
        length = stop - start
        seed = np.repeat(np.arange(len(start)), length)
        rows = np.arange(len(seed)) + np.repeat(start - (np.cumsum(length) - length), length)
        ages = self._ages(anchor[seed], rows)
        weights = np.exp2(-ages[:, None] / np.array(HALF_LIVES))
        counts = _sums(weights, length)
        totals = [_sums(weights[:, i, None] * self.value[rows], length) for i in range(len(HALF_LIVES))]
        means = np.stack(totals, axis=1) + SHRINK * common[:, None, :]
        return means / (counts[:, :, None] + SHRINK), counts

    @cached_property
    def _places(self) -> tuple[TimeArray, Int64Array]:
        """Distinct ends, and int64[n] that ascends by entity and end."""
        times = np.unique(self.end)
        return times, self.entity * (len(times) + 1) + np.searchsorted(times, self.end)

    @cached_property
    def _common(self) -> tuple[TimeArray, AnyArray]:
        """Distinct ends, and float64[ends + 1, k]: everyone's decayed mean before the first, and by each."""
        times, place = np.unique(self.end, return_inverse=True)
        order = np.argsort(place, kind="stable")
        counts = np.bincount(place, minlength=len(times)).astype(np.float64)
        totals = _sums(self.value[order].astype(np.float64), counts.astype(np.int64))
        kept = np.exp2(-np.diff(times, prepend=times[:1]) / (COMMON_HALF_LIFE * self.window))
        found = np.zeros((len(times) + 1, self.value.shape[1]))
        total, count = np.zeros(self.value.shape[1]), 0.0
        for i in range(len(times)):
            total, count = total * kept[i] + totals[i], count * kept[i] + counts[i]
            found[i + 1] = total / (count + 1.0)
        return times, found


class Attach:
    """Gives batches of some seeds their past labels: a transform of a ``PyGLoader``."""

    def __init__(self, past: PastLabels, seeds: SeedTable) -> None:
        self.past, self.seeds = past, seeds

    def __call__(self, data: Any) -> Any:
        """The same batch with ``past_labels`` float32[s, width] in the store of its seeds."""
        store = data[self.seeds.node_type]
        rows, limit = store.input_id.cpu().numpy(), store.seed_time.cpu().numpy()
        found = self.past.read(self.seeds.node_id[rows], self.seeds.anchor_time[rows], limit)
        store[ATTRIBUTE] = torch.from_numpy(found).to(store.seed_time.device)
        return data


def columns_of(label: Any, task_type: str, classes: int) -> AnyArray:
    """float64[n, k]: labels as means can be taken of them."""
    if task_type == "multiclass":
        return np.eye(classes)[np.asarray(label).astype(np.int64)]
    return np.asarray(label, np.float64).reshape(len(label), -1)


def check_task(task: Any) -> None:
    """Refuse labels without a past.

    Raises
    ------
    PlanError
    """
    asked = f"past labels of a {task.task_type} task were to be read"
    do = "Take plan.replace(past_labels=0)"
    if task.task_type == "ranking":
        got, allowed = "its labels are lists of rows", "labels that are numbers or classes"
        raise PlanError(explain(asked, got, allowed, do))
    if not task.resolved.horizon:
        got, allowed = "its seeds have no time, so no label is earlier than another", "seeds with times"
        raise PlanError(explain(asked, got, allowed, do))
    if not getattr(task, "says_horizon", True):  # tasks of other makers may not say
        got = "its table does not say how far labels look ahead, so nobody knows when they are known"
        do = 'Say it: engine.task(table, entity=..., horizon="30 days"), or take plan.replace(past_labels=0)'
        raise PlanError(explain(asked, got, "a task with horizon=", do))


def _labelled(task: Any, split: str) -> SeedTable | None:
    """The seeds of a split; None where a task has no test: it can be trained all the same."""
    try:
        seeds: SeedTable = task.seeds(split)
    except TaskError:
        if split != "test":
            raise
        return None
    return seeds


def _gap(end: TimeArray) -> int:
    """Microseconds from one end to the next, usually: the unit of ages where windows have no length."""
    times = np.unique(end)
    return max(int(np.median(np.diff(times))), 1) if len(times) > 1 else 1


def _sums(values: AnyArray, length: Int64Array) -> AnyArray:
    """float64[m, ...]: sums over consecutive pieces of the rows; zeros for empty ones."""
    found = np.zeros((len(length), values.shape[1]))
    full = length > 0
    if full.any():
        found[full] = np.add.reduceat(values, (np.cumsum(length) - length)[full], axis=0)
    return found
