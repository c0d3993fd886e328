"""Task: a predictive query over a dataset, with its splits; gives labelled seeds and seeds to predict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any

from workbench.errors import TaskError, did_you_mean, explain
from workbench.query.boundaries import Boundaries, moment, place
from workbench.query.entities import known_entities
from workbench.query.labels import Labels, column_types, compute_labels, connection, select_entities
from workbench.query.parser import parse
from workbench.query.resolve import ResolvedQuery, resolve
from workbench.query.seed_table import SeedTable
from workbench.stores.dataset import Dataset
from workbench.temporal import Duration, Instant, Span, Splits, iso

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, repr=False, eq=False)
class Task:
    """What to predict, for whom, as of when. Make one with :meth:`build`.

    Attributes
    ----------
    dataset : Dataset
    resolved : ResolvedQuery  the query, bound to the dataset's schema
    boundaries : Boundaries  when the splits begin, and how anchors are placed
    splits : Splits  the anchors of train, val and test
    """

    dataset: Dataset
    resolved: ResolvedQuery
    boundaries: Boundaries
    splits: Splits
    _found: dict[str, SeedTable] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def build(
        cls,
        dataset: Dataset,
        text: str,
        *,
        val: Instant | None = None,
        test: Instant | None = None,
        every: Span | Duration | None = None,
        train_windows: int | None = None,
        eval_windows: int | None = None,
        until: Instant | None = None,
        observed_until: Instant | None = None,
        begin: Instant | None = None,
    ) -> Task:
        """Parse a query, bind it to the dataset and place the anchors.

        Parameters
        ----------
        dataset : Dataset
        text : str  ``PREDICT target FOR EACH table.key [WHERE condition] [ASSUMING condition]``
        val, test : instant
            Where these splits begin. Default: the last tenth and the tenth before of the observed time.
        every : length of time from one anchor to the next; default: the longest window of the target
        train_windows, eval_windows : int  at most so many anchors of train; of val and of test
        until : instant
            Freezes features there, also those of seeds to predict, without touching labels. Entities
            that are newer have no features then: they are no seeds.
        observed_until : instant
            Up to when the data are complete. Default: the last row, up to now, of the tables that the
            target looks at (real tables hold scheduled rows).
        begin : instant  no anchor is earlier; default: the first row of those tables

        Raises
        ------
        QueryError
            If the query cannot be read or names something that the schema does not have.
        TaskError
            If a split has no anchor.
        """
        with connection(dataset) as con:
            resolved = resolve(parse(text), dataset.schema, column_types(con, dataset.schema))
            boundaries = place(
                con,
                resolved,
                val=val,
                test=test,
                every=every,
                train_windows=train_windows,
                eval_windows=eval_windows,
                until=until,
                observed_until=observed_until,
                begin=begin,
            )
        return cls(dataset, resolved, boundaries, boundaries.anchors(resolved.horizon))

    @classmethod
    def from_dict(cls, dataset: Dataset, data: Mapping[str, Any]) -> Task:
        """The same task over a dataset: what :meth:`to_dict` wrote."""
        options = {**data, "every": Span(**data["every"])}
        return cls.build(dataset, options.pop("query"), **options)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the query and every boundary, as int64 microseconds."""
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
    def task_type(self) -> str:
        """``binary`` if the target is a condition, ``regression`` if it is a number."""
        return self.resolved.task_type

    @property
    def horizon(self) -> Span:
        """How far after its anchor a label looks."""
        return max(self.resolved.horizon, key=lambda span: span.approximate)

    @property
    def until(self) -> int | None:
        """Features are frozen at this instant (RelBench's protocol); None: anchors see up to themselves."""
        return self.boundaries.until

    @property
    def observed_until(self) -> int:
        """Up to when the data are complete: label windows end no later."""
        return self.boundaries.observed_until

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
        at : instant  to predict as of then; labels are not known
        entities : keys, in the order and number that predictions are wanted; one key is a list of one
            Not filtered by WHERE. None: the keys of the query if it names some, otherwise every
            entity that exists at ``at`` and satisfies WHERE.

        Raises
        ------
        TaskError
            If the split is unknown or empty, or an entity is unknown, does not exist at ``at`` or is
            newer than ``until``.
        """
        if at is not None and split is None:
            return self._seeds_at(moment("at", at), entities)
        if split not in SPLITS or at is not None or entities is not None:
            raise TaskError(
                explain(
                    "seeds were asked for",
                    f"got split={split!r}, at={at!r}, entities={'given' if entities is not None else None}",
                    "a split (train, val or test), or at= with or without entities=",
                    did_you_mean(str(split), SPLITS),
                )
            )
        with self._lock:
            if split not in self._found:
                self._found[split] = self._label(split)
            return self._found[split]

    def _label(self, split: str) -> SeedTable:
        anchors = getattr(self.splits, split)
        table = self._table(compute_labels(self.dataset, self.resolved, anchors, self.until), split)
        if not len(table):
            raise TaskError(
                explain(
                    f"seeds of the {split} split were asked for",
                    f"at none of its {len(anchors)} anchors ({iso(anchors[0])} .. {iso(anchors[-1])}) is "
                    f"there a row of {self.entity_table!r} with a label",
                    do="Loosen WHERE or ASSUMING, or choose other boundaries with val= and test=",
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
            self.entity_table, found.node_id, found.key, found.anchor, found.label, split, self.until
        )

    def describe(self) -> str:
        """The query, its windows and its splits, one line each."""
        sees = "everything up to itself" if self.until is None else f"nothing after {iso(self.until)}"
        lines = [
            f"Task ({self.task_type}) for each {self.entity_table}.{self.resolved.entity.primary_key}",
            f"  query     {self.resolved.query}",
            f"  window    labels look {self.horizon} ahead; one anchor every {self.boundaries.every}",
        ]
        for split in SPLITS:
            anchors = getattr(self.splits, split)
            times = f"{iso(anchors[0])} .. {iso(anchors[-1])}"
            lines.append(f"  {split:<9} {len(anchors)} anchor{'s' * (len(anchors) != 1)}, {times}")
        lines.append(f"  features  each anchor sees {sees}")
        lines.append(f"  observed  until {iso(self.observed_until)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.describe()

    def __reduce__(self) -> tuple[Any, ...]:
        return Task.from_dict, (self.dataset, self.to_dict())
