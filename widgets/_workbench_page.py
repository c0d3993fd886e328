"""Page: which widgets of Workbench are in sight, from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets
import pyarrow as pa

from widgets._base import Face
from widgets._form import Form
from widgets._launch import Launch
from widgets._placed import Placed

BESIDE = "beside"
"""The panel below the one that was asked for: where that one jumped to."""


class Fold(Placed, ipywidgets.Accordion):
    """Widgets that are to be unfolded."""


class Page:
    """The widgets of the steps that were reached; what is seldom needed is to be unfolded.

    Parameters
    ----------
    forms : dict name -> Form

    Attributes
    ----------
    panels : dict name of a form -> the widget that was asked for there; and one :data:`BESIDE` it
    """

    def __init__(self, forms: Mapping[str, Form]) -> None:
        self.forms = forms
        self.panels: dict[str, Face] = {}
        self._folds: dict[tuple[str, ...], Any] = {}

    def shown(self, launch: Launch, schema_view: Any, picker: Any, monitor: Any) -> tuple[Any, ...]:
        """What is in sight now."""
        forms, tables = self.forms, launch.tables
        shown: list[Any] = [schema_view]
        if tables is not None:
            edits = ("flat", "edit") if len(tables) == 1 else ("edit",)
            shown += [self._fold(*edits), forms["data"]]
        if launch.engine is not None:
            shown += [forms["query"]]
        if launch.task is not None:
            shown += [picker, forms["plan"], forms["look"], self.panels.get("look"), self.panels.get(BESIDE)]
        if launch.run is not None:
            shown += [monitor, forms["predict"], self.panels.get("predict")]
        if launch.engine is not None:
            shown += [self._fold("runs"), self.panels.get("runs")]
        return (*(each for each in shown if each is not None), forms["code"])

    def tell(self, name: str, told: Any, notes: list[str]) -> None:
        """What came of a button: a widget, a table or a text, with the warnings meanwhile."""
        if isinstance(told, Face):
            self.drop(name)
            self.panels[name] = told
        shown = {"table": told, "start": 0} if isinstance(told, pa.Table) else {}
        self.forms[name].put(text="\n".join([*([told] if isinstance(told, str) else []), *notes]), **shown)

    def drop(self, name: str) -> None:
        """Take the panel of a form out of sight; what is looked at stays open, as it may be shown again."""
        old = self.panels.pop(name, None)
        if name == "look":
            self.panels.pop(BESIDE, None)
        elif old is not None:
            old.close()

    def clear(self) -> None:
        """Take all of them out of sight."""
        for name in list(self.panels):
            self.drop(name)

    def _fold(self, *names: str) -> Any:
        if names not in self._folds:
            titles = tuple(self.forms[name].title for name in names)
            fold = Fold(children=[self.forms[name] for name in names], titles=titles)
            fold.selected_index = (
                0 if names[0] == "flat" else None
            )  # one table is no graph: this is what comes next
            self._folds[names] = fold
        return self._folds[names]
