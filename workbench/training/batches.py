"""Batches of a fit: what may be iterated over, and an epoch from any of its steps on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import islice
from typing import Any

from workbench.errors import TrainingError, explain
from workbench.loading.iterator import BatchIterator
from workbench.loading.loader import Loader
from workbench.pyg.loader import PyGLoader


def check_batches(batches: Iterable[Any] | None, epochs: int) -> None:
    """Refuse what yields no ``HeteroData``, and generators where they would be empty in epoch 2.

    Raises
    ------
    TrainingError
    """
    if batches is None or (isinstance(batches, Iterable) and not isinstance(batches, Loader | Iterator)):
        return
    kind = type(batches).__name__
    if isinstance(batches, Iterator):
        if epochs == 1:
            return
        got = f"got a {kind}, which can be read only once"
    else:
        got = f"got a {kind}, which does not yield HeteroData"
    allowed = "a PyGLoader, or any iterable of HeteroData that can be read once per epoch"
    raise TrainingError(explain(f"batches for a fit of {epochs} epochs", got, allowed))


LOOK_SECONDS = 0.1
"""How often a fit that waits for a batch looks whether it is to stop: a first batch may be compiled for."""


def stoppable(batches: Iterable[Any], check: Callable[[], None]) -> Iterator[Any]:
    """The same batches; ``check`` may raise before each, and while a loader's threads still make it."""
    iterator = iter(batches)
    while True:
        check()
        while isinstance(iterator, BatchIterator) and not iterator.ready(LOOK_SECONDS):
            check()
        try:
            batch = next(iterator)
        except StopIteration:
            return
        yield batch
        del batch  # while the next one is waited for, this one is not held


def epoch_of(
    train: Iterable[Any],
    epoch: int,
    first: int,
    limit: int | None,
    check: Callable[[], None] = lambda: None,
) -> tuple[Iterator[Any], int | None]:
    """Batches of an epoch from some step on, and how many steps the whole epoch has, where that is known.

    Parameters
    ----------
    epoch : int  counting from 0; asked of whatever has ``with_epoch``
    first : int  steps that were done already; a PyGLoader does not make their batches again
    limit : int or None  steps of the epoch, at most
    check : called before and while a batch is waited for; what it raises ends the epoch
    """
    if hasattr(train, "with_epoch"):
        train = train.with_epoch(epoch)
    steps = len(train) if isinstance(train, Sized) else None
    steps = steps if limit is None else min(limit, limit if steps is None else steps)
    if isinstance(train, PyGLoader):
        batches = stoppable(train.from_batch(first), check)
        return islice(batches, None if limit is None else limit - first), steps
    return islice(stoppable(train, check), first, limit), steps
