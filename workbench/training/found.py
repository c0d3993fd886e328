"""Found: what a search found, a predictor that averages several runs; saved and loaded as one folder.

found.json   the job, what each plan reached, which runs there are
run 0, ...   their folders, as a run saves itself
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import PlanError, TrainingError, expect_path, explain
from workbench.plan.job import TrainingJob
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.stores.durable import sync_folders
from workbench.training.begin import load_run
from workbench.training.checkpoint import draft_of, read_json, write_json
from workbench.training.evaluate import Evaluated, evaluate
from workbench.training.evaluation import Evaluation
from workbench.training.loaders import seen
from workbench.training.metrics import known_labels, score
from workbench.training.parts import Parts
from workbench.training.predict import Predictions
from workbench.training.run import Run
from workbench.types import AnyArray

FORMAT, FOUND = 1, "found.json"


@dataclass(frozen=True, repr=False, eq=False)
class Found:
    """What a search found; it predicts the mean of what its runs say.

    Attributes
    ----------
    job : TrainingJob  by which it was found
    runs : tuple of Run  of the kept plans, those of the best plan first, one per key
    judged : tuple of Run
        The runs that val judged: ``runs`` themselves, unless these were trained once more on val too.
    given_up : tuple of Run  of the other plans; ``resume()`` goes on with one that was cancelled
    values : tuple of float
        Of each plan, in the order in which they were given: its best value on val, the mean over the keys.
    """

    job: TrainingJob
    runs: tuple[Run, ...]
    judged: tuple[Run, ...]
    given_up: tuple[Run, ...]
    values: tuple[float, ...]

    @property
    def best(self) -> Run:
        """The best run of the best plan."""
        return self.runs[0]

    @property
    def plan(self) -> ModelPlan:
        """The best plan, as val judged it."""
        return self.judged[0].plan

    @property
    def plans(self) -> tuple[ModelPlan, ...]:
        """The plans whose runs are averaged, the best first."""
        return tuple(dict.fromkeys(run.plan for run in self.judged))

    def predict(self, seeds: SeedTable | None = None, **call: Any) -> Predictions:
        """The mean of what the runs say, in the order of the seeds.

        Parameters
        ----------
        seeds, call : as of ``run.predict``, for a table of seeds or a call about some entities

        Raises
        ------
        TrainingError
            If several runs rank rows: rankings have no mean. Take ``found.best.predict(seeds)``.
        """
        if seeds is not None and not call:
            return _mean(self.runs, seeds)
        if seeds is not None:
            call["seeds"] = seeds
        _check_mean(self.runs)
        each = [run.predict(**call) for run in self.runs]
        said = each[0]
        said.values = np.asarray(np.mean([one.values for one in each], axis=0))
        return said

    def metrics(self, split: str | SeedTable = "test") -> dict[str, float]:
        """Every metric of that mean on a split of the task, or on labelled seeds.

        On ``val`` it is that of the runs that val judged: their refits have learned its labels.
        """
        runs = self.judged if split == "val" else self.runs
        asked = self.best.task.seeds(split) if isinstance(split, str) else split
        seeds = seen(self.best.parts.graph, self.plan, asked)
        target = self.best.target
        return score(target.task_type, known_labels(seeds), target.point(_mean(runs, seeds).values))

    def evaluate(self, splits: Any = "test", **options: Any) -> Evaluation:
        """How good that mean is beside its baselines; see :func:`~workbench.training.evaluate.evaluate`.

        On ``val`` it is that of the runs that val judged.
        """

        def values(split: str, seeds: SeedTable) -> AnyArray:
            return _mean(self.judged if split == "val" else self.runs, seeds).values

        run = self.best
        return evaluate(Evaluated(run.parts, run.task, self.plan, run.target, values), splits, **options)

    def save(self, folder: str | Path) -> Path:
        """Copy it to a folder that does not exist yet, complete or not at all; ``load_found`` reads it.

        The runs that were given up are not kept.

        Raises
        ------
        TrainingError
            If the folder exists, or the disk refuses.
        """
        target = expect_path(folder, TrainingError, "a folder for what a search found")
        if target.exists():
            raise TrainingError(explain(f"a search was to be saved to {target}", "it exists", "a new folder"))
        staging = draft_of(target)
        try:
            _write(self, staging)
            staging.replace(target)
            sync_folders(target.parent, ())
        except OSError as error:
            got = f"the disk refused ({error.strerror or error})"
            raise TrainingError(explain(f"a search was to be saved to {target}", got)) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)  # it is there only if something went wrong
        return target

    def __repr__(self) -> str:
        tried = ", ".join(f"{value:.4f}" for value in self.values)
        again = ", trained once more on train and val" if self.runs != self.judged else ""
        what = f"the mean of {len(self.runs)} runs of {len(self.plans)} of them{again}"
        return f"Found(best {self.job.metric} on val of each plan: {tried}; {what}; the best:\n{self.plan!r})"


def _mean(runs: tuple[Run, ...], seeds: SeedTable) -> Predictions:
    if len(runs) == 1:
        return runs[0].predict(seeds)
    _check_mean(runs)

    def mean(some: SeedTable) -> AnyArray:
        return np.asarray(np.mean([run.predict(some).values for run in runs], axis=0))

    return Predictions(seeds, mean, runs[0].target)


def _check_mean(runs: tuple[Run, ...]) -> None:
    if len(runs) > 1 and runs[0].target.task_type == "ranking":
        do = "Take found.best.predict(seeds)"
        raise TrainingError(explain("a mean of rankings was asked for", "there is none", do=do))


def _write(found: Found, folder: Path) -> None:
    """The runs and what says which is which; without a refit those that val judged are these themselves."""
    folder.mkdir(parents=True)
    again = found.judged if found.judged != found.runs else ()
    names: dict[str, list[str]] = {"runs": [], "judged": []}
    for kind, runs in (("runs", found.runs), ("judged", again)):
        for place, run in enumerate(runs):
            names[kind].append(f"{'run' if kind == 'runs' else 'judged'} {place}")
            run.save(folder / names[kind][-1])
    values = list(found.values)
    write_json(folder / FOUND, {"format": FORMAT, "job": found.job.to_dict(), "values": values, **names})
    sync_folders(folder, ())


def load_found(folder: str | Path, parts: Any = None, *, task: Any = None) -> Found:
    """Load what a search found and :meth:`Found.save` wrote.

    Parameters
    ----------
    folder : of :meth:`Found.save`
    parts : Parts, or anything with ``dataset``, ``graph`` and ``features`` (an engine)
        None opens the store that the runs were trained on, where it was then.
    task : Task or None  None rebuilds the one that was saved

    Raises
    ------
    TrainingError
        If the folder holds none, or one that is damaged or does not fit the store.
    """
    path = expect_path(folder, TrainingError, "the folder of what a search found")
    said = read_json(path / FOUND)
    try:
        if said["format"] != FORMAT:
            raise ValueError(f"format {said['format']!r}, not {FORMAT}")
        job = TrainingJob.from_dict(said["job"])
        job.check()
        values = tuple(float(value) for value in said["values"])
        names = {kind: [str(name) for name in said[kind]] for kind in ("runs", "judged")}
        if not names["runs"]:
            raise ValueError("it names no runs")
    except (KeyError, TypeError, ValueError, PlanError) as error:
        got = f"{FOUND} is malformed ({error})"
        raise TrainingError(explain(f"a search was loaded from {path}", got, do="Search again")) from error
    shared = None if parts is None else Parts.of(parts)
    loaded: dict[str, tuple[Run, ...]] = {}
    for kind, some in names.items():
        runs = []
        for name in some:
            runs.append(load_run(path / name, shared, task=task))
            shared, task = runs[0].parts, runs[0].task  # opened and built once
        loaded[kind] = tuple(runs)
    return Found(job, loaded["runs"], loaded["judged"] or loaded["runs"], (), values)
