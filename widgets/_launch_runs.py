"""RunStep: trainings of a task, those kept, those loaded, and what they are written as. No widget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import workbench as wb
from widgets._launch_data import go_on
from widgets._launch_inputs import named, there
from widgets._launch_kept import Kept
from widgets._launch_task import TaskStep


class RunStep(TaskStep):
    """Runs under the plan.

    Attributes
    ----------
    run : Run or None  the present one: the last that was trained or loaded
    kept : list of Kept  all of the task, the present one last
    """

    run: wb.Run | None = None
    kept: list[Kept]

    def train(self, callbacks: Sequence[wb.Callback] = (), look: Callable[[], None] = go_on) -> wb.Run:
        """Train under the plan, in the background."""
        plan, task = there(self.plan, "a training", "Ask a query first"), self.task
        self.free("another training")
        run = there(self.engine, "a training").train(task, plan, callbacks=callbacks)
        try:
            look()
        except Exception:
            run.cancel()
            raise
        self._present(Kept(run))
        super()._planned()
        self.steps.trained()
        return run

    def load(self, folder: str, look: Callable[[], None] = go_on) -> wb.Run:
        """Open a run that was saved; its task and its plan are the present ones then.

        Raises
        ------
        TrainingError
            If there is none, it does not fit the dataset, or its task cannot be rebuilt.
        """
        self.free("another run")
        place = named(folder, wb.TrainingError, "the folder of a run")
        run = there(self.engine, "a run", "Ingest the tables first").load_run(place)
        if not isinstance(run.task, wb.Task):
            do = "Load it in Python: engine.load_run(folder, task=task)"
            raise wb.TrainingError(f"a run was loaded from {place}: it holds no query to ask again. {do}.")
        look()
        others = self.kept if self.task is not None and self.task.to_dict() == run.task.to_dict() else []
        self._asked(run.task, run.plan)
        self.kept = others
        self._present(Kept(run, place, len(run.history)))
        self.steps.loaded(place)
        return run

    def save(self, folder: str) -> Path:
        """Keep the run in a folder that does not exist yet."""
        run = self.ended("a run to save")
        place = named(folder, wb.TrainingError, "a folder for the run")
        saved: Path = run.save(place)
        unfinished = run.state == "cancelled"
        if unfinished:
            self.kept[-1] = Kept(run, place, len(run.history))
        self.kept[-1].folder = self.kept[-1].folder or place
        self.steps.saved(place, unfinished=unfinished)
        return saved

    def compared(self) -> list[wb.Run]:
        """The runs of this task, to be shown beside one another.

        Raises
        ------
        WorkbenchError
            If there are not two.
        """
        runs = [kept.run for kept in self.kept]
        if len(runs) < 2:
            do = "Train once more, with another plan, or load one that was saved."
            raise wb.WorkbenchError(f"runs were to be compared: there is {len(runs)}. {do}")
        plan = there(self.run, "a run").plan
        others = ", ".join(kept.line(plan) for kept in self.kept[:-1])
        self.steps.looked("compare", [f"RunCompare([run.wait(), {others}])"])
        return runs

    @property
    def code(self) -> str:
        """The steps so far as Python."""
        note = self.kept[-1].note() if self.kept else ""
        return self.steps.code({"run": note} if note else {})

    def ended(self, asked: str) -> wb.Run:
        """The run, once it has ended."""
        self.free(asked)
        return there(self.run, asked, "Train first")

    def free(self, asked: str) -> None:
        """Refuse what would be pulled from under a training.

        Raises
        ------
        TrainingError
            If one is under way.
        """
        if self.run is not None and self.run.state == "running":
            raise wb.TrainingError(f"{asked} was asked for: a training is under way. Cancel it first.")

    def _present(self, kept: Kept) -> None:
        self.kept, self.run = [*self.kept, kept], kept.run
        self._forget_run()

    def _forget_task(self) -> None:
        self.run, self.kept = None, []
        self._forget_run()

    def _forget_run(self) -> None:
        """What was made of the run before."""

    def _planned(self) -> None:
        if self.run is None:  # of a run that is there the plan is what it was trained under
            super()._planned()
