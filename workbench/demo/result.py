"""DemoResult: the figures of one demo, as JSON for machines and as a table for people."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any


@dataclass(frozen=True)
class DemoResult:
    """What the main job gave.

    Attributes
    ----------
    rows : dict table -> rows
    nodes, edges : int  of the stored graph, both directions counted
    seeds : dict split -> labelled seeds
    metric : str
    higher_is_better : bool
    keys : dict split -> metric of each training, one per key
    past_rate, boosting : float  the baselines on the test split
    seconds : dict stage -> wall seconds
    audited, violations : int  edges checked against the source tables, and faults found
    predictions, report : Path
    """

    rows: dict[str, int]
    nodes: int
    edges: int
    seeds: dict[str, int]
    metric: str
    higher_is_better: bool
    keys: dict[str, list[float]]
    past_rate: float
    boosting: float
    seconds: dict[str, float]
    audited: int
    violations: int
    predictions: Path
    report: Path

    def mean(self, split: str) -> float:
        """The metric on a split, averaged over keys."""
        return fmean(self.keys[split])

    def with_audit(self, edges: int, violations: int) -> DemoResult:
        """The same result with what the audit found."""
        return replace(self, audited=edges, violations=violations)

    def with_seconds(self, seconds: dict[str, float]) -> DemoResult:
        """The same result with the stages that are over."""
        return replace(self, seconds=dict(seconds))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "rows": self.rows,
            "nodes": self.nodes,
            "edges": self.edges,
            "seeds": self.seeds,
            "metric": self.metric,
            "higher_is_better": self.higher_is_better,
            "value": {split: self.mean(split) for split in ("val", "test")},
            "baseline": {"past_rate": self.past_rate, "boosting": self.boosting},
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
            "audit": {"edges": self.audited, "violations": self.violations},
            "predictions": str(self.predictions),
        }

    def write(self, path: Path) -> None:
        """Write the JSON form."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")

    def comparison(self) -> list[dict[str, object]]:
        """Rows of the table of metrics: the model against both baselines, on test."""
        values = self.keys["test"]
        spread = f"{min(values):.4f} .. {max(values):.4f}"
        name = f"{self.metric} on test"
        return [
            {
                "model": f"graph, mean of {len(values)} keys",
                name: round(self.mean("test"), 4),
                "keys": spread,
            },
            {"model": "gradient boosting", name: round(self.boosting, 4), "keys": ""},
            {"model": "own past rate", name: round(self.past_rate, 4), "keys": ""},
        ]

    def __str__(self) -> str:
        rows = self.comparison()
        width = max(len(str(row["model"])) for row in rows)
        name = f"{self.metric} on test"
        better = "higher" if self.higher_is_better else "lower"
        lines = [f"{'':{width}}  {name} ({better} is better)"]
        lines += [f"{row['model']!s:{width}}  {row[name]:.4f}  {row['keys']}".rstrip() for row in rows]
        took = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in self.seconds.items())
        lines += [
            f"audit        {self.audited:,} sampled edges, {self.violations} violations",
            f"seconds      {took}; total {sum(self.seconds.values()):.1f}",
            f"predictions  {self.predictions}",
            f"report       {self.report}",
        ]
        return "\n".join(lines)
