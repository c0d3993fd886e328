"""SubgraphView: a sampled subgraph on hop rings; nodes are looked at, expanded, hidden and searched for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, script, style
from widgets._growth import resampled
from widgets._history import History
from widgets._listeners import Edited
from widgets._node_card import scene_card
from widgets._refusals import needs
from widgets._scene import Scene
from widgets._scene_facts import scene_facts, span, span_text, summary
from widgets.batch_inspector import BatchInspector


class SubgraphView(Face):
    """A picture of one subgraph; an engine gives times (what is too late has a red rim), rows and more hops.

    Attributes
    ----------
    subgraph, scene : SampledSubgraph, Scene  what is shown, and as it is shown after expanding and hiding
    flat : FlatSubgraph  a row per dot of the picture; methods name nodes by these rows
    span : (int, int) or None  times of the oldest and the newest node within the time brush
    """

    handles: ClassVar[tuple[str, ...]] = ("hover", "act", "find", "brush", "svg", "inspect")
    _esm = script("subgraph_view.js")
    _css = style()

    def __init__(self, subgraph: wb.SampledSubgraph, engine: wb.Engine | None = None) -> None:
        super().__init__()
        self._engine, self._brush = engine, (0.0, 1.0)
        self._inspector: BatchInspector | None = None
        self.show(subgraph)

    @property
    def scene(self) -> Scene:
        """What is shown."""
        return self._history.now

    @property
    def flat(self) -> wb.FlatSubgraph:
        """What is drawn, as columns."""
        return self.scene.drawn.flat

    def show(self, subgraph: wb.SampledSubgraph) -> None:
        """Show another subgraph in place of this one."""
        needs(subgraph, wb.SampledSubgraph, "picture of a subgraph", "Take engine.sample(seeds, fanout)")
        with self._lock:
            self.subgraph = subgraph
            self._show(History(Scene.of(subgraph, self._engine.graph if self._engine else None)))

    def follow(self, picker: Edited) -> SubgraphView:
        """Sample the same seeds again, in the background, whenever the picker's fanout changes.

        Until the view is closed, follows another, or its cell runs again. No engine is a WorkbenchError.
        """
        if self._engine is None:
            raise wb.WorkbenchError("follow needs an engine. Use SubgraphView(subgraph, engine).")
        graph = self._engine.graph

        def resample(fanout: wb.Fanout) -> None:
            self.worker.submit(lambda: self.show(resampled(graph, self.subgraph.request, fanout)))

        self.while_open(picker.on_change(resample))
        return self

    def describe(self, node: int) -> dict[str, Any]:
        """Everything known about one row of ``flat``: type, id, hop, times, edge in, source row."""
        return scene_card(self.scene, node, self._engine.row if self._engine else None)

    def edit(self, scene: Scene, cursor: int = -1) -> None:
        """Show another scene, ``view.edit(*view.scene.expand(3))``, with the views' cursor on a row of it."""
        with self._lock:
            self._show(self._history.then(scene), cursor)

    def find(self, text: str, after: int = -1) -> int:
        """Put the cursor on the next node with an id or key, after a row of ``flat``; its row, or IdError."""
        keys = getattr(self._engine, "keys", None)
        with self._lock:
            scene, dot = self.scene.find(text, keys and (lambda table, ids: keys(table).keys_of(ids)), after)
            self.edit(scene, dot)
        return dot

    on_find = find

    def point_at(self, node_type: str, node_id: int, seed: int = -1) -> int:
        """Put the cursor on a node, as found by a seed (its position); its row in ``flat``, or IdError."""
        node = self.scene.place(node_type, node_id, seed)
        self.send({"kind": "point", "seq": self._seq, "index": node})
        return node

    def inspect_in(self, inspector: BatchInspector) -> SubgraphView:
        """Give the views a button that shows the batch of the cursor's seed in an inspector."""
        self._inspector = inspector
        self.publish()
        return self

    def on_hover(self, node: int, seq: int) -> None:
        """A view's pointer, or its keyboard cursor, is over a node; the picture may have changed under it."""
        with self._lock:
            if seq == self._seq:
                self.send({"kind": "card", "seq": seq, "index": node, "card": self.describe(node)})

    def on_act(self, how: str, node: int, seq: int) -> None:
        """A view expands or hides a node, or takes that back."""
        with self._lock:
            if how in ("undone", "redone"):
                self._show(getattr(self._history, how)())
            elif how not in ("expand", "hide"):
                raise wb.WorkbenchError(f"{how!r} was asked for. Allowed: expand, hide, undone, redone.")
            elif seq == self._seq:
                self.edit(*getattr(self.scene, how)(node))

    def on_brush(self, low: float, high: float) -> None:
        """A view draws only what is between two shares of all times."""
        self.span, self._brush = span(self.flat, low, high), (low, high)
        self.send({"kind": "brushed", "text": span_text(self.span), "brush": self._brush})

    def on_svg(self) -> None:
        """A view asked for the picture, to save it."""
        self.send({"kind": "svg", "text": wb.subgraph_svg(self.flat, title=summary(self.scene))})

    def on_inspect(self, node: int) -> None:
        """A view sends the batch of a node's seed on."""
        if self._inspector is not None:
            self._inspector.find(*self.scene.seed_of(node))
        self.publish()

    def _show(self, history: History[Scene], cursor: int = -1) -> None:
        self._history, self.error, self._cursor, self._shown = history, "", cursor, self._seq + 1
        self.span = span(self.flat, *self._brush)
        self.publish()

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """Places, types, ages and edges as columns."""
        meta, columns = scene_facts(self.scene)
        meta |= {"cursor": self._cursor, "shown": self._shown, "inspect": self._inspector is not None}
        meta |= {"undo": bool(self._history.past), "redo": bool(self._history.future)}
        return {**meta, "brush": self._brush, "within": span_text(self.span)}, columns

    def still(self) -> tuple[str, str]:
        """The same picture as SVG; large subgraphs thinned."""
        return wb.subgraph_svg(self.flat, max_nodes=2000), summary(self.scene)
