"""Task: a predictive query over a dataset, with its splits; gives labelled seeds and seeds to predict."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Any

import numpy as np

from workbench.errors import TaskError, did_you_mean, explain
from workbench.query.boundaries import Boundaries, place
from workbench.query.described import describe
from workbench.query.diagnosis import why_no_rows
from workbench.query.entities import existing, known_entities
from workbench.query.known_texts import warn_of_unknown_texts
from workbench.query.labels import Labels, column_types, compute_labels, connection, select_entities
from workbench.query.moments import Observed, moment
from workbench.query.own_task import Brought, own_task
from workbench.query.parser import parse
from workbench.query.random_split import RandomSplit
from workbench.query.resolve import resolve
from workbench.query.resolved import ResolvedQuery
from workbench.query.seed_table import SeedTable
from workbench.query.split_options import SplitOptions
from workbench.query.splits import Splits
from workbench.query.targets import Target
from workbench.stores.dataset import Dataset
from workbench.temporal import FOREVER, Instant, Span, iso
from workbench.types import Int64Array

SPLITS = ("train", "val", "test")

_ALWAYS = np.array([FOREVER])
STATIC = Splits(_ALWAYS, _ALWAYS, _ALWAYS)
"""The anchors of a static task: every split has the same one, and entities of its own."""


@dataclass(frozen=True, repr=False, eq=False)
class Task:
    """What to predict, for whom, as of when. Make one with :meth:`build`.

    Attributes
    ----------
    dataset : Dataset
    resolved : ResolvedQuery  the query, bound to the dataset's schema
    boundaries : Boundaries, RandomSplit or Brought
        When the splits begin, and how anchors are placed; the shares of a static task; or the table
        that the seeds were brought in.
    splits : Splits  the anchors of train, val and test
    """

    dataset: Dataset
    resolved: ResolvedQuery
    boundaries: Boundaries | RandomSplit | Brought
    splits: Splits
    _found: dict[str, SeedTable] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def build(cls, dataset: Dataset, text: str, **options: Any) -> Task:
        """Parse a query, bind it to the dataset and place the anchors.

        Parameters
        ----------
        dataset : Dataset
        text : str
            ``PREDICT target [CLASSIFY | RANK TOP k | FORECAST n TIMEFRAMES] FOR EACH table.key
            [WHERE condition] [ASSUMING condition]``
        options
            When the splits begin: fields of :class:`SplitOptions`, that is ``val``, ``test``, ``train``,
            ``every``, ``train_windows``, ``eval_windows``, ``until``, ``observed_until``, ``begin`` and,
            for the random splits of a static query, ``key``.

        Raises
        ------
        QueryError
            If the query cannot be read or names something that the schema does not have.
        TaskError
            If an option is unknown or of a wrong unit, or a split has no anchor.

        Warns
        -----
        UserWarning
            If no row has a text that the query looks for, or an instant is far outside the data.
        """
        placing = SplitOptions.of(options)
        with connection(dataset) as con:
            empty = [table.name for table in dataset.schema if not dataset.manifest.rows(table.name)]
            resolved = resolve(parse(text), dataset.schema, column_types(con, dataset.schema), empty)
            target = resolved.target.with_classes(con, resolved.query)
            resolved = replace(resolved, target=target)
            warn_of_unknown_texts(con, resolved)
            if resolved.static:
                return cls(dataset, resolved, RandomSplit.place(placing), STATIC)
            boundaries = place(con, resolved, placing)
        splits = boundaries.anchors(resolved.horizon)
        if resolved.query.where is not None and boundaries.until is not None:
            _warn_of_where(int(splits.test[-1]), boundaries.until)
        return cls(dataset, resolved, boundaries, splits)

    @classmethod
    def from_table(cls, dataset: Dataset, table: Any, *, entity: str, **options: Any) -> Task:
        """A task with seeds and labels of your own, one row each.

        Parameters
        ----------
        dataset : Dataset
        table : pandas frame, Arrow table, or path of a Parquet or CSV file
        entity : str  ``table.key``: whose rows the seeds are
        options
            Columns: ``key`` (default: that of the entity, or ``entity``), ``label`` (``label``), ``time``
            (``anchor_time``; without one every seed sees everything), ``split`` (``split``: train, val or
            test). Without a split column: ``val`` and ``test``, instants, shares or lengths of time; of
            seeds without a time shares, drawn by ``draw``, a whole number. ``horizon``: how far labels look
            ahead of their anchors; no window crosses into the next split. Without it (``0 days`` will do)
            nobody knows when a label is known, so no model or baseline is told of earlier ones.
            ``until``: freezes features.
            ``task_type``: instead of what the labels look like; ``candidates``: the table that is ranked.

        Raises
        ------
        TaskError
            If a column is missing or of a wrong kind, or an entity does not exist at its anchor.
        """
        own = own_task(dataset, table, entity, options)
        return cls(dataset, own.resolved, own.brought, own.splits, own.seeds)

    @classmethod
    def from_dict(cls, dataset: Dataset, data: Mapping[str, Any]) -> Task:
        """The same task over a dataset: what :meth:`to_dict` wrote."""
        options = {name: value for name, value in data.items() if name != "query"}
        if "every" in options:
            options = Boundaries.options(options)
        return Task.build(dataset, data["query"], **options)

    def to_dict(self) -> dict[str, Any] | None:
        """Plain JSON values: the query and every boundary; None for seeds that were brought as a table."""
        if isinstance(self.boundaries, Brought):
            return None
        return {"query": self.query, **asdict(self.boundaries)}

    @property
    def query(self) -> str:
        """The query as it was written."""
        return self.resolved.query.text

    @property
    def entity_table(self) -> str:
        """The table whose rows predictions are for."""
        return self.resolved.entity.name

    @property
    def target(self) -> Target:
        """What kind of value is predicted: task type, classes, steps, table that is ranked."""
        return self.resolved.target

    @property
    def task_type(self) -> str:
        """One of :data:`~workbench.query.targets.TASK_TYPES`."""
        return self.resolved.task_type

    @property
    def static(self) -> bool:
        """Whether it predicts what is missing now: anchors are FOREVER, splits are random."""
        return self.resolved.static

    @property
    def hidden(self) -> dict[str, tuple[str, ...]]:
        """Table -> columns that no feature may read: the target of a static query."""
        return self.resolved.hidden

    @property
    def horizon(self) -> Span:
        """How far after its anchor a label looks; nothing for a static task."""
        return max(self.resolved.horizon, key=lambda span: span.approximate, default=Span())

    @property
    def says_horizon(self) -> bool:
        """Whether it is known when a label is; of own seeds with times only ``horizon=`` says so."""
        given = self.boundaries
        return self.static or not isinstance(given, Brought) or given.options.get("horizon") is not None

    @property
    def until(self) -> int | None:
        """Features are frozen at this instant (RelBench's protocol); None: anchors see up to themselves."""
        return self.boundaries.until

    @property
    def observed_until(self) -> int:
        """Up to when the data are complete: label windows end no later."""
        return FOREVER if isinstance(self.boundaries, RandomSplit) else self.boundaries.observed_until

    def seeds(
        self,
        split: str | None = None,
        *,
        at: Instant | None = None,
        entities: Iterable[Any] | int | None = None,
    ) -> SeedTable:
        """Seeds of a split with labels, or seeds to predict at an instant.

        Parameters
        ----------
        split : ``train``, ``val`` or ``test``
        at : instant  to predict as of then; labels are not known. None for a static task.
        entities : keys, in the order and number that predictions are wanted; one key is a list of one
            Not filtered by WHERE. None: the keys of the query if it names some, otherwise every
            entity that exists at ``at`` and satisfies WHERE; of a static task those without a value.

        Raises
        ------
        TaskError
            If the split is unknown or empty, or an entity is unknown, does not exist at ``at`` or is
            newer than ``until``.
        """
        if split is None and (at is None) == self.static:
            return self._seeds_at(FOREVER if at is None else self._moment(at), entities)
        if split not in SPLITS or at is not None or entities is not None:
            other = "nothing" if self.static else "at="
            raise TaskError(
                explain(
                    "seeds were asked for",
                    f"got split={split!r}, at={at!r}, entities={'given' if entities is not None else None}",
                    f"a split (train, val or test), or {other} with or without entities=",
                    did_you_mean(str(split), SPLITS),
                )
            )
        with self._lock:
            if split not in self._found:
                self._found[split] = self._label(split)
            return self._found[split]

    def candidates(self, at: Instant | None = None) -> Int64Array:
        """The rows that a ranking task ranks: those that exist at an instant, and are visible there.

        Parameters
        ----------
        at : instant  None for every row that has a time

        Returns
        -------
        int64[n]  row ids of ``target.table``, ascending

        Raises
        ------
        TaskError
            If the task ranks nothing.
        """
        if self.target.table is None:
            do = "Predict LIST_DISTINCT of a foreign key"
            raise TaskError(explain("candidates were asked for", f"the task is {self.task_type}", do=do))
        table = self.dataset.schema[self.target.table]
        return existing(self.dataset, table, None if at is None else moment("at", at), self.until)

    def _moment(self, at: Instant) -> int:
        bounds = self.boundaries
        if isinstance(bounds, RandomSplit):
            return moment("at", at)
        known = Observed.of(bounds.begin, bounds.observed_until, self.horizon.approximate)
        return moment("at", at, known)

    def _label(self, split: str) -> SeedTable:
        if isinstance(self.boundaries, Brought):
            got, known = "the table of own seeds has none", ", ".join(self._found)
            raise TaskError(explain(f"seeds of the {split} split were asked for", got, known))
        anchors = getattr(self.splits, split)
        found = compute_labels(self.dataset, self.resolved, anchors, self.until)
        table = self._table(found, split)
        if isinstance(self.boundaries, RandomSplit):
            table = table[self.boundaries.of(found.node_id) == SPLITS.index(split)]
        if not len(table):
            where = f"at its {len(anchors)} anchors ({iso(anchors[0])} .. {iso(anchors[-1])}) "
            raise TaskError(
                explain(
                    f"seeds of the {split} split were asked for",
                    ("" if self.static else where)
                    + why_no_rows(self.dataset, self.resolved, anchors, self.until),
                )
            )
        return table

    def _seeds_at(self, at: int, entities: Iterable[Any] | int | None) -> SeedTable:
        wanted = entities
        if wanted is None and self.resolved.query.keys:
            wanted = [literal.value for literal in self.resolved.query.keys]
        if wanted is None:
            return self._table(select_entities(self.dataset, self.resolved, at, self.until), "predict")
        return self._table(known_entities(self.dataset, self.resolved, at, wanted, self.until), "predict")

    def _table(self, found: Labels, split: str) -> SeedTable:
        return SeedTable(
            self.entity_table,
            found.node_id,
            found.key,
            found.anchor,
            found.label,
            split,
            self.until,
            self.target.classes,
            self.dataset.manifest.numbering,
        )

    def describe(self) -> str:
        """The query, its windows and its splits with their labels' balance and drift, one line each.

        Labels are computed once, here or by :meth:`seeds`.
        """
        return describe(self)

    def __repr__(self) -> str:
        return self.describe()

    def __reduce__(self) -> tuple[Any, ...]:
        if isinstance(self.boundaries, Brought):
            return partial(Task.from_table, **self.boundaries.options), (self.dataset, self.boundaries.table)
        return Task.from_dict, (self.dataset, self.to_dict())


def _warn_of_where(last: int, until: int) -> None:
    """Say that WHERE selects by what features cannot see."""
    if last > until:
        got = f"WHERE is asked as of each anchor, up to {iso(last)}: it selects by rows that no feature sees"
        do = "Leave WHERE out, or freeze nothing, if predictions are to know no more than features do"
        warnings.warn(explain(f"until={iso(until)} was set", got, do=do), stacklevel=3)
