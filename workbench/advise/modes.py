"""Modes of advice: how much a plan may cost. A first look, the usual, or the best that a search finds.

fast     one short run of a small model over a narrow neighbourhood: whether there is anything to learn
normal   as :mod:`workbench.advise.suggest` decides, under one key
best     candidates around it under several keys; the better ones averaged, and trained again on train and val
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.advise.suggest import OpenStores, suggest_plan
from workbench.errors import PlanError, did_you_mean, explain
from workbench.plan.cells import as_draw
from workbench.plan.fanout import Fanout
from workbench.plan.job import told
from workbench.plan.model_plan import ModelPlan

MODES: tuple[str, ...] = ("fast", "normal", "best")

FAST_STEPS, FAST_EPOCHS = 240, 4
"""Optimiser steps and epochs of a fast run, at most."""

FAST_HOPS, FAST_WIDTH, FAST_CHANNELS = 2, 8, 16
"""Hops, neighbours per edge type, and channels of a fast run, at most."""

FEW, MANY = 20_000, 200_000
"""Training seeds below which a smaller model is tried, from which on two keys are enough."""

STILL = ("recent", "uniform", "joint", "disjoint")
"""Labels of reasons for how a fanout draws."""

AVERAGED = 3
"""Plans that ``best`` averages, where it tries more."""


@dataclass(frozen=True)
class Advice:
    """Changes of a plan, and why each."""

    changes: dict[str, Any]
    reasons: tuple[tuple[str, str], ...]


def suggest(task: Any, parts: OpenStores, mode: str = "normal") -> ModelPlan:
    """A plan for a task that costs as much as the mode says.

    Parameters
    ----------
    task : Task
    parts : Parts, or anything with ``graph`` and ``features``
    mode : str  see :data:`MODES`

    Raises
    ------
    PlanError
        If there is no such mode.
    TaskError, BudgetError
        As of :func:`~workbench.advise.suggest.suggest_plan`.
    """
    if mode not in MODES:
        do = did_you_mean(str(mode), MODES)
        raise PlanError(explain(f"a plan of mode {mode!r} was asked for", "no mode", ", ".join(MODES), do))
    plan = suggest_plan(task, parts)
    if mode == "normal":
        return plan
    seeds = len(task.seeds("train"))
    return _advised(plan, fast(plan) if mode == "fast" else best(plan, seeds, task.task_type))


def fast(plan: ModelPlan) -> Advice:
    """A small model, near neighbours, few steps, one key; the loss and the metric stay."""
    settings = plan.optimisation
    epochs = min(settings.epochs, FAST_EPOCHS)
    steps = min(FAST_STEPS // epochs, settings.max_steps or FAST_STEPS)
    channels = min(plan.model.channels, FAST_CHANNELS)
    changes: dict[str, Any] = {"epochs": epochs, "max_steps": steps, "channels": channels, "averaged": 1}
    changes |= {"candidates": (), "keys": (0,), "refit": False}
    reasons = [
        ("fast", "a first look: less of everything, to see whether there is something to learn"),
        (f"{epochs} epochs", f"{steps} steps each at most, {FAST_STEPS} in all: a minute or so"),
        (f"{channels} channels", "enough to see a signal"),
    ]
    if isinstance(plan.fanout, Fanout):
        near = _narrow(plan.fanout, FAST_HOPS, FAST_WIDTH)
        changes |= {"fanout": near, "layers": min(plan.model.layers, near.hops_deep)}
        why = "the nearest rows say most, and batches stay small"
        reasons.append((f"{near.hops_deep} hops of {FAST_WIDTH}", why))
    return Advice(changes, tuple(reasons))


def best(plan: ModelPlan, seeds: int, task_type: str) -> Advice:
    """Candidates, several keys, the better ones averaged, refit on train and val.

    Parameters
    ----------
    seeds : int  training seeds
    """
    # Where the plan averages candidates of its own already, it is because val is too uncertain to choose by.
    given = plan.job.averaged > 1
    candidates = [] if given else _candidates(plan, seeds)
    tried = len(plan.tried()) + len(candidates)
    ranked = task_type == "ranking"
    keys = (0,) if ranked else (0, 1) if seeds >= MANY else (0, 1, 2)
    averaged = 1 if ranked else plan.job.averaged if given else min(AVERAGED, tried)
    every = [*plan.job.candidates, *(change for change, _ in candidates)]
    changes: dict[str, Any] = {"candidates": every, "keys": keys, "averaged": averaged, "refit": True}
    reasons = [(f"candidate {told(tuple(change.items()))}", why) for change, why in candidates]
    if ranked:
        reasons.append(("1 key", "rankings have no mean, so the best of the candidates answers alone"))
    else:
        chance = "few seeds leave much to chance" if seeds < FEW else "what chance decides is averaged out"
        reasons.append((f"{len(keys)} keys", f"{seeds:,} training seeds: {chance}"))
        why = f"val is a few windows: the best of {tried} on it is partly luck, a mean of several is not"
        why = "val is too uncertain a judge here to leave any of them out" if given else why
        reasons.append((f"the best {averaged} averaged", why))
    why = "the windows of val are the nearest to what is asked: in the end they are learned from too"
    reasons.append(("refit", why))
    return Advice(changes, tuple(reasons))


def _candidates(plan: ModelPlan, seeds: int) -> list[tuple[dict[str, Any], str]]:
    """Changes that are worth a try, given what the plan was decided from, and why each."""
    model, slower = plan.model, float(f"{plan.optimisation.learning_rate / 3:.1g}")
    found: list[tuple[dict[str, Any], str]] = [
        (dict(changes), "as of the plan itself") for changes in plan.job.candidates
    ]
    heads = model.heads if model.layer != "sage" else 1
    half = max(model.channels // 2 // heads, 1) * heads
    if seeds < FEW:
        smaller = {"channels": half, "dropout": round(min(model.dropout + 0.2, 0.6), 3)}
        found.append((smaller, f"{seeds:,} training seeds: a smaller, more regularised model overfits less"))
    else:
        found.append(({"channels": 2 * model.channels}, f"{seeds:,} training seeds may carry a wider model"))
    found.append(({"learning_rate": slower}, "smaller steps, where the best epoch comes early"))
    if isinstance(plan.fanout, Fanout) and plan.fanout.hops_deep > 2:
        near = plan.fanout.hops_deep - 1
        change = {"fanout": _narrow(plan.fanout, near), "layers": min(model.layers, near)}
        found.append((change, f"hop {near + 1} is of relatives' rows: they may be noise"))
    if isinstance(plan.fanout, Fanout) and (widest := _widest(plan.fanout)) > FAST_WIDTH:
        narrow = _narrow(plan.fanout, plan.fanout.hops_deep, widest // 2)
        found.append(({"fanout": narrow}, f"up to {widest} rows along an edge type: fewer may say it all"))
    if model.layer == "sage" and "max" not in model.aggregations:
        change = {"aggregations": (*model.aggregations, "max")}
        found.append((change, "an extreme among the neighbours may decide"))
    return found


def _advised(plan: ModelPlan, advice: Advice) -> ModelPlan:
    """The changed plan; reasons of what changed give way to those of the advice.

    A narrower fanout draws the same way, so why it does so still holds.
    """
    changed = plan.replace(**advice.changes)
    gone = {label for label, _ in advice.reasons}
    if not changed.job.candidates:
        gone |= {label for label, _ in plan.reasons if label.startswith("candidate ")}
    still = [pair for pair in plan.reasons if pair in changed.reasons or pair[0] in STILL]
    kept = [pair for pair in still if pair[0] not in gone]
    return changed.replace(reasons=(*kept, *advice.reasons))


def _narrow(fanout: Fanout, hops: int, width: int | None = None) -> Fanout:
    """The first hops alone, each cell of at most so many neighbours; shares of the neighbours stay."""
    entries = [
        {name or "default": cell if width is None else _less(cell, width) for name, cell in hop}
        for hop in fanout.hops[:hops]
    ]
    return fanout.with_choices(hops=entries)


def _less(cell: Any, width: int) -> Any:
    return width if isinstance(cell, int) and (cell > width or cell < 0) else cell


def _widest(fanout: Fanout) -> int:
    """Most neighbours that a cell takes by a number; 0 if none does."""
    return max((as_draw(cell).most for hop in fanout.hops for _, cell in hop), default=0)
