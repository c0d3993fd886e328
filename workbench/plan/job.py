"""TrainingJob: how a search makes a predictor of a plan: what is tried, what decides, what is averaged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import product
from typing import Any

from workbench.errors import did_you_mean
from workbench.plan.architecture import ModelSettings
from workbench.plan.cells import as_draw
from workbench.plan.checks import LATER, one_of, refuse, whole
from workbench.plan.fanout import Fanout
from workbench.plan.objective import METRICS
from workbench.plan.optimisation import Optimisation
from workbench.plan.sampling_plan import SamplingPlan
from workbench.plan.written import frozen, plain, read, sampling_plan, written

Changes = tuple[tuple[str, Any], ...]
"""(choice, value) of a candidate, by name."""

MOST_TRIED = 256
"""Candidates of a job, at most: a search trains each of them."""

_SPACE = "a list of changes such as [{'channels': 32}], or lists of values such as {'channels': [32, 64]}"


@dataclass(frozen=True)
class TrainingJob:
    """What ``engine.search(task, plan)`` does with a plan; ``engine.train`` reads the metric alone.

    Attributes
    ----------
    metric : str
        Chooses epochs and candidates on the validation seeds; see :data:`~workbench.plan.objective.METRICS`.
    candidates : tuple
        Changes of the plan that are tried beside it, ``[{"learning_rate": 0.001}, {"channels": 32}]``; given
        as lists of values, ``{"learning_rate": [0.001, 0.01], "channels": [32, 64]}``, every combination.
    keys : tuple of int  each candidate is trained under each of them
    averaged : int  the best so many candidates are kept, and what all of their runs say is averaged
    prune_after : int or None
        Epochs after which, and after ever twice as many, the worse candidates are given up; None: never.
    prune_to : float  share of the candidates that then go on, in (0, 1)
    refit : bool  train the kept ones again on train and val together, as long as was best
    """

    metric: str = "auroc"
    candidates: tuple[Changes, ...] = field(default=(), metadata=LATER)
    keys: tuple[int, ...] = field(default=(0,), metadata=LATER)
    averaged: int = field(default=1, metadata=LATER)
    prune_after: int | None = field(default=2, metadata=LATER)
    prune_to: float = field(default=0.5, metadata=LATER)
    refit: bool = field(default=False, metadata=LATER)

    def __post_init__(self) -> None:
        object.__setattr__(self, "candidates", _candidates(self.candidates))
        object.__setattr__(self, "keys", frozen(self.keys))

    def check(self) -> None:
        """Refuse nonsense; what a plan makes of the candidates is the plan's to check.

        Raises
        ------
        PlanError
            Naming the choice, what it was and what is allowed.
        """
        one_of("metric", self.metric, METRICS)
        odd = not isinstance(self.keys, tuple) or [key for key in self.keys if type(key) is not int]
        if odd or not self.keys or len(set(self.keys)) < len(self.keys):
            refuse("keys", self.keys, "a list of different whole numbers, such as [0, 1, 2]")
        whole("averaged", self.averaged, 1, MOST_TRIED)
        if self.prune_after is not None:
            whole("prune_after", self.prune_after, 1, 10**6)
        if isinstance(self.prune_to, bool) or not isinstance(self.prune_to, (int, float)):
            refuse("prune_to", self.prune_to, "a number between 0 and 1")
        if not 0 < self.prune_to < 1:
            refuse("prune_to", self.prune_to, "a number between 0 and 1")
        if not isinstance(self.refit, bool):
            refuse("refit", self.refit, "True or False")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; choices that are the usual ones are left out, the metric never."""
        tried = [{name: plain(value) for name, value in changes} for changes in self.candidates]
        return {**written(self), **({"candidates": tried} if tried else {})}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrainingJob:
        """Read back what :meth:`to_dict` wrote."""
        tried = [
            {name: sampling_plan(value) if name == "fanout" else value for name, value in changes.items()}
            for changes in data.get("candidates", [])
        ]
        return cls(**{**read(data), "candidates": tuple(tried)})

    def lines(self, higher_is_better: bool) -> list[str]:
        """The choices as text; of the later ones those that are not the usual."""
        lines = [f"metric   {self.metric} ({'higher' if higher_is_better else 'lower'} is better)"]
        parts = [f"keys {', '.join(map(str, self.keys))}"] if self.keys != (0,) else []
        if self.averaged > 1:
            parts.append(f"the best {self.averaged} averaged")
        if self.refit:
            parts.append("refit on train and val")
        if self.candidates:
            when = f"pruned to {self.prune_to:g} after {self.prune_after}, {2 * (self.prune_after or 0)}, ..."
            parts.append("none given up early" if self.prune_after is None else f"{when} epochs")
        if parts:
            lines.append(f"search   {', '.join(parts)}")
        shown = self.candidates[:SHOWN]
        lines += [f"  or {told(each)}" for each in shown]
        if len(self.candidates) > SHOWN:
            lines.append(f"  and {len(self.candidates) - SHOWN} more candidates")
        return lines


SHOWN = 8
"""Candidates that a printed plan names."""


def told(changes: Changes) -> str:
    """A candidate in a few words."""
    return ", ".join(
        f"fanout of {_size(value)}" if name == "fanout" else f"{name}={value!r}" for name, value in changes
    )


def _size(plan: SamplingPlan) -> str:
    """How deep and, where that is a number for every edge type, how wide it is."""
    if not isinstance(plan, Fanout):
        return f"{plan.hops_deep} hops"
    widest = max((as_draw(cell).most for hop in plan.hops for _, cell in hop), default=0)
    return f"{plan.hops_deep} hops, {widest} neighbours at most"


def _candidates(given: Any) -> tuple[Changes, ...]:
    """Every candidate once, its choices in order of their names."""
    if isinstance(given, Mapping):
        given = _combinations(given)
    if isinstance(given, str) or not isinstance(given, Iterable):
        refuse("candidates", given, _SPACE)
    found = dict.fromkeys(_changes(each) for each in given)
    if len(found) > MOST_TRIED:
        refuse("candidates", f"{len(found):,} of them", f"{MOST_TRIED} at most")
    return tuple(found)


def _combinations(space: Mapping[str, Any]) -> list[dict[str, Any]]:
    for name, values in space.items():
        if not isinstance(values, (list, tuple)) or not values:
            refuse("candidates", {name: values}, f"a list of values of {name!r}, one at least")
    return [dict(zip(space, values, strict=True)) for values in product(*space.values())] if space else []


def _changes(given: Any) -> Changes:
    pairs = given.items() if isinstance(given, Mapping) else given
    try:
        changes = tuple(sorted((name, frozen(value)) for name, value in pairs))
        hash(changes)
    except (TypeError, ValueError):
        refuse("candidates", given, _SPACE)
    names = [name for name, _ in changes]
    if not names:
        refuse("candidates", given, "changes of one choice at least: the plan itself is tried anyway")
    for name in names:
        if name not in CHANGED:
            do = did_you_mean(str(name), CHANGED)
            refuse("candidates", given, f"changes of {', '.join(CHANGED)}", do)
    return changes


CHANGED = (
    "fanout",
    "exclude",
    *(each.name for each in fields(ModelSettings)),
    *(each.name for each in fields(Optimisation)),
)
"""What candidates may change: all but what decides between them, and what is visible."""
