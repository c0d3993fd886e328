"""FanoutPicker: edit a fanout, see at once what a batch of it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, needs, script, style
from widgets._fanout_table import FanoutTable
from widgets._pilot import pilot_seeds

FEW, MOST_NODES = 4, 1_000_000
"""A few seeds go first: a fanout of which all would draw more nodes than this is costed on them alone."""


class FanoutPicker(Face):
    """A table of hops and edge types over a plan's fanout.

    Parameters
    ----------
    engine : Engine
    task : Task  whose seeds are sampled for the cost
    plan : ModelPlan

    Attributes
    ----------
    fanout : Fanout  as edited so far
    plan : ModelPlan  with that fanout
    cost : Cost or None  of a batch; None until it is measured
    """

    handles: ClassVar[tuple[str, ...]] = ("set", "hops", "strategy", "reset")
    _esm = script("fanout_picker.js")
    _css = style()

    def __init__(self, engine: wb.Engine, task: wb.Task, plan: wb.ModelPlan) -> None:
        needs(plan, wb.ModelPlan, "FanoutPicker(engine, task, plan)", "Take engine.suggest_plan(task)")
        do = "Metapaths have no table of cells: print them, and change them with plan.replace(fanout=...)"
        needs(plan.fanout, wb.Fanout, "FanoutPicker(engine, task, plan) over plan.fanout", do)
        super().__init__()
        self._engine, self._task, self._start = engine, task, plan
        self._pilot: wb.SeedTable | None = None
        self._listeners: list[Callable[[wb.Fanout], None]] = []
        self.table = FanoutTable(engine.schema, task.entity_table, plan.fanout)
        self.cost: wb.Cost | None = None
        self._change(self.table)

    @property
    def fanout(self) -> wb.Fanout:
        """The fanout as edited so far."""
        return self.table.fanout

    @property
    def plan(self) -> wb.ModelPlan:
        """The plan with the edited fanout."""
        return self._start.replace(fanout=self.fanout)

    def set(self, hop: int, edge_type: str, fanout: float | wb.Draw) -> None:
        """Change one cell to a number, a share or a draw; a number keeps the options that the cell has.

        The cost follows in the background (``wait`` for it).
        """
        self._change(self.table.set(hop, edge_type, fanout))

    def on_change(self, listener: Callable[[wb.Fanout], None]) -> None:
        """Call ``listener(fanout)`` after every edit."""
        self._listeners.append(listener)

    def wait(self, seconds: float = 60.0) -> FanoutPicker:
        """Wait until the cost of the present fanout is known (or failed: see ``error``)."""
        self.worker.wait(seconds)
        return self

    def pilot(self) -> wb.SeedTable:
        """The seeds that are sampled: see :func:`pilot_seeds`."""
        if self._pilot is None:
            batch_size = self._start.optimisation.batch_size
            self._pilot = pilot_seeds(self._task, self.fanout.disjoint, batch_size)
        return self._pilot

    def on_set(self, hop: int, edge_type: str, fanout: float) -> None:
        """A view changed a cell."""
        self.set(hop, edge_type, fanout)

    def on_hops(self, more: bool) -> None:
        """A view asked for one hop more, or one less."""
        self._change(self.table.deeper() if more else self.table.shallower())

    def on_strategy(self, strategy: str) -> None:
        """A view chose how neighbours are drawn; the plan's own way brings its weight or half-life."""
        own = self._start.fanout
        needed = {"weight": own.weight, "half_life": own.half_life} if strategy == own.strategy else {}
        self._change(self.table.with_strategy(strategy, **needed))

    def on_reset(self) -> None:
        """A view asked for the plan's own fanout."""
        self._change(FanoutTable(self._engine.schema, self._task.entity_table, self._start.fanout))

    def _change(self, table: FanoutTable) -> None:
        with self._lock:
            self.table, self.cost, self.error = table, None, ""
            self.publish()
        self.worker.submit(lambda: self._measure(table.fanout))
        for listener in self._listeners:
            listener(table.fanout)

    def _measure(self, fanout: wb.Fanout) -> None:
        """Runs in the worker: by the time it ends the user may have edited on."""
        batch_size, seeds = self._start.optimisation.batch_size, self.pilot()
        cost = self._engine.cost(seeds[:FEW], fanout, batch_size=batch_size)
        if len(seeds) > FEW and cost.nodes / batch_size * len(seeds) <= MOST_NODES:
            cost = self._engine.cost(seeds, fanout, batch_size=batch_size)
        with self._lock:
            if fanout == self.fanout:
                self.cost = cost
                self.publish()

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """The table, the strategy and the cost."""
        meta: dict[str, Any] = {
            "seed_type": self.table.seed_type,
            "hops": self.fanout.hops_deep,
            "rows": self.table.rows(),
            "strategy": self.fanout.strategy,
            "strategies": list(dict.fromkeys(["uniform", "recent", self._start.fanout.strategy])),
            "choices": self.fanout.lines()[0],
            "cost": None,
        }
        if self.cost is not None:
            names = ("batch_size", "nodes", "edges", "feature_bytes", "milliseconds")
            meta["cost"] = {name: float(getattr(self.cost, name)) for name in names}
            meta["cost"]["cells"] = {f"{hop}|{e}": round(n) for (hop, e), n in self.cost.cells.items()}
        return meta, {}

    def still(self) -> tuple[str, str]:
        """Expected edges per cell as bars, and the cost as text; waits a moment for a cost under way."""
        self.worker.wait(1.0)
        line = f"{self.fanout!r}" + (f"; {self.cost}" if self.cost else "")
        cells = self.cost.cells if self.cost else {}
        bars = {f"hop {hop}: {e}": n for (hop, e), n in cells.items()}
        return wb.bars_svg(bars, title="edges per batch", width=620), line
