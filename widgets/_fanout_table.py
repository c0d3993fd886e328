"""FanoutTable: a fanout as the table that a user edits, hop by edge type. Plain values, no widget."""

from __future__ import annotations

from dataclasses import dataclass, replace

import workbench as wb
from widgets._fanout_reach import reached, usable
from widgets._messages import item
from widgets._schema_facts import short

PRESETS: dict[str, list[int]] = {
    "narrow: 8, 4": [8, 4],
    "usual: 16, 8": [16, 8],
    "GraphSAGE: 25, 10": [25, 10],
    "wide: 64, 32": [64, 32],
    "deep: 8, 8, 8": [8, 8, 8],
    "flat: 64": [64],
}
"""Numbers per hop, along every edge type, to begin with."""


EDITS = ("set", "deeper", "shallower", "drawn", "preset", "reset")
"""Methods of the table that a view may call."""


@dataclass(frozen=True)
class FanoutTable:
    """A fanout over a schema, for seeds of one type.

    Attributes
    ----------
    schema : Schema
    seed_type : str  node type of the seeds; decides which cells can be reached
    fanout : Fanout
    start : Fanout or None  what :meth:`reset` goes back to; None: there is nothing to go back to
    """

    schema: wb.Schema
    seed_type: str
    fanout: wb.Fanout
    start: wb.Fanout | None = None

    @property
    def edge_types(self) -> tuple[wb.EdgeType, ...]:
        """Rows of the table: what walks of this depth could use, whatever the cells say, nearest first."""
        return usable(self.schema, self.seed_type, self.fanout.hops_deep)

    def reachable(self) -> list[set[wb.EdgeType]]:
        """Per hop the edge types that lead on from a node found by the hop before."""
        return reached(self.schema, self.seed_type, self.fanout)

    def rows(self) -> list[dict[str, object]]:
        """JSON rows: the edge type, per hop the number or share (None: out of reach), and what else it says.

        ``notes`` tell how a cell is drawn that has options of its own; empty texts where none has.
        """
        hops = self.reachable()
        found: list[dict[str, object]] = []
        for e in self.edge_types:
            drawn = [self.fanout.cell(i, e) if e in open_ else None for i, open_ in enumerate(hops, 1)]
            cells = [cell.take if isinstance(cell, wb.Draw) else cell for cell in drawn]
            notes = [short(cell) if isinstance(cell, wb.Draw) else "" for cell in drawn]
            found.append({"edge_type": short(e), "cells": cells, "notes": notes})
        return found

    def facts(self) -> dict[str, object]:
        """JSON of the table and of what else can be chosen."""
        return {
            "seed_type": short(self.seed_type),
            "hops": self.fanout.hops_deep,
            "rows": self.rows(),
            "strategy": self.fanout.strategy,
            "strategies": list(self.strategies),
            "presets": list(PRESETS),
            "choices": short(self.fanout.lines()[0], 200),
        }

    def set(self, hop: int, edge_type: str | int, fanout: float | wb.Draw) -> FanoutTable:
        """The table with one cell changed; a number keeps the options that the cell has.

        Parameters
        ----------
        edge_type : str or int  its name, or the row of the table that it stands in

        Raises
        ------
        FanoutError
            If there is no such hop, or the value is no fanout.
        SchemaError
            If there is no such edge type.
        """
        rows = self.edge_types
        of_row = isinstance(edge_type, int)
        found = item(rows, edge_type, "edge type") if of_row else self.schema.edge_type(edge_type)
        return replace(self, fanout=self.fanout.with_entry(hop, found, fanout))

    def deeper(self) -> FanoutTable:
        """The table with one more hop, a copy of the last one."""
        return self._with(hops=[*self._hops(), self._hops()[-1]])

    def shallower(self) -> FanoutTable:
        """The table without its last hop; the first hop stays."""
        return self._with(hops=self._hops()[:-1] or self._hops())

    @property
    def strategies(self) -> tuple[str, ...]:
        """Ways of drawing that can be chosen; that of the start brings what it needs."""
        own = (self.start or self.fanout).strategy
        return tuple(dict.fromkeys(["uniform", "recent", own]))

    def drawn(self, strategy: str) -> FanoutTable:
        """The table with neighbours drawn another way; that of the start brings its weight or half-life."""
        own = self.start or self.fanout
        needed = {"weight": own.weight, "half_life": own.half_life} if strategy == own.strategy else {}
        return self._with(strategy=strategy, **needed)

    def reset(self) -> FanoutTable:
        """The table as it began."""
        return replace(self, fanout=self.start or self.fanout)

    def preset(self, name: str) -> FanoutTable:
        """The table with the numbers of a preset; how neighbours are drawn stays.

        Raises
        ------
        FanoutError
            If there is no such preset.
        """
        if name not in PRESETS:
            allowed = ", ".join(PRESETS)
            raise wb.FanoutError(f"the preset {name!r} of a fanout was asked for. Allowed: {allowed}.")
        return self._with(hops=PRESETS[name])

    def form(self, name: str) -> str:
        """The fanout as Python: ``Fanout``, or the ``num_neighbors`` of ``PyG`` or ``Kumo``.

        Where the other library has no word for it, a comment that says for what.
        """
        forms = {"PyG": self.fanout.to_pyg, "Kumo": self.fanout.to_kumo}
        try:
            return repr(forms[name](self.schema) if name in forms else self.fanout)
        except wb.FanoutError as error:  # shown in place of the form
            return f"# {error}"

    def _hops(self) -> list[object]:
        return list(self.fanout.to_dict()["hops"])

    def _with(self, **changes: object) -> FanoutTable:
        return replace(self, fanout=self.fanout.with_choices(**changes))
