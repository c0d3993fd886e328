"""SubgraphView: a sampled subgraph on hop rings, with the source row of the node under the pointer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, needs, script, style
from widgets._node_card import node_card
from widgets.fanout_picker import FanoutPicker

MOST_NODES = 20_000
"""Nodes that are drawn: about half a second of painting. A wide fanout must not stop the browser."""


class SubgraphView(Face):
    """A picture of one subgraph.

    Parameters
    ----------
    subgraph : SampledSubgraph
    engine : Engine or None  gives times (what is later than the anchor is rimmed red) and rows

    Attributes
    ----------
    subgraph : SampledSubgraph  the one shown; :meth:`show` replaces it
    flat : FlatSubgraph
        The same as columns, thinned to :data:`MOST_NODES`: ``describe(i)`` speaks of row i.
    """

    handles: ClassVar[tuple[str, ...]] = ("hover",)
    _esm = script("subgraph_view.js")
    _css = style()

    def __init__(self, subgraph: wb.SampledSubgraph, engine: wb.Engine | None = None) -> None:
        super().__init__()
        self._engine = engine
        self.show(subgraph)

    def show(self, subgraph: wb.SampledSubgraph) -> None:
        """Show another subgraph in place of this one."""
        do = "Take one from engine.sample(seeds, fanout)"
        needs(subgraph, wb.SampledSubgraph, "picture of a subgraph", do)
        with self._lock:
            self.subgraph = subgraph
            self._whole = wb.flatten(subgraph, self._engine.graph if self._engine else None)
            self.flat = self._whole.thinned(MOST_NODES)
            self.positions = wb.radial_layout(self.flat)
            self.error = ""
            self.publish()

    def follow(self, picker: FanoutPicker) -> SubgraphView:
        """Sample the same seeds again, in the background, whenever the picker's fanout changes.

        Seeds, anchors and key stay those of the subgraph shown, so only the fanout makes the difference.

        Raises
        ------
        WorkbenchError
            If the view was made without an engine to sample with.
        """
        if self._engine is None:
            raise wb.WorkbenchError(
                "follow needs an engine to sample with. Use SubgraphView(subgraph, engine)."
            )
        graph = self._engine.graph

        def resample(fanout: wb.Fanout) -> None:
            request = self.subgraph.request
            plan = fanout.compile(graph.schema, [seeds.node_type for seeds in request.seed_sets])
            self.show(graph.sample(replace(request, plan=plan)))

        picker.on_change(lambda fanout: self.worker.submit(lambda: resample(fanout)))
        return self

    def describe(self, node: int) -> dict[str, Any]:
        """Everything known about one node of ``flat``: type, id, hop, times, edge in, source row."""
        row = None if self._engine is None else self._engine.row
        return node_card(self.flat, node, row)

    def point_at(self, node_type: str, node_id: int, seed: int = -1) -> int:
        """Put the views' cursor on a node, as found by a seed (its position) where seeds share none.

        Returns
        -------
        int
            Its row in ``flat``.

        Raises
        ------
        IdError
            If it is not in the picture.
        """
        flat, names = self.flat, np.array(self.flat.node_types)
        chosen = (names[flat.type] == node_type) & (flat.node_id == node_id)
        chosen &= (seed < 0) | (flat.seed < 0) | (flat.seed == seed)
        if not chosen.any():
            asked = f"node {node_id} of {node_type!r}, seed {seed}, was asked for"
            raise wb.IdError(f"{asked}: the picture does not show it. Allowed: nodes of view.flat.")
        node = int(np.argmax(chosen))
        self.send({"kind": "point", "seq": self._seq, "index": node})
        return node

    def on_hover(self, node: int, seq: int) -> None:
        """A view's pointer, or its keyboard cursor, is over a node."""
        with self._lock:
            if seq == self._seq:  # the picture may have changed under the pointer
                self.send({"kind": "card", "seq": seq, "index": node, "card": self.describe(node)})

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """Positions, types, ages and edges as columns."""
        flat, layout, whole = self.flat, self.positions, self._whole
        drawn = "" if flat is whole else f" ({len(flat):,} nodes and {len(flat.src):,} edges drawn)"
        counts = np.bincount(whole.type, minlength=len(whole.node_types)).tolist()
        meta = {
            "summary": wb.subgraph_text(whole) + drawn,
            "types": [
                {"name": name, "count": count, "style": wb.type_style(i)}
                for i, (name, count) in enumerate(zip(whole.node_types, counts, strict=True))
            ],
            "rings": layout.rings.tolist(),
            "dots": layout.dots.tolist(),
            "time_colours": wb.TIME_COLOURS,
            "alarm": wb.ALARM,
        }
        columns = {"x": layout.x, "y": layout.y, "type": flat.type, "hop": flat.hop, "age": age(flat)}
        columns |= {"late": flat.late, "parent": layout.parent, "src": flat.src, "dst": flat.dst}
        return meta, columns | {"late_edge": flat.late_edges}

    def still(self) -> tuple[str, str]:
        """The same picture as SVG; large subgraphs thinned."""
        return wb.subgraph_svg(self._whole, max_nodes=2000), wb.subgraph_text(self._whole)


def age(flat: wb.FlatSubgraph) -> NDArray[np.float32]:
    """float32[n]: 0 for the oldest node, 1 for the newest, by rank; NaN where there is no time."""
    timed = np.flatnonzero(~np.isin(flat.time, (wb.BEGINNING, wb.NO_TIME)))
    ranks = np.full(len(flat), np.nan, np.float32)
    _, rank = np.unique(flat.time[timed], return_inverse=True)
    ranks[timed] = rank / max(int(rank.max(initial=0)), 1)
    return ranks
