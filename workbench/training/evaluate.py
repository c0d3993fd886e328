"""evaluate: a model beside its baselines, on the same seeds: as a whole, over time, by segment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import TrainingError, expect, explain
from workbench.plan.model_plan import ModelPlan
from workbench.plan.objective import metrics_of
from workbench.query.seed_table import SeedTable
from workbench.training.baselines import Baseline
from workbench.training.baselines import baselines as baselines_of
from workbench.training.calibration import reliability
from workbench.training.confidence import draws, interval, resampled
from workbench.training.evaluation import Evaluation
from workbench.training.loaders import seen
from workbench.training.metrics import calibration_error, known_labels, score
from workbench.training.parts import Parts
from workbench.training.segments import Group, by_segments, by_time
from workbench.training.target import Target
from workbench.types import AnyArray, Int64Array

MODEL = "model"
"""Name of what is evaluated, beside those of its baselines."""

_TEXT, _NUMBER = pa.string(), pa.float64()
SCORES = pa.schema(
    [
        *((name, _TEXT) for name in ("split", "by", "group", "model")),
        ("seeds", pa.int64()),
        ("metric", _TEXT),
        *((name, _NUMBER) for name in ("value", "low", "high")),
        ("note", _TEXT),
    ]
)
AHEAD = pa.schema(
    [("split", _TEXT), ("baseline", _TEXT), *((name, _NUMBER) for name in ("difference", "low", "high"))]
)
CALIBRATION = pa.schema(
    [
        *((name, _TEXT) for name in ("split", "model", "bin")),
        ("labels", pa.int64()),
        ("predicted", _NUMBER),
        ("observed", _NUMBER),
    ]
)


@dataclass(frozen=True)
class Evaluated:
    """What is evaluated.

    Attributes
    ----------
    parts, task, plan, target : as of a run; the task may be None
    predict : callable  split, seeds -> values, as ``Target.predictions`` gives them
    """

    parts: Parts
    task: Any
    plan: ModelPlan
    target: Target
    predict: Callable[[str, SeedTable], AnyArray]


@dataclass(frozen=True)
class _Split:
    """One split: its labels and what each model says, in the order of the seeds.

    Attributes
    ----------
    values : of the model, as ``Target.predictions`` gives them
    told : by model, as :func:`score` takes them; None where it says nothing
    why : why not, by model
    """

    name: str
    seeds: SeedTable
    label: AnyArray
    values: AnyArray
    told: dict[str, AnyArray | None]
    why: dict[str, str]


def evaluate(
    what: Evaluated,
    splits: str | SeedTable | Sequence[str | SeedTable] = "test",
    *,
    period: str = "anchor",
    segments: Sequence[str] | Mapping[str, Any] = (),
    baselines: bool | Mapping[str, Baseline] = True,
    bins: int = 10,
    resamples: int = 200,
    key: int = 0,
) -> Evaluation:
    """Evaluate predictions.

    Parameters
    ----------
    splits : of the task, or labelled seeds, which have no baselines; seeds whose own row came later than
        they may see are left out, with a warning
    period : ``anchor``, ``day``, ``week``, ``month``, ``quarter`` or ``year``: groups over time
    segments : columns of the entity table, or dict name -> one value per seed; see
        :func:`~workbench.training.segments.by_segments`
    baselines : True, to train them now; False; or those of ``engine.baselines(task, run.plan)``
    bins : int  of the calibration
    resamples : int  of the bootstrap; 0: no intervals
    key : int  fixes the bootstrap and what baselines draw

    Raises
    ------
    TrainingError
        If a split has no seeds or labels, there is no such period or segment, or a number is none.
    """
    for name, value, least in (("bins", bins, 1), ("resamples", resamples, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            got, allowed = f"got {name}={value!r}", f"a whole number from {least}"
            raise TrainingError(explain("an evaluation was asked for", got, allowed))
    given = [splits] if isinstance(splits, str | SeedTable) else list(splits)
    beside = _baselines(what, given, baselines, key)
    scores, ahead, calibration = [], [], []
    for split in (_split(what, each, beside) for each in given):
        counts = draws(split.seeds.node_id, resamples, key)
        scores += _whole(what, split, counts, bins)
        for group in (
            *by_time(split.seeds, period),
            *by_segments(what.parts.dataset, split.seeds, segments),
        ):
            few = draws(split.seeds.node_id[group.rows], resamples, key)
            scores += [_score(what, split, group, model, what.plan.metric, few) for model in split.told]
        ahead += _ahead(what, split, counts)
        calibration += _calibration(what.target, split, bins)
    return Evaluation(
        what.target.task_type,
        what.plan.metric,
        what.plan.higher_is_better,
        pa.Table.from_pylist(scores, SCORES),
        pa.Table.from_pylist(ahead, AHEAD),
        pa.Table.from_pylist(calibration, CALIBRATION),
        tuple(what.plan.optimisation.train_on.split("+")),
    )


def _baselines(
    what: Evaluated, splits: list[str | SeedTable], given: bool | Mapping[str, Baseline], key: int
) -> Mapping[str, Baseline]:
    if isinstance(given, Mapping):
        return given
    if (
        not given
        or what.task is None
        or not {"val", "test"} & {each for each in splits if isinstance(each, str)}
    ):
        return {}
    return baselines_of(what.parts, what.task, what.plan, key)


def _split(what: Evaluated, given: str | SeedTable, beside: Mapping[str, Baseline]) -> _Split:
    asked = "an evaluation"
    if isinstance(given, str) and what.task is None:
        do = "Pass it: load_run(folder, engine, task=task)"
        raise TrainingError(explain(asked, f"the run of split {given!r} was loaded without its task", do=do))
    table = what.task.seeds(given) if isinstance(given, str) else given
    expect(table, SeedTable, TrainingError, asked, "Take 'test', or labelled seeds")
    seeds = seen(what.parts.graph, what.plan, table)
    if not len(seeds):
        raise TrainingError(explain(asked, f"there are no {seeds.split} seeds", "at least one"))
    label = known_labels(seeds)
    values = what.predict(seeds.split if isinstance(given, str) else "", seeds)
    told: dict[str, AnyArray | None] = {MODEL: what.target.point(values)}
    why = {}
    for name, each in beside.items():
        told[name] = each.predictions.get(seeds.split) if isinstance(given, str) else None
        why[name] = "baselines are of val and test"
        if told[name] is not None and np.isnan(next(iter(each.scores[seeds.split].values()))):
            told[name], why[name] = None, each.chosen
    return _Split(seeds.split, seeds, label, values, told, why)


def _whole(what: Evaluated, split: _Split, counts: list[Int64Array], bins: int) -> list[dict[str, Any]]:
    """Every metric of every model, the plan's first, and how well calibrated probabilities are."""
    everyone, metric = Group("all", "", np.arange(len(split.seeds))), what.plan.metric
    names = [metric, *(name for name in metrics_of(what.target.task_type) if name != metric)]
    rows = [_score(what, split, everyone, model, name, counts) for name in names for model in split.told]
    for model, told in split.told.items():
        if told is not None and what.target.task_type in ("binary", "multiclass", "multilabel"):
            value = calibration_error(what.target.task_type, split.label, told, bins)
            rows.append(_row(split, everyone, model, "calibration_error") | {"value": value})
    return rows


def _score(
    what: Evaluated, split: _Split, group: Group, model: str, metric: str, counts: list[Int64Array]
) -> dict[str, Any]:
    """One score of a model on a group, with its interval, or why it is undefined."""
    row, told = _row(split, group, model, metric), split.told[model]
    if told is None:
        return row | {"note": split.why[model]}
    if not len(group.rows):
        return row | {"note": "no seeds"}
    kind, label, told = what.target.task_type, split.label[group.rows], told[group.rows]
    value = score(kind, label, told)[metric]
    if np.isnan(value):
        return row | {"note": _undefined(label)}
    low, high = interval(resampled(metric, kind, label, told, counts))
    return row | {"value": value, "low": _known(low), "high": _known(high)}


def _undefined(label: AnyArray) -> str:
    if label.ndim == 1 and label.min() == label.max():
        return f"one class (all {len(label):,} labels are {label[0]:g})" if len(label) > 1 else "one seed"
    return "no label tells good from bad"


def _row(split: _Split, group: Group, model: str, metric: str) -> dict[str, Any]:
    which = {"split": split.name, "by": group.by, "group": group.name, "model": model}
    return {**which, "seeds": len(group.rows), "metric": metric, "note": ""}


def _ahead(what: Evaluated, split: _Split, counts: list[Int64Array]) -> list[dict[str, Any]]:
    """By how much the model is better than each baseline, on the same resamples."""
    kind, metric = what.target.task_type, what.plan.metric
    sign, rows = 1.0 if what.plan.higher_is_better else -1.0, []

    def both(told: AnyArray) -> tuple[float, AnyArray]:
        return score(kind, split.label, told)[metric], resampled(metric, kind, split.label, told, counts)

    for name in split.why:
        row: dict[str, Any] = {"split": split.name, "baseline": name}
        mine, theirs = split.told[MODEL], split.told[name]
        if mine is not None and theirs is not None:
            (value, values), (other, others) = both(mine), both(theirs)
            low, high = interval(sign * (values - others))
            row |= {"difference": _known(sign * (value - other)), "low": _known(low), "high": _known(high)}
        rows.append(row)
    return rows


def _calibration(target: Target, split: _Split, bins: int) -> list[dict[str, Any]]:
    """The bins of every model that says anything; baselines have no quantiles."""
    bare, rows = replace(target, quantiles=()), []
    for model, told in split.told.items():
        if told is not None:
            own = model == MODEL
            found = reliability(target if own else bare, split.label, split.values if own else told, bins)
            rows += [
                {"split": split.name, "model": model, "bin": each.name, **each._asdict()} for each in found
            ]
    return rows


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
