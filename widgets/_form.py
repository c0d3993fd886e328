"""Form: a step of Workbench as fields, buttons, and what came of it. It knows nothing of what it is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, sayable, script, style
from widgets._job import Ticket
from widgets._table_page import table_page
from widgets._text_picture import lines_svg

LONGEST = 20_000
"""Characters of text that a form shows; a name may have a million."""


@dataclass(frozen=True)
class Field:
    """A field: a line of text, an ``area`` of several, a ``number``, or a choice among ``options``."""

    name: str
    label: str
    value: str = ""
    kind: str = "text"
    hint: str = ""
    options: tuple[str, ...] = ()


class Form(Face):
    """A step: fields, buttons, and what came of it.

    Parameters
    ----------
    title, note : str
    fields : sequence of Field
    actions : name -> label of a button; Enter in a line is the first
    act : called with the name of an action and the texts of the fields, in the thread of the message
    stop : called when Cancel is pressed

    Attributes
    ----------
    values : dict  what the fields say: as they were when a button was last pressed
    text : str  what came of it
    table : pyarrow.Table or None  shown in pieces
    """

    handles: ClassVar[tuple[str, ...]] = ("act", "cancel", "page")
    _esm = script("form.js")
    _css = style()

    def __init__(
        self,
        title: str,
        note: str,
        fields: tuple[Field, ...],
        actions: Mapping[str, str],
        act: Callable[[str, dict[str, str]], None],
        stop: Callable[[], None],
    ) -> None:
        super().__init__()
        self.title, self.note, self.fields, self.actions = title, note, fields, actions
        self._act, self._stop = act, stop
        self.values = {field.name: field.value for field in fields}
        self.text, self.table, self.start = "", None, 0
        self.busy: Ticket | None = None
        self.locked, self.mark = False, None
        self.publish()

    def put(self, **changes: Any) -> None:
        """Set attributes, and show them; an error that was shown before is gone."""
        with self._lock:
            self.error, self.mark = "", None
            for name, value in changes.items():
                setattr(self, name, value)
            self.publish()

    def offer(self, **choices: tuple[str, ...]) -> None:
        """Set what may be chosen in some fields; what was chosen stays where it is still there."""
        fields = [replace(f, options=choices.get(f.name, f.options)) for f in self.fields]
        with self._lock:
            self.fields = tuple(fields)
            for name, options in choices.items():
                if self.values[name] not in options:
                    self.values[name] = next(iter(options), "")
            self.publish()

    def wait_for(self, busy: Ticket | None, locked: bool) -> None:
        """Show a call that is under way, this step's own or (``locked``) another one's."""
        with self._lock:
            self.busy, self.locked = busy, locked
            self.publish()

    def show_error(self, error: Exception) -> None:
        """Show an error, and mark the word of the query that it is about."""
        self.mark = getattr(error, "place", None)
        super().show_error(error)

    def press(self, action: str, **values: str) -> None:
        """What a click does: some fields are filled in, and a button is pressed.

        Raises
        ------
        WorkbenchError
            If there is no such button or field.
        """
        unknown = [name for name in values if name not in self.values]
        if action not in self.actions or unknown:
            allowed = f"{', '.join(self.actions)}; fields {', '.join(self.values)}"
            raise wb.WorkbenchError(
                f"{action!r} with {values!r} was asked of {self.title!r}. Allowed: {allowed}."
            )
        with self._lock:
            self.values |= {name: str(value) for name, value in values.items()}
            self.error, self.mark = "", None
        self._act(action, dict(self.values))
        self.publish()

    def on_act(self, action: str, values: dict[str, str]) -> None:
        """A view pressed a button."""
        self.press(action, **values)

    def on_cancel(self) -> None:
        """A view's Cancel button was pressed."""
        self._stop()

    def on_page(self, start: int) -> None:
        """A view asked for another piece of the table."""
        self.put(start=start)

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """Everything that is shown."""
        meta: dict[str, Any] = {"title": self.title, "note": self.note, "locked": self.locked}
        meta["text"] = sayable(self.text, LONGEST)
        meta["fields"] = [{**asdict(field), "value": self.values[field.name]} for field in self.fields]
        meta["actions"] = list(self.actions.items())
        meta["mark"] = None if self.mark is None else list(self.mark)
        busy = self.busy
        meta["busy"] = None if busy is None else {"label": busy.label, "fraction": busy.fraction}
        meta["table"] = None if self.table is None else table_page(self.table, self.start)
        return meta, {}

    def still(self) -> tuple[str, str]:
        """The title and the text."""
        lines = [self.title, *self.text.split("\n")][:40]
        return lines_svg(lines), f"{self.title}: {self.text[:400]}"
