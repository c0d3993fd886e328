"""What one may look at before a training: widgets that are made when they are asked for, over one task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import workbench as wb
from widgets._base import Face
from widgets._job import Ticket
from widgets._launch import Launch
from widgets._launch_code import replaced
from widgets._launch_inputs import number, there
from widgets.batch_inspector import BatchInspector
from widgets.cutoff_check import CutoffCheck
from widgets.fanout_picker import FanoutPicker
from widgets.metapath_picker import MetapathPicker
from widgets.pareto_chart import ParetoChart
from widgets.subgraph_view import SubgraphView

LOOKS = {
    "subgraph": "a subgraph",
    "cutoffs": "a check of cutoffs",
    "batches": "a batch",
    "metapaths": "metapaths",
    "candidates": "candidates",
}
"""Action -> what is under way meanwhile."""


class Looks:
    """Widgets over the plan of a launch; each action takes the texts of its form and its ticket.

    Parameters
    ----------
    launch : Launch  with a task
    picker : FanoutPicker or None  that subgraphs follow, and adopted candidates are put into
    drawn : called with a sampling plan that was chosen in one of these widgets

    Attributes
    ----------
    made : dict action -> the widget that was made last
    """

    def __init__(self, launch: Launch, picker: FanoutPicker | None, drawn: Callable[[Any], None]) -> None:
        self.launch, self.picker, self._drawn = launch, picker, drawn
        self.made: dict[str, Face] = {}

    def subgraph(self, values: Mapping[str, str], ticket: Ticket) -> Face:
        """The subgraph of some seeds, which follows the plan as it is edited."""
        sample, code = self._sample(values, ticket)
        view = self.made.get("subgraph")
        if isinstance(view, SubgraphView):
            view.show(sample)
        else:
            view = SubgraphView(sample, self.launch.engine)
            for source in (self.picker, self.made.get("metapaths")):
                if isinstance(source, FanoutPicker | MetapathPicker):
                    view.follow(source)
        return self._put("subgraph", view, code, "SubgraphView(sample, engine)")

    def cutoffs(self, values: Mapping[str, str], ticket: Ticket) -> Face:
        """When the edges of that subgraph happened, around the anchor."""
        sample, code = self._sample(values, ticket)
        made = CutoffCheck(sample, self.launch.engine)
        return self._put("cutoffs", made, code, "CutoffCheck(sample, engine)")

    def batches(self, _values: Mapping[str, str], ticket: Ticket) -> Face:
        """The batches of the run; before there is one, those that it will draw."""
        engine, run, task, plan = self.launch.engine, self.launch.run, self.launch.task, self.launch.plan
        made = BatchInspector(engine, task, plan) if run is None else BatchInspector(engine, run)
        ticket.look()
        return self._put("batches", made, f"BatchInspector(engine, {'task, plan' if run is None else 'run'})")

    def metapaths(self, _values: Mapping[str, str], _ticket: Ticket) -> Face:
        """Metapaths to be built; as soon as there are some, the plan samples along them."""
        if "metapaths" not in self.made:
            made = MetapathPicker(self.launch.engine, there(self.launch.task, "a metapath"), self.launch.plan)
            made.on_change(self._drawn)
            view = self.made.get("subgraph")
            if isinstance(view, SubgraphView):
                view.follow(made)
            self.made["metapaths"] = made
        return self.made["metapaths"]

    def candidates(self, _values: Mapping[str, str], _ticket: Ticket) -> Face:
        """Narrower and wider fanouts, what they cost and cover; one that is adopted is the plan's."""
        launch = self.launch
        made = ParetoChart(there(launch.engine, "candidates"), launch.task, launch.plan)
        made.on_change(self._adopt)
        return self._put("candidates", made, f"ParetoChart(engine, task, {self._plan()})")

    def _adopt(self, fanout: Any) -> None:
        if self.picker is not None and isinstance(fanout, wb.Fanout):
            self.picker.edit(replace(self.picker.table, fanout=fanout))  # which tells that it was edited
        else:
            self._drawn(fanout)

    def _sample(self, values: Mapping[str, str], ticket: Ticket) -> tuple[wb.SampledSubgraph, str]:
        most, plan = number(values["most"]), there(self.launch.plan, "a subgraph")
        if not isinstance(most, int) or most < 1:
            got = repr(values["most"])
            raise wb.WorkbenchError(f"some seeds were to be looked at: got {got}. Allowed: a number above 0.")
        seeds, code = self.launch.whom(values["split"], "", values["entities"], most)
        sample = there(self.launch.engine, "a subgraph").sample(seeds, plan.fanout)
        ticket.look()
        return sample, f"sample = engine.sample({code}, {self._plan()}.fanout)"

    def _plan(self) -> str:
        """The present plan as the code writes it: after a training it may be another than the run's."""
        launch = self.launch
        return "plan" if launch.run is None else replaced(launch.run.plan.diff(launch.plan))

    def _put(self, name: str, made: Face, *lines: str) -> Face:
        old = self.made.get(name)
        if old is not None and old is not made:
            old.close()
        self.made[name] = made
        self.launch.steps.looked(name, lines)
        return made
