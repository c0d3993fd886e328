"""DataStep: from a source to an open dataset; the schema is edited on the way. No widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import workbench as wb
from widgets._history import History
from widgets._launch_code import Steps
from widgets._launch_draft import Draft, shape
from widgets._launch_inputs import named, there

Change = Callable[[History[Draft]], History[Draft]]


def go_on() -> None:
    """The ``look`` of who waits to the end."""


class DataStep:
    """What was given: tables and their schema under edit, or an engine.

    Parameters
    ----------
    source : Engine, path of a dataset, or anything that ``wb.read_tables`` reads
    schema : Schema or None  of the tables; None: what ``wb.infer_schema`` says

    Attributes
    ----------
    engine : Engine or None  of the dataset, once it is there
    steps : Steps  what was done, as Python
    """

    def __init__(self, source: Any, schema: wb.Schema | None = None) -> None:
        self.engine: wb.Engine | None = None
        self.steps = Steps(source)
        self._drafts: History[Draft] | None = None
        if isinstance(source, (str, Path)) and wb.Dataset.exists(source):
            source = wb.open(source)
        if isinstance(source, wb.Engine):
            if schema is not None:
                do = "Say Workbench(engine) alone, or Workbench(tables, schema) before an ingest."
                raise wb.SchemaError(f"a dataset was given with a schema: it has its own. {do}")
            self._opened(source)
        else:
            self._drafts = History(Draft.of(source, schema))
            self._opened(None)

    @property
    def tables(self) -> wb.Tables | None:
        """The tables, where some were given."""
        return None if self._drafts is None else self._drafts.now.tables

    @property
    def schema(self) -> wb.Schema:
        """The schema: of the dataset, or of the tables as edited so far."""
        if self.engine is None and self._drafts is not None:
            return self._drafts.now.schema
        return there(self.engine, "a schema").schema  # type: ignore[no-any-return]

    @property
    def mends(self) -> tuple[Any, ...]:
        """Edits of the tables that notes of the schema propose."""
        return () if self._drafts is None else self._drafts.now.mends

    def edit(self, edit: Any, look: Callable[[], None] = go_on) -> wb.Schema:
        """Say something else of a column or table (an Edit), or read a column otherwise (of :attr:`mends`).

        A SchemaError refuses it, also once the tables are ingested.
        """
        return self._draw(lambda drafts: drafts.then(drafts.now.edited(edit)), look)

    def normalise(
        self,
        entities: Mapping[str, Sequence[str]],
        time: str | None = None,
        rest: str = "rows",
        look: Callable[[], None] = go_on,
    ) -> wb.Schema:
        """Split a flat table into several, as ``wb.normalise`` does; edits of its schema are forgotten."""
        return self._draw(lambda drafts: drafts.then(drafts.now.normalised(entities, time, rest)), look)

    def undo(self) -> wb.Schema:
        """Take the last edit back; nothing to take back changes nothing."""
        return self._draw(lambda drafts: drafts.undone())

    def _draw(self, change: Change, look: Callable[[], None] = go_on) -> wb.Schema:
        if self._drafts is None or self.engine is not None:
            do = "Begin anew with Workbench(tables), edit (the code says how), ingest to another folder."
            raise wb.SchemaError(f"an edit of the schema was asked for: the dataset has its own by now. {do}")
        drafts = change(self._drafts)
        look()
        self._drafts = drafts
        self.steps.drafted(drafts.now.lines(self.steps.given))
        return self.schema

    def _opened(self, engine: wb.Engine | None) -> None:
        self.engine = engine
        self._forget_data()

    def _forget_data(self) -> None:
        """What later steps made of the dataset before."""

    def free(self, asked: str) -> None:
        """Refuse what would be pulled from under later steps."""

    def ingest(
        self, folder: str, *, callbacks: Sequence[wb.Callback] = (), cancel: Any = None
    ) -> wb.IngestReport:
        """Write the tables to a folder without a dataset, and open it.

        Raises
        ------
        IngestError
            If there is a dataset already: it is not overwritten.
        """
        self.free("an ingest")
        drafts = there(self._drafts, "an ingest", "Say Workbench(tables)")
        place = named(folder, wb.IngestError, "a folder for the dataset")
        if wb.Dataset.exists(place):
            got = f"there is one already, of {', '.join(t.name for t in wb.Dataset.open(place).schema)}"
            do = "Open it, or name another folder."
            raise wb.IngestError(f"a dataset was to be written to {place}: {got}. {do}")
        draft = drafts.now
        done = wb.ingest(draft.tables, draft.schema, place, callbacks=callbacks, cancel=cancel)
        self._opened(wb.open(place))
        self.steps.made(place, draft.lines(self.steps.given))
        return done

    def open(self, folder: str, look: Callable[[], None] = go_on) -> wb.Engine:
        """Open a dataset that was ingested from such tables before.

        Raises
        ------
        StoreError
            If there is none, or it is of another schema.
        """
        self.free("another dataset")
        place = named(folder, wb.StoreError, "the folder of a dataset")
        engine = wb.open(place)
        if shape(engine.schema) != shape(self.schema):
            got = f"it has another schema (tables {', '.join(table.name for table in engine.schema)})"
            do = f"Name another folder, or say Workbench({place!r})."
            raise wb.StoreError(f"the dataset at {place} was to be opened for these tables: {got}. {do}")
        look()
        self._opened(engine)
        self.steps.made(place)
        return engine
