"""Scene: what a picture of a subgraph shows, after expanding, hiding and opening. Plain values, no widget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import workbench as wb
from widgets._grouping import Grouped, grouped
from widgets._growth import further, grown
from widgets._search import Keys, found_from, located, matching, seed_at

MOST_DOTS = 5000
"""Beyond so many nodes alike ones are drawn as one dot."""

MOST_OPENED = 1000
"""Nodes of a dot that get dots of their own when it is opened."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)  # equal only to itself: its arrays are large
class Scene:
    """A subgraph as it is looked at. Edits give new scenes; their nodes are rows of ``drawn.flat``.

    Attributes
    ----------
    request : SampleRequest  what the subgraph answered
    graph : GraphStore or None  of which more is sampled
    whole : FlatSubgraph  the subgraph and what was sampled beyond it
    hidden, single : bool[n]  rows that are not drawn, and that have a dot of their own
    """

    request: wb.SampleRequest
    graph: Any
    whole: wb.FlatSubgraph
    hidden: Mask
    single: Mask

    @classmethod
    def of(cls, subgraph: wb.SampledSubgraph, graph: Any = None) -> Scene:
        """A subgraph as it was sampled."""
        whole = wb.flatten(subgraph, graph)
        return cls(subgraph.request, graph, whole, *np.zeros((2, len(whole)), bool))

    @cached_property
    def drawn(self) -> Grouped:
        """The dots; their rows are those of ``whole`` that are not hidden."""
        found = grouped(self.whole.only(~self.hidden), MOST_DOTS, self.single[~self.hidden])
        return replace(found, flat=found.flat.thinned(len(found.flat)))  # too many edges stop a browser, too

    def members(self, node: int) -> NDArray[np.int64]:
        """Rows of ``whole`` that a dot stands for.

        Raises
        ------
        IdError
            If there is no such dot.
        """
        dots = len(self.drawn.flat)
        if not isinstance(node, int) or not 0 <= node < dots:
            raise wb.IdError(f"node {node!r} of the picture was asked for: it has nodes 0 to {dots - 1}.")
        rows: NDArray[np.int64] = np.flatnonzero(~self.hidden)[self.drawn.dot == node]
        return rows

    def place(self, node_type: str, node_id: int, seed: int = -1) -> int:
        """The dot of a node, as found by a seed (its position) where seeds share none.

        An IdError refuses one that is not in sight.
        """
        return self.dot_of(located(self.whole, ~self.hidden, node_type, node_id, seed))

    def seed_of(self, node: int) -> tuple[str, int, int]:
        """Node type, id and anchor of the seed that a dot belongs to; the first where seeds share nodes."""
        return seed_at(self.request, max(int(self.whole.seed[self.members(node)[0]]), 0))

    def dot_of(self, row: int) -> int:
        """The dot that a row of ``whole`` is drawn as."""
        return int(self.drawn.dot[np.count_nonzero(~self.hidden[:row])])

    def expand(self, node: int) -> tuple[Scene, int]:
        """One hop further from a dot, really sampled; a dot of several nodes is opened instead.

        Returns
        -------
        Scene, int
            What is shown then, and the dot's place in it.

        Raises
        ------
        WorkbenchError
            If there is no graph to sample from.
        """
        members = self.members(node)
        row = int(members[0])
        scene = self.open(members) if len(members) > 1 else self._further(row)
        return scene, scene.dot_of(row)

    def _further(self, row: int) -> Scene:
        if self.graph is None:
            raise wb.WorkbenchError("one more hop needs an engine. Use SubgraphView(subgraph, engine).")
        flat = self.whole
        more = further(self.graph, self.request, flat, row)
        whole = grown(flat, row, more, shared=not self.request.plan.disjoint)
        new = np.zeros(len(whole) - len(flat), bool)
        single = np.r_[self.single, ~new]  # what was asked for is not grouped
        single[row] = True
        return replace(self, whole=whole, hidden=np.r_[self.hidden, new], single=single)

    def open(self, rows: NDArray[np.int64]) -> Scene:
        """Give rows of ``whole`` dots of their own."""
        single = self.single.copy()
        single[rows[:MOST_OPENED]] = True
        return replace(self, single=single)

    def hide(self, node: int) -> tuple[Scene, int]:
        """Leave out a dot and all that was found from it; the last one stays.

        Returns
        -------
        Scene, int
            What is shown then, and the place of the dot that it was found from (-1: none).
        """
        members = self.members(node)
        hidden = self.hidden | found_from(self.whole, members)
        scene = self if hidden.all() else replace(self, hidden=hidden)
        above = int(self.whole.parent[members[0]])
        return scene, -1 if above < 0 else scene.dot_of(above)

    def find(self, text: str, keys: Keys | None = None, after: int = -1) -> tuple[Scene, int]:
        """The next node in sight, behind a dot, whose id or key is a text; ``users 17`` names its type, too.

        Returns
        -------
        Scene, int
            What is shown then, in which the node has a dot of its own, and that dot.

        An IdError says that there is none.
        """
        rows = matching(self.whole, ~self.hidden, str(text).strip(), keys)
        last = int(self.members(after)[0]) if 0 <= after < len(self.drawn.flat) else -1
        row = int(next((row for row in rows if row > last), rows[0]))
        grouped_here = self.drawn.count[self.dot_of(row)] > 1
        scene = self.open(np.array([row])) if grouped_here else self
        return scene, scene.dot_of(row)
