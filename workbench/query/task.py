"""Task: a predictive query over a dataset, with its splits; gives labelled seeds and seeds to predict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any

from workbench.errors import BudgetError, TaskError, did_you_mean, explain
from workbench.query.ast import ColumnRef, walk
from workbench.query.boundaries import Boundaries, place
from workbench.query.diagnosis import why_no_rows
from workbench.query.entities import known_entities
from workbench.query.kinds import Kind, kind_of
from workbench.query.known_texts import warn_of_unknown_texts
from workbench.query.labels import Labels, column_types, compute_labels, connection, select_entities
from workbench.query.moments import Observed, moment
from workbench.query.parser import parse
from workbench.query.resolve import ResolvedQuery, resolve
from workbench.query.seed_table import SeedTable
from workbench.query.split_options import SplitOptions
from workbench.query.splits import Splits
from workbench.stores.dataset import Dataset
from workbench.temporal import Instant, Span, iso

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
    def build(cls, dataset: Dataset, text: str, **options: Any) -> Task:
        """Parse a query, bind it to the dataset and place the anchors.

        Parameters
        ----------
        dataset : Dataset
        text : str  ``PREDICT target FOR EACH table.key [WHERE condition] [ASSUMING condition]``
        options
            When the splits begin: fields of :class:`SplitOptions`, that is ``val``, ``test``, ``every``,
            ``train_windows``, ``eval_windows``, ``until``, ``observed_until`` and ``begin``.

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
            warn_of_unknown_texts(con, resolved)
            boundaries = place(con, resolved, placing)
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
            bounds = self.boundaries
            known = Observed.of(bounds.begin, bounds.observed_until, self.horizon.approximate)
            return self._seeds_at(moment("at", at, known), entities)
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
                    f"at its {len(anchors)} anchors ({iso(anchors[0])} .. {iso(anchors[-1])}) "
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
            self.entity_table, found.node_id, found.key, found.anchor, found.label, split, self.until
        )

    def describe(self) -> str:
        """The query, its windows and its splits with their labels' balance, one line each.

        Labels are computed once, here or by :meth:`seeds`.
        """
        sees = "everything up to itself" if self.until is None else f"nothing after {iso(self.until)}"
        lines = [
            f"Task ({self.task_type}) for each {self.entity_table}.{self.resolved.entity.primary_key}",
            f"  query     {self.resolved.query}",
            f"  window    labels look {self.horizon} ahead; one anchor every {self.boundaries.every}",
            *(f"  {split:<9} {self._describe_split(split)}" for split in SPLITS),
            f"  features  each anchor sees {sees}",
        ]
        static = [table.name for table in self.dataset.schema if table.time is None]
        if static:
            lines.append(f"  static    always visible: {', '.join(static)}")
        if note := self._describe_where():
            lines.append(f"  where     {note}")
        lines.append(f"  observed  until {iso(self.observed_until)}")
        return "\n".join(lines)

    def _describe_split(self, split: str) -> str:
        anchors = getattr(self.splits, split)
        count = f"{len(anchors)} anchor{'s' * (len(anchors) != 1)}"
        try:
            found = self.seeds(split).balance(self.task_type)
        except (TaskError, BudgetError) as error:
            found = f"no seeds: {error}"
        return f"{count}, {iso(anchors[0])} .. {iso(anchors[-1])}: {found}"

    def _describe_where(self) -> str:
        """What WHERE cannot know: columns without a history, and that it looks beyond ``until``."""
        parts = list(walk(self.resolved.query.where))
        types = self.resolved.types
        columns = dict.fromkeys(
            str(part)
            for part in parts
            if isinstance(part, ColumnRef)
            and part.column != "*"
            and kind_of(types[part.table][part.column]) is not Kind.TIME
        )
        notes = [f"reads {', '.join(columns)} as the tables hold them, at every anchor"] if columns else []
        if self.until is not None and parts:
            notes.append(f"is asked as of the anchor, also after {iso(self.until)}")
        return "; ".join(notes)

    def __repr__(self) -> str:
        return self.describe()

    def __reduce__(self) -> tuple[Any, ...]:
        return Task.from_dict, (self.dataset, self.to_dict())
