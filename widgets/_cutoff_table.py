"""CutoffTable: edges against a cutoff, counted, listed and told. Plain values, no widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import workbench as wb
from widgets._edge_ages import EdgeAges
from widgets._lead_axis import LeadAxis, lead_text, length_text
from widgets._node_card import time_text
from widgets._schema_facts import short

OFFENDERS = 20
"""Edges that are listed at most: the latest of them."""


@dataclass(frozen=True)
class CutoffTable:
    """Drawn edges, what the graph holds around them, and a cutoff.

    Attributes
    ----------
    ages : EdgeAges  of the drawn edges
    around : EdgeAges or None  of the graph's edges around the expanded nodes, drawn or not
    lag : int  microseconds from the cutoff to the anchor; 0: the cutoff is the anchor
    """

    ages: EdgeAges
    around: EdgeAges | None = None
    lag: int = 0

    @property
    def axis(self) -> LeadAxis:
        """The axis that holds all of them."""
        parts = [self.ages] if self.around is None else [self.ages, self.around]
        return LeadAxis.of(np.concatenate([part.dated() for part in parts]))

    @property
    def violating(self) -> int:
        """Drawn edges that were not known by the cutoff."""
        return int(self.ages.late(self.lag).sum())

    def rows(self) -> list[dict[str, Any]]:
        """Per hop and edge type: ``drawn``, ``violating``; and around them ``visible``, ``invisible``."""
        drawn = self.ages.counts(self.lag)
        around = {} if self.around is None else self.around.counts(self.lag)
        rows = []
        for hop, name in sorted({**drawn, **around}):
            edges, late = drawn.get((hop, name), (0, 0))
            row: dict[str, Any] = {"hop": hop, "edge_type": name, "drawn": edges, "violating": late}
            if self.around is not None:
                held, hidden = around.get((hop, name), (0, 0))
                row |= {"visible": held - hidden, "invisible": hidden}
            rows.append(row)
        return rows

    def offenders(self) -> list[dict[str, Any]]:
        """The latest of the violating edges, worst first."""
        ages, late = self.ages, np.flatnonzero(self.ages.late(self.lag))
        worst = late[np.argsort(ages.lead[late], kind="stable")[:OFFENDERS]]
        numbers = ("hop", "src", "dst", "edge_id", "sample", "seed")
        return [
            {
                **{name: int(getattr(ages, name)[i]) for name in numbers},
                "edge_type": ages.edge_types[int(ages.edge_type[i])],
                "time": time_text(int(ages.time[i])),
                "anchor": time_text(int(ages.anchor[i])),
                "late": self._late(int(ages.lead[i])),
            }
            for i in worst.tolist()
        ]

    def _late(self, lead: int) -> str:
        return "has no time" if lead == wb.BEGINNING else f"{length_text(self.lag - lead)} after the cutoff"

    def histogram(self) -> dict[str, Any]:
        """Edges by the time from their anchor: left ends of bins in steps of the axis, and counts."""
        axis = self.axis
        leads = self.ages.dated()
        ends, drawn = axis.bins(leads)
        late = axis.bins(leads[leads < self.lag])[1]
        around = None if self.around is None else axis.bins(self.around.dated())[1]
        return {"ends": ends, "drawn": drawn, "late": late, "around": around}

    def verdict(self) -> str:
        """One sentence."""
        where = lead_text(self.lag)
        return f"{self.violating:,} of {len(self.ages):,} drawn edges were not known {where}"

    def findings(self) -> str:
        """The verdict, the counts by hop and edge type, and the worst edge; for people who read a log."""
        late = [row for row in self.rows() if row["violating"]]
        lines = [f"hop {r['hop']}, {r['edge_type']}: {r['violating']:,} of {r['drawn']:,}" for r in late]
        return "\n".join([self.verdict(), *lines, *(f"the worst: {o}" for o in self.offenders()[:1])])

    def shown(self) -> dict[str, Any]:
        """All of it as JSON values for a view; positions are steps of the axis."""
        axis = self.axis
        return {
            "low": axis.low,
            "high": axis.high,
            "at": -self.lag / axis.step,
            "ends": [lead_text(-axis.low * axis.step), lead_text(-axis.high * axis.step)],
            "where": lead_text(self.lag),
            "verdict": self.verdict(),
            "violating": self.violating,
            "rows": [{**row, "edge_type": short(row["edge_type"])} for row in self.rows()],
            "histogram": self.histogram(),
            "offenders": [{**o, "edge_type": short(o["edge_type"])} for o in self.offenders()],
        }
