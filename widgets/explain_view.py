"""ExplainView: the columns and neighbours behind a prediction, or what counts for a cohort."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, script, style
from widgets._explain_bars import (
    MOST,
    explanation_groups,
    explanation_title,
    importance_groups,
    importance_title,
)
from widgets._listeners import Listeners
from widgets._messages import item
from widgets._refusals import one_argument
from widgets._schema_facts import short


class ExplainView(Face):
    """Bars of what moved a prediction; a click on a neighbour sends it on.

    Parameters
    ----------
    what : Explanation or Importance  of ``run.explain(seeds)`` or ``run.importance("val")``
    more : nothing; what to say instead of run and seeds is said instead of a bare TypeError

    Attributes
    ----------
    what : Explanation or Importance
    seed : int  the seed that is shown, of an explanation
    picked : dict or None  the neighbour that was picked last: a row of ``Explanation.neighbours``

    Raises
    ------
    WorkbenchError
        If it is neither.
    """

    handles: ClassVar[tuple[str, ...]] = ("choose", "pick")
    _esm = script("bars.js", "bar_groups.js")
    _css = style()

    def __init__(self, what: wb.Explanation | wb.Importance, *more: object) -> None:
        do = "Say ExplainView(run.explain(seeds)) or ExplainView(run.importance('val'))"
        one_argument(more, "ExplainView", "an Explanation or an Importance", do)
        if not isinstance(what, wb.Explanation | wb.Importance):
            got = type(what).__name__
            raise wb.WorkbenchError(
                f"an ExplainView was asked for: got a {got}. Allowed: an Explanation or an Importance. {do}."
            )
        super().__init__()
        self.what = what
        self._listeners = Listeners()
        self.choose(0)

    def choose(self, seed: int) -> None:
        """Show another seed of the explanation, counted from 0.

        Raises
        ------
        TrainingError
            If there is no such seed.
        """
        one = self.what[seed] if isinstance(self.what, wb.Explanation) else None
        with self._lock:
            self._one, self.seed, self.error = one, seed, ""
            self.picked: dict[str, Any] | None = None
            self._near = [] if one is None else one.neighbours.slice(0, MOST).to_pylist()
            self.publish()

    def pick(self, neighbour: int) -> dict[str, Any]:
        """Send a neighbour on, counted from 0 as they are shown.

        Returns
        -------
        dict
            A row of ``Explanation.neighbours``.

        Raises
        ------
        IdError
            If no such neighbour is shown.
        """
        found: dict[str, Any] = item(self._near, neighbour, "neighbour")
        with self._lock:
            self.picked, self.error = found, ""
            self.publish()
        self._listeners.tell(found)
        return found

    def on_neighbour(self, listener: Callable[[dict[str, Any]], object]) -> Callable[[], None]:
        """Call ``listener(neighbour)`` at a pick; what is returned stops that.

        ``lambda n: view.point_at(n["node_type"], n["node_id"], n["seed"])`` moves a SubgraphView's cursor.
        """
        return self._listeners.add(listener)

    def on_choose(self, place: int) -> None:
        """A view chose another seed."""
        self.choose(place)

    def on_pick(self, place: int) -> None:
        """A view's neighbour was clicked."""
        self.pick(place)

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """The seeds to choose from, and bars in groups."""
        what = self.what
        names = [short(key) for key in what.seeds.key.to_pylist()] if isinstance(what, wb.Explanation) else []
        picked = self._near.index(self.picked) if self.picked in self._near else -1
        meta: dict[str, Any] = {"widget": "explain", "title": self.title(), "caption": "", "what": "seed"}
        meta |= {"choices": names, "chosen": self.seed, "picked": picked, "groups": self._groups()}
        return meta, {}

    def title(self) -> str:
        """One line: what was predicted for whom, from where; of a cohort the metric."""
        if isinstance(self.what, wb.Importance):
            return importance_title(self.what)
        return explanation_title(self._one)

    def still(self) -> tuple[str, str]:
        """The largest columns as bars, and the title."""
        rows = self._groups()[0 if isinstance(self.what, wb.Importance) else 1]["rows"]
        bars = {row[0]: float(row[1]) for row in rows[:12]}
        return wb.bars_svg(bars, title="what moved it, by column", width=620), self.title()

    def _groups(self) -> list[dict[str, Any]]:
        if isinstance(self.what, wb.Importance):
            return importance_groups(self.what)
        return explanation_groups(self._one, self._near)
