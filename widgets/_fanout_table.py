"""FanoutTable: a fanout as the table that a user edits, hop by edge type. Plain values, no widget."""

from __future__ import annotations

from dataclasses import dataclass, replace

import workbench as wb


@dataclass(frozen=True)
class FanoutTable:
    """A fanout over a schema, for seeds of one type.

    Attributes
    ----------
    schema : Schema
    seed_type : str  node type of the seeds; decides which cells can be reached
    fanout : Fanout
    """

    schema: wb.Schema
    seed_type: str
    fanout: wb.Fanout

    @property
    def edge_types(self) -> tuple[wb.EdgeType, ...]:
        """Rows of the table: what walks of this depth could use, whatever the cells say, nearest first."""
        found, usable = {self.seed_type}, dict[wb.EdgeType, None]()
        for _ in range(self.fanout.hops_deep):
            usable |= dict.fromkeys(e for e in self.schema.edge_types if e.dst in found)
            found |= {e.src for e in usable}
        return tuple(usable)

    def reachable(self) -> list[set[wb.EdgeType]]:
        """Per hop the edge types that lead on from a node found by the hop before."""
        frontier, hops = {self.seed_type}, []
        for hop in range(1, self.fanout.hops_deep + 1):
            usable = {e for e in self.schema.edge_types if e.dst in frontier}
            hops.append(usable)
            frontier = {e.src for e in usable if self.fanout.get(hop, e) != 0}
        return hops

    def rows(self) -> list[dict[str, object]]:
        """JSON rows: the edge type, per hop the number or share (None: out of reach), and what else it says.

        ``notes`` tell how a cell is drawn that has options of its own; empty texts where none has.
        """
        hops = self.reachable()
        found: list[dict[str, object]] = []
        for e in self.edge_types:
            drawn = [self.fanout.cell(i, e) if e in usable else None for i, usable in enumerate(hops, 1)]
            cells = [cell.take if isinstance(cell, wb.Draw) else cell for cell in drawn]
            notes = [str(cell) if isinstance(cell, wb.Draw) else "" for cell in drawn]
            found.append({"edge_type": str(e), "cells": cells, "notes": notes})
        return found

    def set(self, hop: int, edge_type: str, fanout: float | wb.Draw) -> FanoutTable:
        """The table with one cell changed; a number keeps the options that the cell has.

        Raises
        ------
        FanoutError
            If there is no such hop, or the value is no fanout.
        SchemaError
            If there is no such edge type.
        """
        return replace(self, fanout=self.fanout.with_entry(hop, self.schema.edge_type(edge_type), fanout))

    def deeper(self) -> FanoutTable:
        """The table with one more hop, a copy of the last one."""
        return self._with(hops=[*self._hops(), self._hops()[-1]])

    def shallower(self) -> FanoutTable:
        """The table without its last hop; the first hop stays."""
        return self._with(hops=self._hops()[:-1] or self._hops())

    def with_strategy(self, strategy: str, **needed: object) -> FanoutTable:
        """The table with neighbours drawn another way; ``needed`` is its weight or half-life."""
        return self._with(strategy=strategy, **needed)

    def _hops(self) -> list[object]:
        return list(self.fanout.to_dict()["hops"])

    def _with(self, **changes: object) -> FanoutTable:
        return replace(self, fanout=self.fanout.with_choices(**changes))
