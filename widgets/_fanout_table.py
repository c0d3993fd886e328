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
        """JSON rows: the edge type, and per hop the fanout, or None where the cell cannot be reached."""
        hops = self.reachable()
        return [
            {
                "edge_type": str(e),
                "cells": [
                    self.fanout.get(i + 1, e) if e in usable else None for i, usable in enumerate(hops)
                ],
            }
            for e in self.edge_types
        ]

    def set(self, hop: int, edge_type: str, fanout: int) -> FanoutTable:
        """The table with one cell changed.

        Raises
        ------
        FanoutError
            If there is no such hop, or the number is below -1.
        SchemaError
            If there is no such edge type.
        """
        if not isinstance(hop, int) or not 1 <= hop <= self.fanout.hops_deep:
            raise wb.FanoutError(
                f"a cell at hop {hop!r} was asked for: the fanout has hops 1 to {self.fanout.hops_deep}. "
                "Add a hop first."
            )
        return replace(self, fanout=self.fanout.with_entry(hop, self.schema.edge_type(edge_type), fanout))

    def deeper(self) -> FanoutTable:
        """The table with one more hop, a copy of the last one."""
        return self._with(hops=[*self._hops(), self._hops()[-1]])

    def shallower(self) -> FanoutTable:
        """The table without its last hop; the first hop stays."""
        return self._with(hops=self._hops()[:-1] or self._hops())

    def with_strategy(self, strategy: str) -> FanoutTable:
        """The table with neighbours drawn ``uniform`` or ``recent``."""
        return self._with(strategy=strategy)

    def _hops(self) -> list[object]:
        return list(self.fanout.to_dict()["hops"])

    def _with(self, **changes: object) -> FanoutTable:
        return replace(self, fanout=wb.Fanout(**{**self.fanout.to_dict(), **changes}))
