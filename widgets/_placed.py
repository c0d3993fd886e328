"""A widget that leaves the page, and the saved notebook, once nothing shows it any more."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

import ipywidgets
import traitlets

from widgets._notebook import running_cell
from widgets._wire import listen_beside_cells

_CELLS: dict[str, tuple[str, WeakSet[Placed]]] = {}
"""Id of a cell -> its latest run, and the widgets that this run made or showed."""

_NOTING = threading.Lock()


class Placed(ipywidgets.DOMWidget):
    """Base of widgets whose model sleeps while no output has it, and wakes when it is shown again.

    JupyterLab saves the model of every widget that was ever made, so that a notebook would grow with each
    run of its cells. A model sleeps when every cell that made or showed the widget has run again, no view
    of it is left on the page, and it is in no other widget. The Python object does not change by it.
    """

    # The page counts the views of a model whose count is a number.
    _view_count = traitlets.Int(0, allow_none=True).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        self._lock = threading.RLock()
        self._asleep = self._held = False
        super().__init__(**state)
        if running_cell()[0]:
            self._note()

    @property
    def model_id(self) -> str:
        """Id of the model. Who asks for it puts this widget into another one, where it is to stay."""
        if self._asleep:
            self.open()
        self._held = True
        return str(super().model_id)

    def open(self) -> None:
        """Give the page a model of this widget, where it has none."""
        with self._lock:
            super().open()
            self._asleep = self._held = False
        listen_beside_cells(self.comm)

    def _note(self) -> None:
        """The running cell has this widget now, and no longer those of its run before."""
        cell, run = running_cell()
        with _NOTING:
            latest, here = _CELLS.get(cell, ("", WeakSet()))
            before: set[Placed] = set()
            if cell and run != latest:  # what is shown outside of cells is never replaced
                before, here = set(here), WeakSet()
            here.add(self)
            _CELLS[cell] = run, here
        for widget in before:
            widget._rest()

    @traitlets.observe("_view_count")
    def _rest(self, _change: object = None) -> None:
        """Sleep, where nothing shows this widget."""
        with _NOTING:
            shown = any(self in widgets for _, widgets in _CELLS.values())
        if shown or self._held or (self._view_count or 0) > 0 or self.comm is None:
            return
        with self._lock:  # nothing is being sent
            super().close()
            self.__dict__.pop("_repr_mimebundle_", None)  # set by close: it would show nothing any more
            self._asleep = True
        self._let_go(getattr(self, "children", ()))

    @traitlets.observe("children")
    def _replaced(self, change: Any) -> None:
        self._let_go(set(change.old or ()) - set(change.new))

    def _let_go(self, parts: Iterable[Placed]) -> None:
        """These are no longer in this widget."""
        for part in parts:
            part._held = False
            part._rest()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Show this widget in the running cell."""
        self._note()
        if self._asleep:
            self.open()
        held = self._held
        bundle = super()._repr_mimebundle_(**kwargs)
        self._held = held
        return bundle
