"""The folder of a run: what is written when, and reading it back."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import StoreError, TrainingError, WorkbenchError, expect_path, explain
from workbench.events import EpochDone
from workbench.models.statistics import Statistics
from workbench.plan.model_plan import ModelPlan
from workbench.schema import Schema
from workbench.stores.durable import sync_file, sync_folders
from workbench.stores.key_map import KeyMap
from workbench.training.checkpoint import WEIGHTS, draft_of, read_json, write_json
from workbench.training.identity import (
    candidate_keys,
    category_values,
    check_fits,
    dataset_hash,
    package_versions,
    schema_hash,
)
from workbench.training.online import Terms
from workbench.training.parts import Parts
from workbench.training.target import Target

if TYPE_CHECKING:
    from workbench.training.underway import Underway

FORMAT = 1


@dataclass(frozen=True)
class SavedRun:
    """What a run folder says.

    Attributes
    ----------
    plan, statistics, schema : as they were trained
    values : dict ``'table.column'`` -> values of its category codes
    candidates : str  names the rows that are ranked, in their order; empty: none, or not known
    seed_type, model, key, state : as they were
    target : Target
    made_with : dict package -> version, and the dataset's hash; empty if that is not known
    history : tuple of EpochDone
    dataset : str  where the store was that the run was trained on; empty if that is not known
    task_dict : what the task was built from
    terms : on what terms entities are asked about, where that is nothing
    """

    plan: ModelPlan
    statistics: Statistics
    schema: Schema
    values: Mapping[str, list[str]]
    seed_type: str
    model: str
    builtin: bool
    key: int
    state: str
    history: tuple[EpochDone, ...]
    dataset: str
    target: Target
    made_with: Mapping[str, str]
    dataset_hash: str
    task_dict: Mapping[str, Any] | None
    candidates: str = ""
    terms: Terms | None = None

    def check_builtin(self) -> None:
        """Refuse to guess a user's model.

        Raises
        ------
        TrainingError
        """
        if not self.builtin:
            raise TrainingError(
                explain(
                    "a run was loaded",
                    f"its model is {self.model}, a class of yours, and runs hold no code",
                    do=f"Pass one: load_run(folder, ..., model={self.model}(...))",
                )
            )

    def check_fits(self, parts: Parts) -> None:
        """Refuse a store in which the model would read something else: see ``identity.check_fits``."""
        check_fits(parts, self.statistics, self.schema, self.values, self.target, self.candidates)

    def parts(self) -> Parts:
        """Open the store that the run was trained on.

        Raises
        ------
        TrainingError
            If it is no longer where it was.
        """
        try:
            if not self.dataset:
                raise StoreError("its folder does not say which one that is")
            return Parts.open(self.dataset)
        except StoreError as error:
            got = str(error)
            do = "Pass the store where it is now: load_run(folder, wb.open(path))"
            asked = "a run was loaded with the store that it was trained on"
            raise TrainingError(explain(asked, got, do=do)) from error

    def task(self, parts: Parts) -> Any:
        """The task that was trained, rebuilt on this store; None if it cannot be rebuilt from values."""
        if self.task_dict is None:
            return None
        from workbench.query.task import Task

        return Task.from_dict(parts.dataset, self.task_dict)


TEMPORARY = "workbench-run-"
"""How the names of folders begin that nobody chose."""


def new_folder(folder: str | Path | None) -> Path:
    """An empty folder for a run; with None a temporary one, which goes when the process ends.

    Raises
    ------
    TrainingError
        If it holds something already, or cannot be made.
    """
    if folder is None:
        path = Path(tempfile.mkdtemp(prefix=TEMPORARY))
        atexit.register(_remove, path, os.getpid())
        return path
    path = expect_path(folder, TrainingError, "a folder for a run")
    try:
        path.mkdir(parents=True, exist_ok=True)
        occupied = any(path.iterdir())
    except OSError as error:
        raise TrainingError(explain(f"a run in {path}", f"the folder cannot be used ({error})")) from error
    if occupied:
        raise TrainingError(explain(f"a run in {path}", "the folder is not empty", "a new or empty folder"))
    return path


def copy_folder(source: Path, target: Path, *, replace: bool = False) -> None:
    """Copy a run's folder to a new place, or over another run, complete or not at all.

    Raises
    ------
    TrainingError
        If the target exists, or is no run where one is replaced, or the disk refuses; nothing is left behind.
    """
    asked = f"a run was to be saved to {target}"
    if target.exists() and not replace:
        do = "Say replace=True to put it in the place of the run that is there"
        raise TrainingError(explain(asked, "it exists", "a new folder", do))
    if target.exists() and not (target / "plan.json").exists():
        raise TrainingError(explain(asked, "what lies there is no run", "a new folder, or that of a run"))
    staging, old = draft_of(target), draft_of(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, staging, copy_function=_copy_file)
        staging.chmod(0o755)  # a temporary folder is its owner's only
        sync_folders(staging, ())
        if target.exists():
            target.replace(old)
        staging.replace(target)
        sync_folders(target.parent, ())
    except OSError as error:
        do = "Free some space, or choose another place"
        raise TrainingError(explain(asked, f"the disk refused ({error.strerror or error})", do=do)) from error
    finally:
        if old.exists() and not target.exists():
            old.replace(target)
        for folder in (staging, old):
            shutil.rmtree(folder, ignore_errors=True)  # staging is there only if something went wrong


def _copy_file(source: str, target: str) -> None:
    """Copy a file, on disk when the call returns."""
    shutil.copy2(source, target)
    sync_file(Path(target))


def _remove(folder: Path, owner: int) -> None:
    """A forked child runs the same exit handlers, and must leave its parent's folders alone."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def write_identity(run: Underway) -> None:
    """Write what the run is made of, before its first step: weights never lie there without it."""
    write_json(run.folder / "plan.json", run.plan.to_dict())
    write_json(run.folder / "statistics.json", run.statistics.to_dict())
    write_json(
        run.folder / "categories.json",
        {
            "format": FORMAT,
            "values": category_values(run.parts, run.statistics),
            "candidates": candidate_keys(run.parts, run.target),
        },
    )
    if run.past is not None:
        run.past.save(run.folder, KeyMap.open(run.parts.dataset, run.seed_type))
    write_run(run)


def write_run(run: Underway) -> None:
    """Write how the run stands; after every epoch and at the end."""
    schema = run.parts.schema
    write_json(
        run.folder / "run.json",
        {
            "format": FORMAT,
            "state": run.state,
            "key": run.key,
            "seed_type": run.seed_type,
            "model": type(run.model).__name__,
            "builtin": run.builtin,
            "target": run.target.to_dict(),
            "versions": package_versions(),
            "dataset_hash": dataset_hash(run.parts.dataset),
            "schema_hash": schema_hash(schema),
            "schema": schema.to_dict(),
            "dataset": str(run.parts.dataset.path.resolve()),
            "snapshot": run.parts.graph.snapshot,
            "task": run.task.to_dict() if hasattr(run.task, "to_dict") else None,
            "terms": None if run.terms is None else asdict(run.terms),
            "history": [asdict(event) for event in run.history],
        },
    )


def run_identity(folder: Path, parts: Parts) -> str:
    """Names what a run computes over a store: its weights, its plan, its key, and every byte of the store.

    Raises
    ------
    OSError
        If a file of the folder cannot be read.
    """
    found = hashlib.sha256()
    for name in (WEIGHTS, "plan.json", "statistics.json"):
        found.update((folder / name).read_bytes())
    key = read_json(folder / "run.json")["key"]
    found.update(repr((key, parts.graph.snapshot, dataset_hash(parts.dataset))).encode())
    return found.hexdigest()


def read_run(folder: Path) -> SavedRun:
    """Read a run folder, all but its weights.

    Raises
    ------
    TrainingError
        If a file is missing, damaged or of another format.
    """
    plan = read_json(folder / "plan.json")
    statistics = read_json(folder / "statistics.json")
    categories = read_json(folder / "categories.json")
    run = read_json(folder / "run.json")
    _check_format(folder, run, categories)
    try:
        model_plan, fitted = ModelPlan.from_dict(plan), Statistics.from_dict(statistics)
        # Run folders of older versions hold tasks of one number only, and say no target.
        target = run.get("target") or Target.of(model_plan, None, fitted.target).to_dict()
        # A run that was killed never said how it ended.
        state = "killed" if run["state"] == "running" else str(run["state"])
        return SavedRun(
            plan=model_plan,
            statistics=fitted,
            target=Target.from_dict(target),
            made_with=dict(run.get("versions", {})),
            dataset_hash=str(run.get("dataset_hash", "")),
            schema=Schema.from_dict(run["schema"]),
            values=dict(categories["values"]),
            seed_type=str(run["seed_type"]),
            model=str(run["model"]),
            builtin=bool(run["builtin"]),
            key=int(run["key"]),
            state=state,
            history=tuple(EpochDone(**event) for event in run["history"]),
            dataset=str(run.get("dataset", "")),  # run folders of older versions do not say
            task_dict=run["task"],
            candidates=str(categories.get("candidates", "")),
            terms=Terms.read(run.get("terms")),
        )
    except (KeyError, TypeError, ValueError, WorkbenchError) as error:
        raise TrainingError(
            explain(f"a run was loaded from {folder}", f"it is malformed ({error})", do="Train again")
        ) from error


def _check_format(folder: Path, *files: Any) -> None:
    """Refuse a folder that another version wrote, before it is taken for a damaged one."""
    formats = [file.get("format") if isinstance(file, dict) else None for file in files]
    later = [number for number in formats if isinstance(number, int) and number > FORMAT]
    if later:
        got, do = f"its format is {max(later)}", "Load it with the version that wrote it, or train again"
        raise TrainingError(explain(f"a run was loaded from {folder}", got, f"format {FORMAT}", do))
    if any(number != FORMAT for number in formats):
        got = f"it is malformed (format {formats[0]!r}, not {FORMAT})"
        raise TrainingError(explain(f"a run was loaded from {folder}", got, do="Train again"))
