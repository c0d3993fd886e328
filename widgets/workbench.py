"""Workbench: from tables to predictions by clicking; the widgets of each step, and the same as Python."""

from __future__ import annotations

from typing import Any

import ipywidgets
import pyarrow as pa

import workbench as wb
from widgets._base import with_still
from widgets._job import Job
from widgets._launch import Launch
from widgets._launch_inputs import first_query
from widgets._workbench_acts import LABELS, Acts
from widgets._workbench_forms import PLAN, forms_of
from widgets.fanout_picker import FanoutPicker
from widgets.run_monitor import RunMonitor
from widgets.schema_view import SchemaView


class Workbench(ipywidgets.VBox):
    """Schema, query, plan, training and predictions, one below the other.

    Parameters
    ----------
    source : Engine, path of a dataset, or anything that ``wb.read_tables`` reads
    schema : Schema or None  of the tables; None: what ``wb.infer_schema`` says

    Attributes
    ----------
    launch : Launch  what has been chosen and made so far; works without a notebook
    forms : dict name -> Form  ``data``, ``query``, ``plan``, ``predict`` and ``code``; ``press`` is a click
    schema_view, picker, monitor : the other widgets that are composed; no picker before a query
    job : Job  what is under way in the background
    """

    def __init__(self, source: Any, schema: wb.Schema | None = None) -> None:
        super().__init__(layout=ipywidgets.Layout(grid_gap="8px"))
        self.launch = Launch(source, schema)
        self.job = Job(self._changed, self._failed)
        self.forms = forms_of(self._act, self.job.stop)
        self.schema_view = SchemaView(self.launch.engine or self.launch.schema)
        self.picker: FanoutPicker | None = None
        self.monitor = RunMonitor(shows_itself=False)
        self._asking = "data"
        self.forms["data"].put(text=repr(self.launch.schema))  # and why, and where it was in doubt
        self._begin()

    @property
    def code(self) -> str:
        """The steps so far as Python."""
        return self.launch.code

    def wait(self, seconds: float = 600.0) -> Workbench:
        """Wait for what is under way in the background, but not for a training."""
        self.job.wait(seconds)
        return self

    def _begin(self) -> None:
        query = first_query(self.launch.schema, self.launch.engine)
        if not self.forms["query"].values["query"]:
            self.forms["query"].put(values={**self.forms["query"].values, "query": query})
        self._show()

    def _show(self) -> None:
        """The widgets of the steps that were reached, from top to bottom, and the code so far."""
        launch, forms = self.launch, self.forms
        shown: list[Any] = [self.schema_view]
        shown += [forms["data"]] if launch.tables is not None else []
        shown += [forms["query"]] if launch.engine is not None else []
        shown += [self.picker] if self.picker is not None and launch.task is not None else []
        shown += [forms["plan"]] if launch.task is not None else []
        shown += [self.monitor, forms["predict"]] if launch.run is not None else []
        forms["code"].put(text=launch.code)
        self.children = (*shown, forms["code"])

    def _act(self, name: str, action: str, values: dict[str, str]) -> None:
        """A button: its work in the background, then what it says, then what follows for other steps."""
        work = getattr(Acts(self.launch, self._fanout, (self.monitor, self._heard)), action)

        def then(told: Any, notes: list[str]) -> None:
            shown = {"table": told, "start": 0} if isinstance(told, pa.Table) else {}
            self.forms[name].put(text="\n".join([*([] if shown else [told]), *notes]), **shown)
            {"data": self._opened, "query": self._asked, "plan": self._trained}.get(name, self._show)()

        asking, self._asking = self._asking, name
        try:
            self.job.start(LABELS[action], lambda ticket: work(values, ticket), then)
        except wb.WorkbenchError:  # another one is under way: that stays in sight
            self._asking = asking
            raise

    def _opened(self) -> None:
        self.schema_view.show(self.launch.engine)
        self._begin()

    def _asked(self) -> None:
        launch = self.launch
        self.picker = FanoutPicker(launch.engine, launch.task, launch.plan)
        self.picker.on_change(self._drawn)
        choices = launch.choose().choices()
        values = {name: f"{choices[name]:g}" for name in PLAN}
        self.forms["plan"].put(text=repr(launch.plan), values=values)
        self._show()

    def _fanout(self) -> Any:
        return self.launch.choose().fanout if self.picker is None else self.picker.fanout

    def _drawn(self, fanout: wb.Fanout) -> None:
        self.forms["plan"].put(text=repr(self.launch.choose(fanout=fanout)))

    def _trained(self) -> None:
        self.forms["predict"].put(text="", table=None)
        self._show()

    def _heard(self, event: wb.Event) -> None:
        if isinstance(event, wb.RunDone):
            self.forms["predict"].put(text=f"The run is {event.state}.")
            self.forms["plan"].put()  # that a training is under way is no longer true

    def _changed(self) -> None:
        ticket = self.job.ticket
        for name, form in self.forms.items():
            form.wait_for(ticket if name == self._asking else None, ticket is not None)

    def _failed(self, error: Exception) -> None:
        self.forms[self._asking].show_error(error)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        picture, line = self.schema_view.still()
        return with_still(super()._repr_mimebundle_(**kwargs), picture, f"Workbench. {line}")
