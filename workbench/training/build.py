"""From a plan and training seeds to a fresh model: statistics first, then weights fixed by the key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from workbench.errors import PlanError, TrainingError, explain
from workbench.events import Callback
from workbench.kernels.rng import derive_key
from workbench.models.hetero_gnn import HeteroGNN, tables_read
from workbench.models.ranking import Candidates, RankingGNN
from workbench.models.statistics import Statistics, fit_statistics
from workbench.plan.model_plan import ModelPlan
from workbench.plan.objective import USUAL
from workbench.query.seed_table import SeedTable
from workbench.schema import Schema
from workbench.stores.protocols import FeatureStore, GraphStore
from workbench.training.past_labels import width_of
from workbench.training.shelf import StoredShelf
from workbench.training.step import GENERATOR
from workbench.training.target import Target

MOST_SCORES = 1 << 28
"""Scores of a batch that is ranked, at most: 1 GiB as float32."""


def check_key(key: Any) -> None:
    """Refuse a key that is no whole number.

    Raises
    ------
    TrainingError
    """
    if isinstance(key, bool) or not isinstance(key, int | np.integer):
        raise TrainingError(
            explain(
                "a run was to be fixed by its key",
                f"got {key!r} ({type(key).__name__})",
                "a whole number, such as key=1",
            )
        )


def check_callbacks(callbacks: Iterable[Callback]) -> list[Callback]:
    """The callbacks as a list; refuses a bare function, a class and whatever takes no event.

    Raises
    ------
    TrainingError
    """
    found = list(callbacks) if isinstance(callbacks, Iterable) else []
    odd = [each for each in found if isinstance(each, type) or not callable(each)]
    if not isinstance(callbacks, Iterable):
        odd = [callbacks]
    if not odd:
        return found
    got = f"the class {odd[0].__name__}" if isinstance(odd[0], type) else f"{odd[0]!r}"
    allowed = "a list of callables that take one event; [] for silence, None for lines per epoch"
    raise TrainingError(
        explain(
            "callbacks of a training were given", f"got {got}", allowed, "Pass callbacks=[print], for example"
        )
    )


def own_copy(model: nn.Module) -> nn.Module:
    """A copy of a user's module for one run: trained again, it would change what the first run predicts.

    Raises
    ------
    TrainingError
        If it holds something that cannot be copied.
    """
    try:
        return deepcopy(model)
    except Exception as error:
        raise TrainingError(
            explain(
                f"{type(model).__name__} was to be copied, for its run to own",
                f"{type(error).__name__}: {error}",
                "modules that copy.deepcopy can copy",
                "Keep files, locks and results of earlier steps out of the module",
            )
        ) from error


def check_task(task: Any, plan: ModelPlan) -> None:
    """Refuse a plan for another task type.

    Raises
    ------
    PlanError
    """
    if task.task_type not in plan.task_types:
        loss, metric = plan.optimisation.loss, plan.metric
        usual = USUAL.get(task.task_type)
        change = f"plan.replace(loss={usual[0]!r}, metric={usual[1]!r})" if usual else "another query"
        raise PlanError(
            explain(
                f"a {task.task_type} task was to be trained under a plan",
                f"its loss {loss!r} and metric {metric!r} are for {' and '.join(plan.task_types)} tasks",
                do=f"Take engine.suggest_plan(task), or {change}",
            )
        )


def check_exclude(plan: ModelPlan, model: nn.Module | None, hidden: tuple[str, ...] = ()) -> None:
    """Refuse to promise how a module of the user reads columns: its batches hold every column as stored.

    ``hidden``: see :func:`hidden_columns`.

    Raises
    ------
    PlanError
    """
    if plan.exclude and not isinstance(model, HeteroGNN | None):
        raise PlanError(
            explain(
                f"{type(model).__name__} was to be trained without {', '.join(plan.exclude)}",
                "a plan's exclude binds the built-in model only; a module of yours is given every column",
                do="Leave these columns unread in forward and take plan.replace(exclude=()), "
                "or set them aside in the schema and ingest again",
            )
        )
    if hidden and not isinstance(model, HeteroGNN | None):
        raise PlanError(
            explain(
                f"{type(model).__name__} was to be trained to predict {', '.join(hidden)}",
                "its batches hold that very column",
                "the built-in model, or a query about rows of other tables",
                "Ingest a copy of the tables without the column, with its values as seeds of your own",
            )
        )
    if plan.encodings and not isinstance(model, HeteroGNN | None):
        raise PlanError(
            explain(
                f"{type(model).__name__} was to be trained with encodings of {dict(plan.encodings)}",
                "they bind the built-in model only; a module of yours is given columns as they are stored",
                do="Encode in its forward, and take plan.replace(encodings={})",
            )
        )


def hidden_columns(task: Any) -> tuple[str, ...]:
    """``'table.column'`` that no feature of a task may read: what a query about a column asks for."""
    hidden = getattr(task, "hidden", {})
    return tuple(f"{table}.{column}" for table, columns in hidden.items() for column in columns)


def fit_for(
    graph: GraphStore,
    features: FeatureStore,
    plan: ModelPlan,
    train: SeedTable,
    hidden: Iterable[str] = (),
    ranked: str | None = None,
) -> Statistics:
    """Statistics of everything that the plan reaches, up to the last anchor of the training seeds.

    ``hidden`` columns are left out beside those that the plan excludes; see :func:`hidden_columns`.
    ``ranked``: the table whose rows are ranked; it is read too where its features rank them.
    """
    tables = tables_read(graph.schema, plan, train.node_type)
    if ranked is not None and plan.model.ranked_by != "ids":
        tables = [*tables, ranked, *graph.schema.histories_of(ranked)]
    # Scaling is of labels that are numbers; those of classes stay as they are.
    labels = train.label if "regression" in plan.task_types else None
    last = int(train.visible_until.max())
    exclude = sorted({*plan.exclude, *hidden})
    return fit_statistics(graph.schema, graph, features, tables, last, exclude, labels, plan.encodings)


def target_for(
    plan: ModelPlan, task: Any, train: SeedTable, statistics: Statistics, graph: GraphStore
) -> Target:
    """What the labels of a task are, for the models of a plan.

    Raises
    ------
    TrainingError
        If the classes are not known, or the plan gives another number of weights for them.
    """
    asked = getattr(task, "target", None)  # tasks of other makers may know no more than their type
    classes = getattr(asked, "classes", None)
    values = () if classes is None else tuple(map(_plain, classes.to_pylist()))
    labels = None if task.task_type == "ranking" else train.label
    target = Target.of(plan, task.task_type, statistics.target, values, labels)
    if task.task_type == "ranking" and asked is not None:
        target = replace(target, table=asked.table, candidates=graph.num_nodes(asked.table))
    if target.width is None:
        got, do = "its classes or candidates are not known", "Make it with engine.task(...), which knows them"
        raise TrainingError(explain(f"a {task.task_type} task was to be trained", got, do=do))
    return replace(target, top_k=getattr(asked, "top_k", None))


def model_of(
    graph: GraphStore,
    features: FeatureStore,
    plan: ModelPlan,
    statistics: Statistics,
    seed_type: str,
    target: Target,
    key: int,
    grown: bool = False,
) -> HeteroGNN:
    """The built-in model for a target, fresh: its weights are a function of the key alone.

    ``grown``: where features rank rows, those that came after the training are ranked too.

    Raises
    ------
    PlanError
        If a ranking is to share neighbourhoods, or scores of a batch do not fit into memory.
    """
    if target.task_type != "ranking":
        past = width_of(target.columns, plan.model.past_labels) if plan.model.past_labels else 0
        return build_model(graph.schema, plan, statistics, seed_type, key, target.outputs, past)
    _check_ranking(plan, target)
    ends = (graph.times(target.table), graph.ends(target.table))
    shelf = None if plan.model.ranked_by == "ids" else StoredShelf(graph, features, target.table)
    rows = graph.num_nodes(target.table) if grown and shelf else target.candidates
    candidates = Candidates(target.table, rows, *ends, known=target.candidates, shelf=shelf)
    with fixed_weights(key):
        return RankingGNN(graph.schema, plan, statistics, seed_type, candidates)


def _check_ranking(plan: ModelPlan, target: Target) -> None:
    asked = f"{target.candidates:,} rows of {target.table!r} were to be ranked"
    if not plan.fanout.disjoint:
        got, do = "seeds of a joint fanout share their neighbours", "Take fanout.with_choices(disjoint=True)"
        raise PlanError(explain(asked, got, "a disjoint fanout: what a seed saw itself counts", do))
    scores = plan.optimisation.batch_size * target.candidates
    if scores > MOST_SCORES:
        got = f"batches of {plan.optimisation.batch_size:,} seeds have {scores:,} scores"
        most = MOST_SCORES // target.candidates
        do = f"Take plan.replace(batch_size={most})" if most else "Rank the rows of a smaller table"
        raise PlanError(explain(asked, got, f"{MOST_SCORES:,} at most", do))


def _plain(value: Any) -> str | int | float | bool:
    """A class as JSON holds it."""
    return value if isinstance(value, str | int | float | bool) else str(value)


def build_model(
    schema: Schema,
    plan: ModelPlan,
    statistics: Statistics,
    seed_type: str,
    key: int = 0,
    outputs: int | None = None,
    past: int = 0,
) -> HeteroGNN:
    """The built-in model with weights that are a function of the key alone; ``outputs`` as of the target."""
    with fixed_weights(key):
        return HeteroGNN(schema, plan, statistics, seed_type, outputs, past)


@contextmanager
def fixed_weights(key: int) -> Iterator[None]:
    """Fix what torch initialises modules with, from its global generator; the user's state comes back."""
    with GENERATOR, torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_key(key, "weights") & 0x7FFFFFFFFFFFFFFF)
        yield
