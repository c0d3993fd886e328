"""ModelPlan: every choice of a training run as one frozen value. Print it, diff it, save it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from workbench.errors import PlanError, WorkbenchError, did_you_mean, explain
from workbench.plan.architecture import ModelSettings
from workbench.plan.checks import refuse
from workbench.plan.encoding import Encoding, encodings_of
from workbench.plan.job import TrainingJob
from workbench.plan.objective import LOSSES, METRICS
from workbench.plan.optimisation import Optimisation
from workbench.plan.sampling_plan import SamplingPlan
from workbench.plan.written import frozen, read, sampling_plan, written
from workbench.temporal import instant, iso


@dataclass(frozen=True)
class ModelPlan:
    """Everything that a run is made of, apart from the data and the key.

    Attributes
    ----------
    fanout : Fanout or Metapaths
    model : ModelSettings
    optimisation : Optimisation
    job : TrainingJob
        The metric that chooses the best epoch; and what a search tries, under which keys, and averages.
    exclude : tuple of str  ``'table.column'`` that the model must not read
    encodings : tuple of (``'table.column'``, Encoding)
        How the built-in model reads some columns otherwise than usual; given as a mapping, such as
        ``{"orders.amount": "log", "users.city": {"rare": 20}}``
    until : int or None  features are frozen at this instant, for every split; kept as microseconds, given
        in any form that :func:`~workbench.temporal.instant` reads
    reasons : tuple of (choice, why)  where the plan was suggested; not part of equality

    Raises
    ------
    PlanError
        If a choice is out of range or two of them contradict each other.
    AnchorError
        If ``until`` is no instant.

    Examples
    --------
    >>> plan = ModelPlan(Fanout([16, 8], strategy="recent")).replace(channels=32, epochs=3)
    >>> plan.model.channels, plan.optimisation.epochs
    (32, 3)
    """

    fanout: SamplingPlan
    model: ModelSettings = field(default_factory=ModelSettings)
    optimisation: Optimisation = field(default_factory=Optimisation)
    job: TrainingJob = field(default_factory=TrainingJob)
    exclude: tuple[str, ...] = ()
    encodings: tuple[tuple[str, Encoding], ...] = ()
    until: int | None = None
    reasons: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.exclude, str):
            refuse("exclude", self.exclude, "a list of names such as ['users.age']")
        object.__setattr__(self, "exclude", tuple(sorted(self.exclude)))
        object.__setattr__(self, "encodings", encodings_of(self.encodings))
        if self.until is not None:
            object.__setattr__(self, "until", instant(self.until))
        object.__setattr__(self, "reasons", tuple((str(a), str(b)) for a, b in self.reasons))
        check_plan(self)

    @property
    def metric(self) -> str:
        """Chooses the best epoch on the validation seeds; see :data:`~workbench.plan.objective.METRICS`."""
        return self.job.metric

    @property
    def task_types(self) -> tuple[str, ...]:
        """What the loss trains and the metric measures, the simplest first."""
        return tuple(kind for kind in LOSSES[self.optimisation.loss] if kind in METRICS[self.metric][0])

    @property
    def higher_is_better(self) -> bool:
        """Direction of the metric."""
        return METRICS[self.metric][1]

    def tried(self) -> tuple[ModelPlan, ...]:
        """The plans that a search tries: this one, then its candidates; each without a search of its own.

        Raises
        ------
        PlanError
            If a candidate is no plan.
        """
        alone = replace(self, job=TrainingJob(self.metric))
        found = [alone]
        for changes in self.job.candidates:
            try:
                found.append(alone.replace(**dict(changes)))
            except PlanError as error:
                raise PlanError(f"candidate {dict(changes)} of a plan: {error}") from error
        return tuple(dict.fromkeys(found))

    def replace(self, **changes: Any) -> ModelPlan:
        """The same plan with some choices changed; names of all settings may be given directly.

        Of a plan with reasons, those of what changed give way to ``set by you``, unless given here too.

        Raises
        ------
        PlanError
            If a name is no choice of a plan, or the new value is not allowed.
        """
        parts: dict[str, dict[str, Any]] = {"": {}, **{part: {} for part in _PARTS}}
        for name, value in changes.items():
            parts[_home(name)][name] = frozen(value)
        own = parts[""]
        for part in _PARTS:
            if parts[part]:
                own[part] = replace(own.get(part, getattr(self, part)), **parts[part])
        plan = replace(self, **own)
        if self.reasons and "reasons" not in changes:
            plan = replace(plan, reasons=_reasons_now(self.reasons, tuple(self.diff(plan))))
        return plan

    def diff(self, other: ModelPlan) -> dict[str, tuple[Any, Any]]:
        """Choices that differ: name -> (mine, theirs). Reasons are not compared."""
        mine, theirs = self.choices(), other.choices()
        return {name: (mine[name], theirs[name]) for name in mine if mine[name] != theirs[name]}

    def choices(self) -> dict[str, Any]:
        """Every choice by its flat name, the fanout as one value."""
        flat: dict[str, Any] = {"fanout": self.fanout}
        for part, settings in _PARTS.items():
            flat |= {f.name: getattr(getattr(self, part), f.name) for f in fields(settings)}
        return flat | {name: getattr(self, name) for name in ("exclude", "encodings", "until")}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        job = self.job.to_dict()
        return {
            "format": 1,
            "fanout": self.fanout.to_dict(),
            "model": written(self.model),
            "optimisation": written(self.optimisation),
            "metric": job.pop("metric"),
            **({"job": job} if job else {}),
            "exclude": list(self.exclude),
            **(
                {"encodings": {name: each.to_dict() for name, each in self.encodings}}
                if self.encodings
                else {}
            ),
            "until": self.until,
            "reasons": [list(pair) for pair in self.reasons],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelPlan:
        """Read back what :meth:`to_dict` wrote.

        Raises
        ------
        PlanError
            If the value is no plan of format 1.
        """
        if not isinstance(data, Mapping) or data.get("format") != 1:
            got = data.get("format") if isinstance(data, Mapping) else type(data).__name__
            raise PlanError(explain("a model plan of format 1 was asked for", f"got {got!r}"))
        try:
            return cls(
                fanout=sampling_plan(data["fanout"]),
                model=ModelSettings(**read(data["model"])),
                optimisation=Optimisation(**read(data["optimisation"])),
                job=TrainingJob.from_dict({"metric": data["metric"], **data.get("job", {})}),
                exclude=tuple(data["exclude"]),
                encodings=data.get("encodings", {}),
                until=data["until"],
                reasons=tuple(data["reasons"]),
            )
        except PlanError:
            raise
        except (KeyError, TypeError, ValueError, WorkbenchError) as error:
            raise PlanError(explain("a model plan was read", f"it is malformed ({error!r})")) from error

    def save(self, path: str | Path) -> None:
        """Write the plan as JSON; its folder is made.

        Raises
        ------
        PlanError
            If the disk refuses.
        """
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(json.dumps(self.to_dict(), indent=1), encoding="utf-8")
        except OSError as error:
            raise PlanError(
                explain(f"a plan was to be saved to {path}", f"the disk refused ({error})")
            ) from error

    @classmethod
    def load(cls, path: str | Path) -> ModelPlan:
        """Read a plan that :meth:`save` wrote.

        Raises
        ------
        PlanError
            If there is none, or it is malformed.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise PlanError(explain(f"a plan was loaded from {path}", f"there is none ({error})")) from error
        return cls.from_dict(data)

    def __repr__(self) -> str:
        lines = [
            "ModelPlan",
            *_fanout_lines(self.fanout),
            f"  model    {self.model.describe()}",
            f"  training {self.optimisation.describe()}",
            *(f"  {line}" for line in self.job.lines(self.higher_is_better)),
        ]
        if self.exclude:
            lines.append(f"  exclude  {', '.join(self.exclude)}")
        lines += [f"  encoding {name}: {each.describe()}" for name, each in self.encodings]
        if self.until is not None:
            lines.append(f"  until    features are frozen at {iso(self.until)}")
        lines += [f"  because  {choice}: {why}" for choice, why in self.reasons]
        return "\n".join(lines)


def _fanout_lines(fanout: SamplingPlan) -> list[str]:
    """A line for its choices, and one per hop or metapath."""
    first, *rest = fanout.lines()
    return [f"  fanout   {first}", *(f"    {line}" for line in rest)]


def _reasons_now(
    reasons: tuple[tuple[str, str], ...], changed: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """The reasons that still hold, and who set the rest."""
    stale = {word for name in changed for word in (name, *_SAID_AS.get(name, ()))}
    kept = [pair for pair in reasons if not any(word in pair[0] for word in stale)]
    return (*kept, *((name, "set by you") for name in changed))


_SAID_AS = {
    "fanout": ("hop", "recent", "uniform", "joint"),
    "batch_size": ("fanout size",),
    "max_steps": ("epochs",),
    "layers": ("channels", "hops"),
}
"""Words by which the label of a reason says that it is about a choice; the choice's own name is one too."""

_USUAL = {
    "aggr": "aggregations",
    "bs": "batch_size",
    "dim": "channels",
    "hidden": "channels",
    "hidden_channels": "channels",
    "hidden_dim": "channels",
    "lr": "learning_rate",
    "neighbors": "fanout",
    "num_neighbors": "fanout",
    "wd": "weight_decay",
    "width": "channels",
}
"""What others call a choice -> its name here."""

_PARTS: dict[str, type] = {"model": ModelSettings, "optimisation": Optimisation, "job": TrainingJob}


def _home(name: str) -> str:
    """Which settings a flat name belongs to; the empty string for the plan's own fields."""
    for part, settings in _PARTS.items():
        if name in {f.name for f in fields(settings)}:
            return part
    own = [f.name for f in fields(ModelPlan)]
    if name in own:
        return ""
    known = [*own, *(f.name for settings in _PARTS.values() for f in fields(settings))]
    raise PlanError(
        explain(
            f"choice {name!r} of a plan",
            "a plan has no such choice",
            ", ".join(known),
            f"Did you mean {_USUAL[name]!r}?" if name in _USUAL else did_you_mean(name, known),
        )
    )


def check_plan(plan: ModelPlan) -> None:
    """Refuse nonsense.

    Raises
    ------
    PlanError
        Naming the choice, what it was and what is allowed.
    """
    if not isinstance(plan.fanout, SamplingPlan):
        refuse("fanout", plan.fanout, "a Fanout, such as Fanout([16, 8]), or Metapaths")
    plan.model.check()
    plan.optimisation.check()
    plan.job.check()
    if not plan.task_types:
        loss, trained = plan.optimisation.loss, LOSSES[plan.optimisation.loss]
        fitting = [name for name, (kinds, _) in METRICS.items() if set(kinds) & set(trained)]
        allowed = f"{', '.join(fitting)} (the loss {loss!r} is for {' and '.join(trained)} tasks)"
        refuse("metric", plan.metric, allowed)
    for name in plan.exclude:
        if name.count(".") < 1:
            refuse("exclude", name, "'table.column'")
    if plan.job.candidates or plan.job.averaged > 1:
        most = len(plan.tried())
        if plan.job.averaged > most:
            refuse("averaged", plan.job.averaged, f"{most} at most, the plan and its candidates")
