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
from widgets._listeners import Listeners
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
    picker : FanoutPicker or None  that adopted candidates are put into
    drawn : called with a sampling plan that was chosen in one of these widgets
    beside : called with the view of a subgraph that a check of cutoffs jumped into

    Attributes
    ----------
    made : dict action -> the widget that was made last
    """

    def __init__(
        self,
        launch: Launch,
        picker: FanoutPicker | None,
        drawn: Callable[[Any], None],
        beside: Callable[[SubgraphView], None],
    ) -> None:
        self.launch, self.picker, self._drawn, self._beside = launch, picker, drawn, beside
        self.made: dict[str, Face] = {}
        self._listeners = Listeners()

    def on_change(self, listener: Callable[[Any], object]) -> Callable[[], None]:
        """Call ``listener(fanout)`` whenever the plan samples another way; what is returned stops that."""
        return self._listeners.add(listener)

    def replanned(self, fanout: Any) -> None:
        """The plan samples another way, wherever that was chosen: a subgraph that is there follows."""
        self._listeners.tell(fanout)

    def close(self) -> None:
        """Take the picker away, and what was made: another query has its own, and these listen no more."""
        for each in (self.picker, *self.made.values()):
            if each is not None:
                each.close()
        self.made = {}

    def subgraph(self, values: Mapping[str, str], ticket: Ticket) -> Face:
        """The subgraph of some seeds, which follows the plan as it is edited."""
        return self._view(*self._sample(values, ticket))

    def _view(self, sample: wb.SampledSubgraph, code: str) -> SubgraphView:
        view = self.made.get("subgraph")
        if isinstance(view, SubgraphView):
            view.show(sample)
        else:
            view = SubgraphView(sample, self.launch.engine).follow(self)
        self._put("subgraph", view, code, "SubgraphView(sample, engine)")
        return view

    def cutoffs(self, values: Mapping[str, str], ticket: Ticket) -> Face:
        """When the edges of that subgraph happened, around the anchor; a jump shows one in the subgraph."""
        sample, code = self._sample(values, ticket)
        made = CutoffCheck(sample, self.launch.engine)
        made.on_jump(lambda subgraph, offender: self._jumped(subgraph, code, offender))
        return self._put("cutoffs", made, code, "CutoffCheck(sample, engine)")

    def _jumped(self, subgraph: wb.SampledSubgraph, code: str, offender: Mapping[str, Any]) -> None:
        """Show the subgraph of an edge, with the cursor on its source: in a view that opens only now, too."""
        view = self._view(subgraph, code)
        view.edit(view.scene, view.scene.place(offender["source"], offender["src"], offender["seed"]))
        self._beside(view)

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
