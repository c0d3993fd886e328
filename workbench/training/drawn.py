"""The very batches that a run draws, in its own order and under its own keys: one or all."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice

from workbench.errors import TaskError, did_you_mean, explain
from workbench.events import Callback, Progress, emit
from workbench.loading.loader import Loader
from workbench.plan.model_plan import ModelPlan
from workbench.query.task import SPLITS, Task
from workbench.stores.subgraph import SampledSubgraph
from workbench.training.loaders import predict_loader, train_loader
from workbench.training.parts import Parts


def drawn(
    parts: Parts,
    task: Task,
    plan: ModelPlan,
    *,
    splits: Sequence[str] = SPLITS,
    epochs: int = 1,
    key: int = 0,
    limit: int | None = None,
    callbacks: Sequence[Callback] = (),
) -> Iterator[SampledSubgraph]:
    """Yield what ``engine.train(task, plan, key=key)`` samples for its built-in model.

    Parameters
    ----------
    splits : of ``train`` (shuffled, new draws every epoch), ``val`` and ``test`` (as predictions are)
    epochs : int  of training; val and test are the same each time, so once is all
    limit : int or None
        Edges at most, shared out evenly over the passes; one more batch may go beyond it.
    callbacks : get a :class:`~workbench.events.Progress` per batch

    Raises
    ------
    TaskError
        If a split or number of epochs is none, before anything is sampled.
    """
    _check(splits, epochs, limit)
    passes = [(split, epoch) for split in splits for epoch in range(epochs if split == "train" else 1)]
    return _run(
        parts, task, plan, passes, key, None if limit is None else -(-limit // len(passes)), callbacks
    )


def _run(
    parts: Parts,
    task: Task,
    plan: ModelPlan,
    passes: list[tuple[str, int]],
    key: int,
    limit: int | None,
    callbacks: Sequence[Callback],
) -> Iterator[SampledSubgraph]:
    start = time.perf_counter()
    for split, epoch in passes:
        loader, edges = run_loader(parts, task, plan, split, epoch=epoch, key=key), 0
        most = plan.optimisation.max_steps if split == "train" else None
        batches = len(loader) if most is None else min(most, len(loader))
        for done, subgraph in enumerate(islice(loader.subgraphs(), batches), start=1):
            yield subgraph
            seconds, stage = time.perf_counter() - start, f"{split} {epoch + 1}"
            emit(list(callbacks), Progress(seconds, stage, done, batches, "batches"))
            edges += subgraph.num_edges
            if limit is not None and edges >= limit:
                break


def run_loader(
    parts: Parts,
    task: Task,
    plan: ModelPlan,
    split: str,
    *,
    epoch: int = 0,
    key: int = 0,
    expand: bool = False,
) -> Loader:
    """The loader of one pass of ``engine.train(task, plan, key=key)``: ``.batch(i)`` is its i-th batch.

    Parameters
    ----------
    parts, task, plan, key : of the training; ``parts`` is ``engine.parts``
    split : ``train``, ``val`` or ``test``
    epoch : int  of training, counted from 0; val and test are the same each time
    expand : bool  True for a model of the user's own, which is evaluated disjointly

    Raises
    ------
    TaskError
        If the split or the epoch is none.
    """
    _check([split], epoch + 1 if isinstance(epoch, int) else epoch, None)
    seeds = task.seeds(split)
    if split != "train":
        return predict_loader(parts, plan, seeds, key, expand=expand).loader
    return train_loader(parts, plan, seeds, key, expand=expand).loader.with_epoch(epoch)


def _check(splits: Sequence[str], epochs: int, limit: int | None) -> None:
    names = [splits] if isinstance(splits, str) else list(splits)
    bad = [name for name in names if name not in SPLITS]
    if bad or not names or isinstance(splits, str):
        do = did_you_mean(str(bad[0]), SPLITS) if bad else ""
        raise TaskError(explain("splits were asked for", f"got {splits!r}", f"a list of {SPLITS}", do))
    for name, value in (("epochs", epochs), ("limit", 1 if limit is None else limit)):
        if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
            raise TaskError(explain(f"{name} of samples were asked for", f"got {value!r}", "at least 1"))
