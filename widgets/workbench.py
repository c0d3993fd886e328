"""Workbench: from tables to predictions by clicking; the widgets of each step, and the same as Python."""

from __future__ import annotations

from typing import Any

import ipywidgets

import workbench as wb
from widgets._base import with_still
from widgets._job import Job
from widgets._launch import Launch
from widgets._launch_query import first_query
from widgets._placed import Placed
from widgets._workbench_acts import LABELS, Acts
from widgets._workbench_edits import choices_of
from widgets._workbench_forms import NO_QUERY, PLAN, forms_of
from widgets._workbench_looks import LOOKS, Looks
from widgets._workbench_page import BESIDE, Page
from widgets.fanout_picker import FanoutPicker
from widgets.run_monitor import RunMonitor
from widgets.schema_view import SchemaView


class Workbench(Placed, ipywidgets.VBox):
    """Schema, query, plan, training and predictions, one below the other.

    Parameters
    ----------
    source : Engine, path of a dataset, or anything that ``wb.read_tables`` reads
    schema : Schema or None  of the tables; None: what ``wb.infer_schema`` says

    Attributes
    ----------
    launch : Launch  what has been chosen and made so far; works without a notebook
    forms : dict name -> Form  of :data:`TITLES`; ``press`` is a click
    schema_view, picker, monitor : the other widgets that are composed; no picker before a query
    page, job : Page, Job  what is in sight, of it ``page.panels`` what was asked for; and what is under way
    """

    def __init__(self, source: Any, schema: wb.Schema | None = None) -> None:
        super().__init__(layout=ipywidgets.Layout(grid_gap="8px"))
        self.launch, self._asking = Launch(source, schema), "data"
        self.job = Job(self._changed, self._failed)
        self.forms = forms_of(self._act, self.job.stop)
        self.schema_view = SchemaView(self.launch.engine or self.launch.schema)
        self.picker: FanoutPicker | None = None
        self.monitor, self.page = RunMonitor(shows_itself=False), Page(self.forms)
        self._acts = Acts(self.launch, (self.monitor, self._heard))
        self._looks = Looks(self.launch, None, self._replanned, self._jumped)
        self._edited()

    @property
    def code(self) -> str:
        """The steps so far as Python."""
        return self.launch.code

    def wait(self, seconds: float = 600.0) -> Workbench:
        """Wait for what is under way in the background, but not for a training."""
        self.job.wait(seconds)
        return self

    def _begin(self) -> None:
        self.schema_view.show(self.launch.engine or self.launch.schema)
        query, form = first_query(self.launch.schema, self.launch.engine), self.forms["query"]
        if not form.values["query"]:
            form.put(values={**form.values, "query": query}, text="" if query else NO_QUERY)
        self._show()

    def _show(self) -> None:
        """The widgets of the steps that were reached, from top to bottom, and the code so far."""
        self.forms["code"].put(text=self.launch.code)
        self.children = self.page.shown(self.launch, self.schema_view, self.picker, self.monitor)

    def _act(self, name: str, action: str, values: dict[str, str]) -> None:
        """A button: its work in the background, then what it says, then what follows for other steps."""
        if action == "hide":
            self.page.drop(name)
            return self._show()
        work = getattr(self._looks if action in LOOKS else self._acts, action)
        follows = {"flat": self._edited, "edit": self._edited, "data": self._begin, "query": self._asked}
        follows |= {"plan": self._trained, **({"runs": self._loaded} if action == "load" else {})}

        def then(told: Any, notes: list[str]) -> None:
            self.page.tell(name, told, notes)
            follows.get(name, self._show)()

        asking, self._asking = self._asking, name
        try:
            self.job.start((LABELS | LOOKS)[action], lambda ticket: work(values, ticket), then)
        except wb.WorkbenchError:  # another one is under way: that stays in sight
            self._asking = asking
            raise

    def _edited(self) -> None:
        for name, choices in choices_of(self.launch, self._acts.entities).items():
            self.forms[name].offer(**choices)
        self.forms["data"].put(text=repr(self.launch.schema))  # and why, and where it was in doubt
        self._begin()

    def _asked(self) -> None:
        launch, plan, self.picker = self.launch, self.launch.choose(), None
        if isinstance(plan.fanout, wb.Fanout):  # metapaths have no table of cells
            self.picker = FanoutPicker(launch.engine, launch.task, plan)
            self.picker.on_change(self._replanned)
        self._looks.close()
        self._looks = Looks(launch, self.picker, self._replanned, self._jumped)
        self.forms["plan"].put(text=repr(plan), values={n: f"{plan.choices()[n]:g}" for n in PLAN})
        self.page.clear()
        self._show()

    def _replanned(self, fanout: Any) -> None:
        self.forms["plan"].put(text=repr(self.launch.choose(fanout=fanout)))
        self.forms["code"].put(text=self.launch.code)
        self._looks.replanned(fanout)

    def _jumped(self, view: Any) -> None:
        self.page.panels[BESIDE] = view
        self._show()

    def _trained(self) -> None:
        self.forms["predict"].put(text="", table=None)
        self.page.drop("predict")
        self._show()

    def _loaded(self) -> None:
        self.monitor.close()
        self.monitor = RunMonitor(self.launch.run, shows_itself=False)
        self._acts.listeners = (self.monitor, self._heard)
        self._asked()
        self._trained()

    def _heard(self, event: wb.Event) -> None:
        if isinstance(event, wb.RunDone):
            self.forms["predict"].put(text=f"The run is {event.state}.")
            self.forms["plan"].put()  # that a training is under way is no longer true
            self.forms["code"].put(text=self.launch.code)

    def _changed(self) -> None:
        ticket = self.job.ticket
        for name, form in self.forms.items():
            form.wait_for(ticket if name == self._asking else None, ticket is not None)

    def _failed(self, error: Exception) -> None:
        self.forms[self._asking].show_error(error)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        picture, line = self.schema_view.still()
        return with_still(super()._repr_mimebundle_(**kwargs), picture, f"Workbench. {line}")
