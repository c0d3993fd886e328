"""MetapathPicker: metapaths built by clicking through a schema's drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, script, style
from widgets._history import History
from widgets._listeners import Listeners
from widgets._messages import item, take
from widgets._metapath_draft import MetapathDraft
from widgets._metapath_rows import metapath_rows
from widgets._schema_facts import schema_facts, schema_of, schema_picture, short

EDITS = ("go", "walk", "back", "set", "static", "select", "without")
"""Methods of the draft that a view may call."""


class MetapathPicker(Face):
    """A schema's drawing over a plan's metapaths: clicking a type walks one step of sampling further.

    Parameters
    ----------
    source : Engine or Schema
    task : Task or str  the seeds' task, or their node type
    plan : ModelPlan, Metapaths, Fanout or None
        What to begin with. Of a fanout the rules for the whole subgraph (mode, strict, ...) are kept.

    Attributes
    ----------
    draft : MetapathDraft  as edited so far; its methods are the edits: ``picker.edit(draft.walk(...))``
    metapaths : Metapaths  the value; may be set
    plan : ModelPlan  with that value
    """

    handles: ClassVar[tuple[str, ...]] = ("edit", "undo", "reset")
    _esm = script("schema_drawing.js", "metapath_picker.js")
    _css = style()

    def __init__(
        self,
        source: wb.Engine | wb.Schema,
        task: wb.Task | str,
        plan: wb.ModelPlan | wb.Metapaths | wb.Fanout | None = None,
    ) -> None:
        super().__init__()
        self._schema, self._graph = schema_of(source, "MetapathPicker(engine_or_schema, task, plan)")
        self._facts = schema_facts(self._schema, self._graph)
        self._plan = plan if isinstance(plan, wb.ModelPlan) else None
        seed_type = task if isinstance(task, str) else task.entity_table
        start = plan.fanout if isinstance(plan, wb.ModelPlan) else plan
        self._start = MetapathDraft.of(self._schema, seed_type, start)
        self._history = History(self._start)
        self._listeners = Listeners()
        self.publish()

    @property
    def draft(self) -> MetapathDraft:
        """What has been built so far."""
        return self._history.now

    @property
    def metapaths(self) -> wb.Metapaths:
        """The metapaths as edited so far.

        Raises
        ------
        FanoutError
            If there are none yet, or they are no plan.
        """
        return self.draft.value()

    @metapaths.setter
    def metapaths(self, value: wb.Metapaths) -> None:
        self.edit(MetapathDraft.of(self._schema, self.draft.seed_type, value))

    @property
    def plan(self) -> wb.ModelPlan:
        """The plan with the edited metapaths.

        Raises
        ------
        FanoutError
            If the picker was made without a plan.
        """
        if self._plan is None:
            do = "Say MetapathPicker(engine, task, plan)."
            raise wb.FanoutError(f"the plan of a picker was asked for: it was made without one. {do}")
        return self._plan.replace(fanout=self.metapaths)

    def edit(self, draft: MetapathDraft) -> None:
        """Replace the draft; what was there before can be brought back with :meth:`undo`."""
        with self._lock:
            self._show(self._history.then(draft))

    def undo(self) -> None:
        """Take back the last edit; nothing to take back changes nothing."""
        with self._lock:
            self._show(self._history.undone())

    def on_change(self, listener: Callable[[wb.Metapaths], object]) -> Callable[[], None]:
        """Call ``listener(metapaths)`` after every edit that leaves a plan; what is returned stops that."""
        return self._listeners.add(listener)

    def _show(self, history: History[MetapathDraft]) -> None:
        self._history, self.error = history, ""
        try:
            value = self.draft.value() if self.draft.paths else None
        except wb.FanoutError as error:  # shown: a draft on its way need not be a plan yet
            value, self.error = None, f"Not a plan yet. {error}"
        self.publish()
        if value is not None:
            self._listeners.tell(value)

    def on_edit(self, how: str, **edit: Any) -> None:
        """A view edits; types and edge types come as positions, since names may be anything."""
        if how not in EDITS:
            raise wb.FanoutError(f"edit {how!r} of metapaths was asked for. Allowed: {', '.join(EDITS)}.")
        named: dict[str, Any] = {}
        if "to" in edit:
            named["to"] = item(self._schema.node_types, edit.pop("to"), "table")
        if "edge_type" in edit:
            named["edge_type"] = item(self._schema.edge_types, edit.pop("edge_type"), "edge type")
        self.edit(take(getattr(self.draft, how), edit, **named))

    def on_undo(self) -> None:
        """A view takes back an edit."""
        self.undo()

    def on_reset(self) -> None:
        """A view asked for what the picker began with."""
        self.edit(self._start)

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """The drawing, the metapaths and where the next step may go."""
        valid = self.draft.paths and not self.error
        more = {"can_undo": bool(self._history.past), "text": self.metapaths.lines()[0] if valid else ""}
        return {**self._facts, **metapath_rows(self.draft), **more}, {}

    def still(self) -> tuple[str, str]:
        """The drawing with the lines of all metapaths bold, and the metapaths as text."""
        chosen = {e for path in self.draft.paths for e in path.check(self._schema)}
        line = f"Metapaths from {self.draft.seed_type}: {len(self.draft.paths)}" + "".join(
            f"; {short(path)}" for path in self.draft.paths
        )
        return schema_picture(self._schema, self._graph, tuple(chosen)), line
