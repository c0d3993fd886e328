"""CutoffCheck: which edges of a sample were known by the cutoff, and which were not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, script, style
from widgets._cutoff_table import CutoffTable
from widgets._edge_ages import ages_around, drawn_ages
from widgets._listeners import Listeners
from widgets._node_card import value_text
from widgets._pyg_ages import pyg_ages
from widgets._schema_facts import short

LONGEST_REPORT = 4000
"""Characters of an audit that a view shows."""


class CutoffCheck(Face):
    """A cutoff that can be moved around the anchor, and the edges of samples that it would forbid.

    Parameters
    ----------
    what : SampledSubgraph, a list of them, or a PyG batch with times
    engine : Engine or None  gives times of subgraphs (else a WorkbenchError), edges around, rows, the audit
    unit, seed_time : of a PyG batch: the unit of its times, and its anchors where it does not hold them

    Attributes
    ----------
    table : CutoffTable  edges, cutoff, and what is counted of them
    report : AuditReport or None  of :meth:`audit`
    """

    handles: ClassVar[tuple[str, ...]] = ("move", "offender", "audit")
    _esm = script("cutoff_check.js")
    _css = style()

    def __init__(
        self, what: Any, engine: wb.Engine | None = None, *, unit: str = "microseconds", seed_time: Any = None
    ) -> None:
        super().__init__()
        self._samples = [s for s in _listed(what) if isinstance(s, wb.SampledSubgraph)]
        if self._samples and engine is None:
            do = "Say CutoffCheck(subgraph, engine)."
            raise wb.WorkbenchError(f"a check of cutoffs was asked for: subgraphs hold no times. {do}")
        self._engine = engine
        if self._samples and engine is not None:
            drawn = drawn_ages(self._samples, engine.graph)
            self.table = CutoffTable(drawn, ages_around(self._samples, engine.graph))
        else:
            self.table = CutoffTable(pyg_ages(what, unit, seed_time))
        self.report: wb.AuditReport | None = None
        self._card: dict[str, Any] | None = None
        self._listeners = Listeners()
        self.publish()

    def move(self, lag: int | str) -> None:
        """Put the cutoff so long before the anchor: ``'7 days'``, or an int of microseconds."""
        with self._lock:
            self.table, self._card, self.error = replace(self.table, lag=wb.duration(lag)), None, ""
            self.publish()

    def jump(self, offender: int) -> dict[str, Any]:
        """Show one of ``table.offenders()`` (else IdError) with its source rows, and tell the listeners."""
        found = self.table.offenders()
        if not 0 <= offender < len(found):
            raise wb.IdError(f"offender {offender} was asked for: there are {len(found)}, counted from 0.")
        card, subgraph = dict(found[offender]), None
        if self._engine is not None and self._samples:
            subgraph = self._samples[card["sample"]]
            spec = self._engine.schema.edge_spec(card["edge_type"])
            card |= {"source": spec.edge_type.src, "row": self._engine.row(spec.table, card["edge_id"])}
            card["source row"] = self._engine.row(spec.edge_type.src, card["src"])
        with self._lock:
            self._card, self.error = card, ""
            self.publish()
        self._listeners.tell(subgraph, card)
        return card

    def on_jump(self, listener: Callable[..., object]) -> Callable[[], None]:
        """Call ``listener(subgraph, offender)`` at a jump, as ``lambda subgraph, _: view.show(subgraph)``."""
        return self._listeners.add(listener)

    def audit(self) -> wb.AuditReport:
        """Check subgraphs against the source tables, in SQL; a WorkbenchError refuses a PyG batch."""
        if self._engine is None or not self._samples:
            asked = "an audit against the source tables was asked for"
            raise wb.WorkbenchError(f"{asked}: got a PyG batch. Allowed: subgraphs and their engine.")
        report = self._engine.audit(self._samples)
        with self._lock:
            self.report, self.error = report, ""
            self.publish()
        return report

    def assert_clean(self, lag: int | str = 0) -> None:
        """For tests and CI: every drawn edge was known ``lag`` before its anchor, and the audit is clean.

        Raises
        ------
        AssertionError
            With the counts by hop and edge type and the worst edge, or what the audit found.
        """
        table = replace(self.table, lag=wb.duration(lag))
        if table.violating:
            raise AssertionError(table.findings())
        if self._samples and not self.audit().ok:
            raise AssertionError(str(self.report))

    def on_move(self, steps: int) -> None:
        """A view's slider stands so many steps after the anchor; negative is before it."""
        self.move(self.table.axis.lag(steps))

    def on_offender(self, offender: int) -> None:
        """A view asked for an offender."""
        self.jump(offender)

    def on_audit(self) -> None:
        """A view asked for the audit, which runs in the background."""
        self.worker.submit(self.audit)

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """The slider, the table, the histogram, the offenders and the card of one of them."""
        audited = str(self.report)[:LONGEST_REPORT] if self.report else ""
        card = None if self._card is None else _texts(self._card)
        more = {"alarm": wb.ALARM, "can_audit": bool(self._samples), "audit": audited, "card": card}
        return {**self.table.shown(), **more}, {}

    def still(self) -> tuple[str, str]:
        """Edges by their time from the anchor as curves, and the verdict."""
        found, days = self.table.histogram(), self.table.axis.step / wb.duration("1 day")
        x = [end * days for end in found["ends"]]
        curves = {name: (x, found[name]) for name in ("drawn", "around") if found[name] is not None}
        title = self.table.verdict()
        return wb.line_svg(curves, title=title, x_label="days from the anchor", width=620), title


def _listed(what: Any) -> list[Any]:
    return list(what) if isinstance(what, Sequence) else [what]


def _texts(card: dict[str, Any]) -> dict[str, str]:
    """A card's facts and its source rows as short texts."""
    rows = {f"{part} {k}": v for part in ("row", "source row") for k, v in card.get(part, {}).items()}
    facts = {name: value for name, value in card.items() if not isinstance(value, dict)}
    return {short(name): value_text(value) for name, value in {**facts, **rows}.items()}
