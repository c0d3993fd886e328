"""TaskStep: a query, the plan that is suggested for it, and the seeds that one looks at. No widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import workbench as wb
from widgets._launch_data import DataStep, go_on
from widgets._launch_inputs import there, typed_keys


class TaskStep(DataStep):
    """A task over the dataset, and a plan for it.

    Attributes
    ----------
    task, plan : None until there is a query
    suggested : ModelPlan or None  the plan as it was before any choice
    """

    task: wb.Task | None = None
    plan: wb.ModelPlan | None = None
    suggested: wb.ModelPlan | None = None

    def ask(self, query: str, *, look: Callable[[], None] = go_on, **options: Any) -> wb.Task:
        """Ask a predictive query; a plan is suggested for it."""
        self.free("another query")
        engine = there(self.engine, "a query", "Ingest the tables first")
        task = engine.task(query, **options)
        plan = engine.suggest_plan(task)
        look()
        self._asked(task, plan)
        self.steps.asked(query, options)
        return task

    def choose(self, **changes: Any) -> wb.ModelPlan:
        """Change choices of the plan; those that are as they were change nothing."""
        plan = there(self.plan, "a plan", "Ask a query first")
        now = plan.choices()
        changes = {name: value for name, value in changes.items() if name not in now or now[name] != value}
        self.plan = plan.replace(**changes) if changes else plan
        self._planned()
        return self.plan

    def seeds(
        self, split: str = "", at: str = "", entities: str = "", most: int | None = None
    ) -> wb.SeedTable:
        """Whom to predict for, or to look at; see :meth:`whom`."""
        return self.whom(split, at, entities, most)[0]

    def whom(
        self, split: str = "", at: str = "", entities: str = "", most: int | None = None
    ) -> tuple[wb.SeedTable, str]:
        """Seeds, and the same as Python.

        Parameters
        ----------
        split : ``train``, ``val`` or ``test``; empty: those at an instant
        at : an instant; empty for a static task
        entities : keys with commas between them, in quotes where they hold one; empty: all that exist
        most : the first so many; None: all

        Raises
        ------
        TaskError
            If there are none, or both a split and an instant are named.
        """
        task = there(self.task, "a seed", "Ask a query first")
        if split and at:
            do = f"Ask for an instant, without a split, to have it at {at}; or leave the instant empty"
            raise wb.TaskError(
                f"seeds of {split} at {at} were asked for: a split has anchors of its own. {do}."
            )
        keys = typed_keys(entities, there(self.engine, "keys").keys(task.entity_table).type)
        if split:
            seeds, code = task.seeds(split), f"task.seeds({split!r})"
            if keys is not None:
                rows = [i for i, key in enumerate(seeds.key.to_pylist()) if key in set(keys)][:most]
                seeds, code, most = seeds[rows], f"{code}[{rows}]", None
        else:
            seeds = task.seeds(at=at or None, entities=keys)
            told = [*([f"at={at!r}"] if at else []), *([f"entities={keys!r}"] if keys is not None else [])]
            code = f"task.seeds({', '.join(told)})"
        if not len(seeds):
            got = f"{split or at or 'the task'} has none" + (f" of {entities}" if entities.strip() else "")
            raise wb.TaskError(f"seeds were asked for: {got}. Choose another split, or other keys.")
        return (seeds, code) if most is None else (seeds[:most], f"{code}[:{most}]")

    def _asked(self, task: wb.Task | None, plan: wb.ModelPlan | None) -> None:
        self.task, self.plan, self.suggested = task, plan, plan
        self._forget_task()

    def _forget_data(self) -> None:
        self._asked(None, None)

    def _forget_task(self) -> None:
        """What later steps made of the task before."""

    def _planned(self) -> None:
        self.steps.planned(there(self.suggested, "a plan").diff(there(self.plan, "a plan")))
