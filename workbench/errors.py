"""Every error that Workbench raises on purpose.

WorkbenchError
 +- SchemaError            a table, column, key or edge type that the schema does not have or allow
 |   +- TableError         a source table that cannot be read or edited as asked
 |   +- AttributeAbsent    an attribute that a PyG store does not serve; a KeyError too, as PyG expects
 +- IngestError            tables that cannot become a dataset; nothing stored was changed
 |   +- IngestCancelled    the user stopped an ingest; the old dataset, or none, is in place
 +- StoreError             a dataset on disk that cannot be opened or read as asked
 |   +- CorruptStoreError  a file that is torn, altered or foreign; names the file
 +- IdError                node, edge or row ids outside the store's range, or of a wrong dtype
 +- FanoutError            a fanout, step or edge type that cannot be followed
 +- AnchorError            anchor times that would let a seed see another seed's future
 +- BudgetError            a request that would not fit into the memory budget; names what would
 +- QueryError             a predictive query that cannot be parsed or resolved; points at the word
 +- TaskError              labels, splits or entities that a task cannot have
 +- PlanError              a model plan that does not fit its task or schema
 +- LoaderError            a batch that could not be made; carries the batch's index
 +- TrainingError          a run that cannot start, go on or be loaded
     +- RunCancelled       the user stopped a run; its best checkpoint, if any, is in place
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from os import PathLike
from pathlib import Path


class WorkbenchError(Exception):
    """Root of the tree: ``except WorkbenchError`` catches what Workbench raises on purpose."""


class SchemaError(WorkbenchError):
    """A table, column, key or edge type that the schema does not have or allow."""


class TableError(SchemaError):
    """A source table that cannot be read or edited as asked."""


class AttributeAbsent(SchemaError, KeyError):
    """An attribute that a PyG store does not serve; a KeyError too, as PyG expects."""

    __str__ = Exception.__str__  # a KeyError would show the message in quotes


class IngestError(WorkbenchError):
    """Tables that cannot become a dataset; nothing stored was changed."""


class IngestCancelled(IngestError):
    """The user stopped an ingest; the old dataset, or none, is in place."""


class StoreError(WorkbenchError):
    """A dataset on disk that cannot be opened or read as asked."""


class CorruptStoreError(StoreError):
    """A file that is torn, altered or foreign; the message names it."""


class IdError(WorkbenchError):
    """Node, edge or row ids outside the store's range, or of a wrong dtype."""


class FanoutError(WorkbenchError):
    """A fanout, step or edge type that cannot be followed."""


class AnchorError(WorkbenchError):
    """Anchor times that would let a seed see another seed's future."""


class BudgetError(WorkbenchError):
    """A request that would not fit into the memory budget; the message names what would."""


class QueryError(WorkbenchError):
    """A predictive query that cannot be parsed or resolved; the message points at the word.

    Attributes
    ----------
    place : (first, last) or None
        The word's characters in the text of the query, ``text[first:last]``; None where it is no single word.
    """

    place: tuple[int, int] | None = None


class TaskError(WorkbenchError):
    """Labels, splits or entities that a task cannot have."""


class PlanError(WorkbenchError):
    """A model plan that does not fit its task or schema."""


class LoaderError(WorkbenchError):
    """A batch that could not be made.

    Attributes
    ----------
    batch_index : int
        Position of the batch in the epoch, -1 where it was no batch; ``__cause__`` is what went wrong inside.
    """

    def __init__(self, message: str, batch_index: int = -1) -> None:
        super().__init__(message)
        self.batch_index = batch_index

    def __reduce__(self) -> tuple[type[LoaderError], tuple[str, int]]:
        """Keep the batch index when the error crosses a process boundary."""
        return type(self), (str(self), self.batch_index)


class TrainingError(WorkbenchError):
    """A run that cannot start, go on or be loaded."""


class RunCancelled(TrainingError):
    """The user stopped a run; its best checkpoint, if any, is in place."""


LONGEST = 2_000
"""Characters of each part of a message: names and values of any length may stand in them."""


def explain(asked: str, got: str, allowed: str = "", do: str = "") -> str:
    """One message in the house form: what was asked, what was got, what is allowed, what to do.

    Of a part of more than :data:`LONGEST` characters the middle is left out.
    """
    asked, got, allowed, do = map(_bounded, (asked, got, allowed, do))
    parts = [f"{asked}: {got}"]
    if allowed:
        parts.append(f"Allowed: {allowed}")
    if do:
        parts.append(do)
    return " ".join(part if part.endswith(("?", "!", ".")) else f"{part}." for part in parts)


def _bounded(part: str) -> str:
    """A part without its middle where it is too long: what is said of a long name stands around it."""
    half = LONGEST // 2
    return part if len(part) <= LONGEST else f"{part[:half]} \u2026 {part[-half:]}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``Did you mean 'x'?`` for the nearest known word, or an empty string."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else ""


def expect(value: object, kind: type, error: type[WorkbenchError], asked: str, do: str = "") -> None:
    """Refuse a value of another kind at a door, before it fails deep inside.

    Raises
    ------
    WorkbenchError
        The given one.
    """
    if isinstance(value, kind) and not isinstance(value, type):  # a class has what a protocol asks for
        return
    got = f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
    raise error(explain(f"{asked} was asked for", f"got {got}", f"a {kind.__name__}", do))


def expect_path(value: object, error: type[WorkbenchError], asked: str) -> Path:
    """A place on disk, ``~`` resolved; what names none, such as None or an opened value, is refused.

    Raises
    ------
    WorkbenchError
        The given one.
    """
    if not isinstance(value, (str, PathLike)):
        got = f"got a {type(value).__name__}"
        raise error(explain(f"{asked} was asked for", got, "a path, as str or pathlib.Path"))
    return Path(value).expanduser()
