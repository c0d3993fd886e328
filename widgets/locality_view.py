"""LocalityView: how batches read feature rows: pages by order, cache hits, hot rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, script, style
from widgets._hot_rows import HotRows, hot_rows
from widgets._listeners import Listeners
from widgets._locality_bars import MOST, locality_caption, locality_groups, locality_title
from widgets._messages import item
from widgets._refusals import needs
from widgets._schema_facts import short


class LocalityView(Face):
    """Replays batches of a plan, in the background, and says how they read each table.

    Parameters
    ----------
    engine : Engine
    task : Task  whose training batches are replayed
    plan : ModelPlan
    batches : int  replayed

    Attributes
    ----------
    locality : Locality or None  pages by order, as ``engine.features.locality`` counts them
    hot : dict table -> HotRows
    table : str or None  the one that is shown
    picked : (table, row) or None  the hot row that was picked last
    """

    handles: ClassVar[tuple[str, ...]] = ("choose", "pick")
    _esm = script("bars.js", "bar_groups.js")
    _css = style()

    def __init__(self, engine: wb.Engine, task: wb.Task, plan: wb.ModelPlan, *, batches: int = 8) -> None:
        needs(plan, wb.ModelPlan, "LocalityView(engine, task, plan)", "Take engine.suggest_plan(task)")
        super().__init__()
        self._engine, self._task, self._plan, self._batches = engine, task, plan, batches
        self._listeners = Listeners()
        self.locality: wb.Locality | None = None
        self.hot: dict[str, HotRows] = {}
        self.table: str | None = None
        self.picked: tuple[str, int] | None = None
        self.publish()
        self.worker.submit(self._measure)

    def wait(self, seconds: float = 60.0) -> LocalityView:
        """Wait until the batches are replayed (or that failed: see ``error``)."""
        self.worker.wait(seconds)
        return self

    def choose(self, table: str) -> None:
        """Show another table.

        Raises
        ------
        SchemaError
            If the batches read no such table.
        """
        if table not in self.hot:
            allowed = ", ".join(map(short, self.hot))
            raise wb.SchemaError(f"{short(table)!r} was asked for. Allowed: {allowed}.")
        with self._lock:
            self.table, self.picked, self.error = table, None, ""
            self.publish()

    def pick(self, place: int) -> tuple[str, int]:
        """Send a hot row on, counted from 0 as they are shown: its table and id.

        Raises
        ------
        IdError
            If no such row is shown.
        """
        found = (self.table or "", item(self._hottest(), place, "hot row"))
        with self._lock:
            self.picked, self.error = found, ""
            self.publish()
        self._listeners.tell(*found)
        return found

    def on_row(self, listener: Callable[[str, int], object]) -> Callable[[], None]:
        """Call ``listener(table, row id)`` at a pick, as ``lambda *row: print(engine.row(*row))``."""
        return self._listeners.add(listener)

    def on_choose(self, place: int) -> None:
        """A view chose another table."""
        self.choose(item(list(self.hot), place, "table"))

    def on_pick(self, place: int) -> None:
        """A view's hot row was clicked."""
        self.pick(place)

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """The tables to choose from, and of one of them bars in groups."""
        tables, hot = list(self.hot), self.hot.get(self.table or "")
        meta: dict[str, Any] = {"widget": "locality", "title": self.title(), "what": "table"}
        meta |= {"choices": [short(name) for name in tables], "chosen": -1, "picked": -1}
        meta |= {"caption": "", "groups": []}
        if hot is not None and self.locality is not None:
            meta["chosen"] = tables.index(hot.table)
            meta["picked"] = self._hottest().index(self.picked[1]) if self.picked else -1
            meta["caption"] = locality_caption(self._engine, hot)
            meta["groups"] = locality_groups(self._engine, self.locality, hot)
        return meta, {}

    def title(self) -> str:
        """What batches touch, in one line."""
        if self.locality is not None:
            return locality_title(self.locality)
        return "not measured" if self.error else f"replaying {self._batches} batches"

    def still(self) -> tuple[str, str]:
        """Pages a batch by table as bars, and the title; waits a moment for what is being measured."""
        self.worker.wait(1.0)
        tables = () if self.locality is None else self.locality.tables
        return wb.bars_svg({t.table: t.now for t in tables}, title="pages a batch", width=620), self.title()

    def _hottest(self) -> list[int]:
        """Ids of the rows that are shown."""
        hot = self.hot.get(self.table or "")
        return [] if hot is None else hot.rows[:MOST].tolist()

    def _measure(self) -> None:
        """Runs in the worker."""
        seeds = self._task.seeds("train")
        found = self._engine.features.locality(self._plan, seeds, batches=self._batches)
        hot = hot_rows(self._engine, seeds, self._plan, self._batches)
        with self._lock:
            self.locality, self.hot = found, hot
            self.table = max(hot, key=lambda name: int(hot[name].reads.sum()), default=None)
            self.publish()
