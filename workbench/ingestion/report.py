"""IngestReport: what an ingest did, found wrong and took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.stores.dataset import shown


@dataclass(frozen=True, repr=False)
class IngestReport:
    """What an ingest did.

    Attributes
    ----------
    path : str
    snapshot : int
    rows : dict table -> rows
    edges : dict edge type -> stored edges
    warnings : tuple of str  what is wrong or doubtful in the data, one sentence each
    seconds : dict stage -> wall seconds
    static : tuple of str  tables without a time column: every row is visible at every anchor
    late : dict table -> rows of an append that wait for a compaction; they are not among ``rows``
    appended : bool  whether the rows came to a dataset that was there; its edges are not counted then
    """

    path: str
    snapshot: int
    rows: Mapping[str, int]
    edges: Mapping[str, int]
    warnings: tuple[str, ...]
    seconds: Mapping[str, float]
    static: tuple[str, ...] = ()
    late: Mapping[str, int] = field(default_factory=dict)
    appended: bool = False

    @property
    def total_rows(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    def __repr__(self) -> str:
        total = sum(self.seconds.values())
        rate = f", {self.total_rows / total:,.0f} rows/s" if total > 0 else ""
        edges = f": {sum(self.edges.values()):,} edges of {len(self.edges)} types" if self.edges else ""
        done = f"{'Appended' if self.appended else 'Ingested'} {self.total_rows:,} rows"
        lines = [
            f"{done} of {len(self.rows)} tables into {shown(self.path)} "
            f"(snapshot {self.snapshot}){edges} in {total:.1f} s{rate}",
            "  " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in self.seconds.items()),
        ]
        if self.late:
            waiting = ", ".join(f"{name} {rows:,}" for name, rows in self.late.items())
            lines.append(f"  late: wait for wb.compact: {waiting}")
        if self.static:
            lines.append(f"  static: always visible: {', '.join(self.static)}")
        return "\n".join([*lines, *(f"  warning: {text}" for text in self.warnings)])
