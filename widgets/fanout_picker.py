"""FanoutPicker: edit a fanout, see at once what a batch of it costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, script, style
from widgets._fanout_table import EDITS, FanoutTable
from widgets._history import History
from widgets._listeners import Listeners
from widgets._messages import take
from widgets._pilot import Pilot, budget, cost_facts, cost_picture
from widgets._pricing import Pricing
from widgets._refusals import needs

TYPING = 1.0
"""Seconds within which changes of one cell are one edit: a number being typed."""


class FanoutPicker(Face):
    """A table of hops and edge types over a plan's fanout; the cost is sampled from the task's seeds.

    Attributes
    ----------
    table : FanoutTable  as edited so far; ``table.form('PyG')`` is what can be copied
    fanout, plan : Fanout, ModelPlan  of that table
    cost : Profile or None  of a batch, with intervals; None until it is measured
    """

    handles: ClassVar[tuple[str, ...]] = ("edit", "fit", "copy")
    _esm = script("fanout_picker.js")
    _css = style()

    def __init__(self, engine: wb.Engine, task: wb.Task, plan: wb.ModelPlan) -> None:
        needs(plan, wb.ModelPlan, "FanoutPicker(engine, task, plan)", "Take engine.suggest_plan(task)")
        do = "Metapaths have no table of cells: print them, and change them with plan.replace(fanout=...)"
        needs(plan.fanout, wb.Fanout, "FanoutPicker(engine, task, plan) over plan.fanout", do)
        super().__init__()
        self._start, self._pilot = plan, Pilot(engine, task, plan.optimisation.batch_size)
        self._listeners, self._pricing = Listeners(), Pricing(self._pilot, self._price, self.show_error)
        self.cost: wb.Profile | None = None
        self._show(History(FanoutTable(engine.schema, task.entity_table, plan.fanout, plan.fanout)))

    @property
    def table(self) -> FanoutTable:
        """The fanout as a table."""
        return self._history.now

    @property
    def fanout(self) -> wb.Fanout:
        """The fanout as edited so far."""
        return self.table.fanout

    @property
    def plan(self) -> wb.ModelPlan:
        """The plan with the edited fanout."""
        return self._start.replace(fanout=self.fanout)

    def set(self, hop: int, edge_type: str, fanout: float | wb.Draw) -> None:
        """Change a cell to a number, which keeps the cell's options, a share or a draw; the cost follows."""
        self.edit(self.table.set(hop, edge_type, fanout))

    def edit(self, table: FanoutTable) -> None:
        """Replace the table: ``picker.edit(picker.table.deeper())``."""
        self._show(self._history.then(table))

    def undo(self) -> None:
        """Take back the last edit; nothing to take back changes nothing."""
        self._show(self._history.undone())

    def redo(self) -> None:
        """Make the edit again that was taken back last."""
        self._show(self._history.redone())

    def fit(self, **budget: Any) -> wb.Fit:
        """Take the widest fanout, in these proportions, within ``bytes=``, ``nodes=`` or ``ms=`` per batch.

        Raises
        ------
        FanoutError
            If not even the narrowest fits.
        """
        table = self.table
        found = self._pilot.fit(table.fanout, **budget)
        with self._lock:
            if table is self.table:  # the user may have edited on meanwhile
                self.edit(replace(table, fanout=found.fanout))
        return found

    def on_change(self, listener: Callable[[wb.Fanout], object]) -> Callable[[], None]:
        """Call ``listener(fanout)`` after every edit; what is returned stops that."""
        return self._listeners.add(listener)

    def wait(self, seconds: float = 60.0) -> FanoutPicker:
        """Wait until the cost of the present fanout is known (or failed: see ``error``)."""
        self._pricing.wait(seconds)
        return self

    def on_edit(self, how: str, **edit: Any) -> None:
        """A view edits the table; what is typed into one cell without a pause is one edit."""
        if how in ("undo", "redo"):
            getattr(self, how)()
        elif how in EDITS:
            cell, now = (edit.get("hop"), edit.get("edge_type")), time.monotonic()
            typing = how == "set" and cell == self._typed[0] and now - self._typed[1] < TYPING
            edited = self._history.then(take(getattr(self.table, how), edit), same_edit=typing)
            self._show(edited, (cell, now) if typing or edited is not self._history else (None, 0.0))
        else:
            raise wb.FanoutError(f"edit {how!r} of a fanout was asked for. Allowed: {', '.join(EDITS)}.")

    def on_fit(self, most: float, unit: str) -> None:
        """A view asked for the widest fanout within a budget: in the background, until the next edit."""
        self._pricing.fitting.begin(lambda check: self.fit(**budget(most, unit), callbacks=[check]))
        self.publish()

    def on_copy(self, form: str) -> None:
        """A view asked for a form of the fanout, to copy it."""
        self.send({"kind": "form", "form": form, "text": self.table.form(form)})

    def _show(self, history: History[FanoutTable], typed: tuple[object, float] = (None, 0.0)) -> None:
        with self._lock:
            self._history, self.cost, self.error, self._typed = history, None, "", typed
            self._pricing.submit(self.fanout)
            self.publish()
        self._listeners.tell(self.fanout)

    def _price(self, fanout: wb.Fanout, cost: wb.Profile) -> None:
        """Called in a thread: by now the user may have edited on."""
        with self._lock:
            if fanout == self.fanout:
                self.cost = cost
                self.publish()

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """The table, the choices and the cost."""
        meta = {**self.table.facts(), "undo": bool(self._history.past), "redo": bool(self._history.future)}
        meta["fitting"] = self._pricing.fitting.underway
        return {**meta, "cost": self.cost and cost_facts(self.cost, self.table.edge_types)}, {}

    def still(self) -> tuple[str, str]:
        """Expected edges per cell as bars, and the cost as text; waits a moment for a cost under way."""
        self.wait(1.0)
        return cost_picture(self.fanout, self.cost)
