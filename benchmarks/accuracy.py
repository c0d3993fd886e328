r"""How well do suggested plans predict? Test figures of published tasks, live and frozen, beside baselines.

    python benchmarks/accuracy.py --task driver-dnf --freeze              choose on val, write down the plan
    python benchmarks/accuracy.py --task driver-dnf --seeds 5 --json FILE test the plan that was frozen
    python benchmarks/accuracy.py --data FOLDER --query "PREDICT ..." --val DATE --test DATE \
        --metric auroc|mae --protocol live|frozen [--freeze]              the same of any other data

A task is an entry of ``_accuracy_tasks.py``, or ``cora`` or ``citeseer`` under the public split; without
``--task`` all of them are measured. What ``--freeze`` chooses between is what ``suggest_plan`` proposes, as
it is: the best on val go into ``accuracy_plans.json`` with a hash, and test runs on these alone. A figure is
the mean over keys, each a search of its own that averages what the chosen configurations say; its interval
is that of a bootstrap over the test rows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from _accuracy_frozen import FILE, freeze, frozen_plan
from _accuracy_planetoid import SETS
from _accuracy_planetoid import measure as measure_split
from _accuracy_protocol import PROTOCOLS, SHARED, data_folder, shared, task_of, visibility
from _accuracy_tasks import TASKS, Entry
from _report import BenchReport, arguments

import workbench as wb
from workbench.errors import WorkbenchError
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.training.baselines import baselines
from workbench.training.found import Found
from workbench.training.metrics import metric
from workbench.training.refit import refit
from workbench.training.search import search
from workbench.types import AnyArray

RESAMPLES = 500
"""Of the bootstrap."""

LEVELS = (0.025, 0.975)
"""Of the interval."""


@dataclass(frozen=True)
class Case:
    """A task under a protocol, on data that are open."""

    name: str
    entry: Entry
    protocol: str
    engine: wb.Engine
    plans: Path

    @property
    def title(self) -> str:
        """Name of the case."""
        return f"{self.name}-{self.protocol}"

    @property
    def task(self) -> Any:
        """Its task, made anew."""
        return task_of(self.engine, self.entry, self.protocol)


def choose(case: Case, seeds: int, quick: bool) -> None:
    """Search on val through what is suggested, and write down what won."""
    task = case.task
    plan = suggested(case, task, quick)
    found = search(case.engine, task, plan, keys=tuple(range(seeds)), refit=False)
    best = found.plans
    tried = tuple(tuple((name, pair[1]) for name, pair in best[0].diff(each).items()) for each in best[1:])
    job = replace(plan.job, candidates=tried, averaged=len(best))
    val = found.metrics("val")[plan.metric]
    told = freeze(case.name, replace(best[0], job=job), case.entry, case.protocol, val, case.plans)
    print(f"{case.title}: val {plan.metric} {val:.4f} ({visibility_of_val(case)}), frozen as {told[:12]}")


def suggested(case: Case, task: Any, quick: bool) -> ModelPlan:
    """What ``suggest_plan`` proposes; small for a quick look at whether all of this runs."""
    plan: ModelPlan = case.engine.suggest_plan(getattr(task, "late", task))
    return plan.replace(channels=8, epochs=1, max_steps=3, candidates=(), averaged=1) if quick else plan


def visibility_of_val(case: Case) -> str:
    """What seeds of val see."""
    return visibility(replace(case.entry, test=case.entry.val), case.protocol)


def measure(report: BenchReport, case: Case, seeds: int) -> None:
    """Test a frozen plan under several keys, and the baselines of the same run."""
    plan, task = frozen_plan(case.name, case.entry, case.protocol, case.plans), case.task
    name, seen, test = case.entry.metric, visibility(case.entry, case.protocol), task.seeds("test")
    told = []
    for key in range(1, seeds + 1):
        found = search(case.engine, task, plan, keys=(key,), refit=False)
        told.append(predicted(case, found, test))
        reached, val = score(name, task.task_type, test.label, told[-1]), found.metrics("val")[plan.metric]
        print(f"{case.title}, key {key}: val {val:.4f}, test {name} {reached:.4f} ({seen})", flush=True)
    rivals = baselines(case.engine.parts, task, plan)
    beside = {kind: rival.scores["test"][name] for kind, rival in rivals.items()}
    value = float(np.mean([score(name, task.task_type, test.label, each) for each in told]))
    low, high = interval(name, task.task_type, np.asarray(test.label), told)
    average = score(name, task.task_type, test.label, np.mean(told, axis=0))
    more = {"low": low, "high": high, "keys": seeds, "keys_averaged": average, "visibility": seen}
    more |= {"rows": len(test), **beside, "published": case.entry.published}
    ratio = value / beside["boosting"]
    more |= {"less_is_better": True} if name == "mae" else {}
    report.add(f"{case.title}: test {name}", value, name, reference="gradient boosting", ratio=ratio, **more)


def predicted(case: Case, found: Found, test: SeedTable) -> AnyArray:
    """The mean of what the judged runs say of test, trained once more where the plan asks for it.

    By the day when test begins all windows of val are over, and its seeds saw up to their anchors: a frozen
    task learns from them as such.
    """
    runs = list(found.judged)
    if found.job.refit:
        again = getattr(case.task, "late", None)
        runs = [refit(run, task=again, callbacks=[]).wait() for run in runs]
    return np.asarray(np.mean([run.predict(test).values for run in runs], axis=0))


def score(name: str, task_type: str, label: Any, values: AnyArray) -> float:
    """A metric of predictions."""
    return float(metric(name, task_type, np.asarray(label, np.float64), values))


def interval(name: str, task_type: str, label: AnyArray, told: list[AnyArray]) -> tuple[float, float]:
    """Bootstrap interval, over test rows, of the mean over keys; resamples of one class are drawn again."""
    generator = np.random.default_rng(0)
    found: list[float] = []
    while len(found) < RESAMPLES:
        rows = generator.integers(0, len(label), len(label))
        values = [score(name, task_type, label[rows], each[rows]) for each in told]
        if np.isfinite(values).all():
            found.append(float(np.mean(values)))
    low, high = np.quantile(found, LEVELS)
    return float(low), float(high)


def entries(options: argparse.Namespace) -> dict[str, Entry]:
    """The tasks that were asked for, by name."""
    if options.data is None:
        return {name: entry for name, entry in TASKS.items() if name in (options.task or TASKS)}
    lacking = [name for name in ("query", "val", "test") if getattr(options, name) is None]
    if lacking:
        sys.exit(f"--data also needs {', '.join('--' + name for name in lacking)}")
    own = Entry(str(options.data), options.query, options.val, options.test, options.metric, options.windows)
    return {options.data.name: own}


def parser() -> argparse.ArgumentParser:
    """The options of this program."""
    found = arguments(__doc__.splitlines()[0])
    found.add_argument("--task", nargs="+", choices=[*TASKS, *SETS], help="default: all")
    found.add_argument("--seeds", type=int, default=5, help="keys that a figure is the mean over")
    found.add_argument("--protocol", choices=PROTOCOLS, help="default: both")
    found.add_argument("--freeze", action="store_true", help="choose the plan on val and write it down")
    found.add_argument("--plans", type=Path, default=FILE, help="file of frozen plans")
    found.add_argument("--data", type=Path, help="folder of Parquet files, for a query of your own")
    found.add_argument("--query", help="a predictive query over them")
    found.add_argument("--val", help="date: val begins")
    found.add_argument("--test", help="date: test begins")
    found.add_argument("--windows", type=int, help="anchors of val and of test, at most")
    found.add_argument("--metric", choices=("auroc", "mae"), default="auroc")
    return found


def main(given: list[str] | None = None) -> None:
    """Choose on val, or test what was chosen."""
    options = parser().parse_args(given)
    report, seeds = BenchReport("accuracy"), 2 if options.quick else options.seeds
    if options.task is None and options.data is None and not SHARED.is_dir():
        print(f"there is no {SHARED}: nothing is measured")
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, entry in entries(options).items():
            engine = opened(entry, Path(folder))
            for protocol in [options.protocol] if options.protocol else PROTOCOLS:
                run_case(report, Case(name, entry, protocol, engine, options.plans), options, seeds)
        for name in [] if options.freeze or options.data else options.task or SETS:
            if name in SETS:
                measure_split(report, name, shared("planetoid"), Path(folder) / name, seeds, options.quick)
    if not options.freeze:
        report.finish(options.json)


def run_case(report: BenchReport, case: Case, options: argparse.Namespace, seeds: int) -> None:
    """Choose or test; what is refused ends the program with its reason."""
    try:
        if options.freeze:
            choose(case, min(seeds, 2), options.quick)
        else:
            measure(report, case, seeds)
    except WorkbenchError as error:
        sys.exit(f"{case.title}: {error}")


def opened(entry: Entry, folder: Path) -> wb.Engine:
    """The data of an entry, ingested once."""
    source = data_folder(entry)
    store = folder / source.as_posix().strip("/").replace("/", "_")
    if not store.exists():
        tables = wb.read_tables(str(source / "*.parquet"))
        wb.ingest(tables, wb.infer_schema(tables), store)
    return wb.open(store)


if __name__ == "__main__":
    main()
