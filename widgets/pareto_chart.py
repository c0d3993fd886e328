"""ParetoChart: what candidate fanouts cost and what they are worth; a click adopts one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, script, style
from widgets._candidates import (
    COSTS,
    candidates_of,
    candidates_of_runs,
    counted,
    front,
    known_points,
    measured,
    unmeasured,
)
from widgets._coverage import coverage
from widgets._listeners import Listeners
from widgets._messages import item
from widgets._pilot import pilot_seeds
from widgets._refusals import needs

BATCHES, PILOT, PATIENCE = 4, 32, 3.0
"""Batches per candidate for its cost, seeds of one anchor for its coverage, seconds that a still waits."""


class ParetoChart(Face):
    """Cost against coverage, or the metric of runs; candidates that no other beats are joined.

    Parameters
    ----------
    engine : Engine
    task : Task  whose training seeds are sampled
    plan : ModelPlan
    candidates : fanouts, or None: the plan's own, from an eighth to four times as wide
    runs : runs, whose fanouts are the candidates then, worth their best validation metric

    Attributes
    ----------
    candidates : list of Candidate  measured in the background (``wait``)
    fanout : Fanout or Metapaths  the one adopted last; the plan's own at first
    plan : ModelPlan  with that fanout
    """

    handles: ClassVar[tuple[str, ...]] = ("adopt", "cost")
    _esm = script("bars.js", "plane.js", "pareto_chart.js")
    _css = style()

    def __init__(
        self,
        engine: wb.Engine,
        task: wb.Task,
        plan: wb.ModelPlan,
        candidates: Iterable[Any] | None = None,
        *,
        runs: Iterable[wb.Run] = (),
    ) -> None:
        needs(plan, wb.ModelPlan, "ParetoChart(engine, task, plan)", "Take engine.suggest_plan(task)")
        super().__init__()
        self._engine, self._task, self._start = engine, task, plan
        self._runs = list(runs)
        self.candidates = candidates_of_runs(self._runs) if self._runs else candidates_of(plan, candidates)
        self.fanout, self.measure = plan.fanout, "nodes"
        self._listeners = Listeners()
        self.publish()
        self.worker.submit(self._measure)

    @property
    def plan(self) -> wb.ModelPlan:
        """The plan with the adopted fanout."""
        return self._start.replace(fanout=self.fanout)

    def adopt(self, candidate: int) -> None:
        """Take the fanout of a candidate, counted from 0, and tell listeners; an IdError refuses others."""
        adopted = item(self.candidates, candidate, "candidate")
        with self._lock:
            self.fanout, self.error = adopted.fanout, ""
            self.publish()
        self._listeners.tell(self.fanout)

    def cost(self, measure: str) -> None:
        """Draw another cost: ``nodes``, ``bytes`` or ``milliseconds``; a WorkbenchError refuses any other."""
        if measure not in COSTS:
            raise wb.WorkbenchError(f"cost {measure!r} was asked for. Allowed: {', '.join(COSTS)}.")
        with self._lock:
            self.measure, self.error = measure, ""
            self.publish()

    def on_change(self, listener: Callable[[Any], object]) -> Callable[[], None]:
        """Call ``listener(fanout)`` whenever one is adopted; what is returned stops that."""
        return self._listeners.add(listener)

    def wait(self, seconds: float = 60.0) -> ParetoChart:
        """Wait until every candidate is measured (or one failed: see ``error``)."""
        self.worker.wait(seconds)
        return self

    def on_adopt(self, candidate: int) -> None:
        """A view's point was clicked."""
        self.adopt(candidate)

    def on_cost(self, measure: str) -> None:
        """A view chose another cost."""
        self.cost(measure)

    def _measure(self) -> None:
        """Runs in the worker: points appear one after the other."""
        seeds, size = self._task.seeds("train"), self._start.optimisation.batch_size
        for place, candidate in enumerate(self.candidates):
            try:
                profile = self._engine.profile(seeds, candidate.fanout, batch_size=size, batches=BATCHES)
                pilot = pilot_seeds(self._task, candidate.fanout.disjoint, PILOT)
                worth = None if self._runs else coverage(self._engine.graph, pilot, candidate.fanout)
            except wb.WorkbenchError as error:  # shown: one that is too wide leaves the others a point
                self.show_error(error)
                continue
            with self._lock:
                self.candidates[place] = measured(candidate, profile, worth)
                self.publish()

    @property
    def worth(self) -> str:
        """What candidates are worth, in words."""
        return f"best validation {self._start.metric}" if self._runs else "share of visible neighbours drawn"

    def front(self) -> list[int]:
        """Places of the candidates that no other beats under the present cost."""
        return front(self.candidates, self.measure, not self._runs or self._start.higher_is_better)

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """The points that are known, what joins them, and the adopted one."""
        points = known_points(self.candidates, self.measure)
        adopted = [i for i, each in enumerate(self.candidates) if each.fanout == self.fanout]
        meta = {"points": points, "front": self.front(), "of": len(self.candidates), "worth": self.worth}
        costs = {name: text for name, (text, _) in COSTS.items()}
        return {**meta, "costs": costs, "cost": self.measure, "adopted": [*adopted, -1][0]}, {}

    def still(self) -> tuple[str, str]:
        """Numbered points and a list of them; waits :data:`PATIENCE` for what is being measured."""
        done, cost = self.worker.wait(PATIENCE), COSTS[self.measure][0]
        points, missing = known_points(self.candidates, self.measure), unmeasured(self.candidates, done)
        line = f"{counted(self.candidates, done)}: {self.worth} against {cost}; adopted {self.fanout!r}"
        return wb.candidates_svg(points, self.front(), self.worth, cost, missing), line
