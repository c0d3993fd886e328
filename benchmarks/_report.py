"""How every benchmark reports: rows as JSON and the same rows as a table.

    report = BenchReport("sampling")
    report.add("uniform 15-10-5", 24.1, "ns/edge", reference="no prefetch", ratio=1.9, edges=266_000)
    report.finish(arguments.json)

The file holds ``{"machine": {...}, "rows": [{"case", "value", "unit", "reference", "ratio", ...}]}``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import os
import platform
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path[:1]:
    sys.path.insert(0, ROOT)  # packages of this checkout, before scripts of the same name: widgets

LIBRARIES = ("numpy", "numba", "pyarrow", "duckdb", "lmdb", "torch", "torch_geometric", "scikit-learn")


def machine() -> dict[str, Any]:
    """What the figures were measured on: processor, cores, memory, Python and library versions."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(pages / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser with the two options that every benchmark has: ``--json FILE`` and ``--quick``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there as JSON")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run, not how fast")
    return parser


@dataclass
class BenchReport:
    """Rows of one benchmark.

    Attributes
    ----------
    name : str  what was measured
    rows : list of dict  in the order in which they were added
    """

    name: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        case: str,
        value: float,
        unit: str,
        *,
        reference: str | None = None,
        ratio: float | None = None,
        **more: Any,
    ) -> None:
        """Add one figure; ``ratio`` compares it with ``reference``, any further facts go in by name.

        A ratio above 1 is better than the reference, unless ``less_is_better=True`` is among the facts.

        Raises
        ------
        ValueError
            If the value is not a finite number: a benchmark that measured nothing must not report.
        """
        if not math.isfinite(value):
            raise ValueError(f"{self.name}, case {case!r}: the value is {value!r}, not a finite number")
        row = {"case": case, "value": float(value), "unit": unit, "reference": reference, "ratio": ratio}
        self.rows.append({**row, **more})

    def table(self) -> str:
        """The rows as aligned text; further facts stand last."""
        head = ("case", "value", "unit", "ratio", "reference", "")
        known = {"case", "value", "unit", "ratio", "reference"}
        lines = [head]
        for row in self.rows:
            more = ", ".join(f"{name}={_short(value)}" for name, value in row.items() if name not in known)
            ratio = "" if row["ratio"] is None else f"{row['ratio']:.3g}"
            lines.append(
                (row["case"], _short(row["value"]), row["unit"], ratio, row["reference"] or "", more)
            )
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)

    def finish(self, path: Path | None = None) -> None:
        """Print the table and, if a path is given, write the JSON."""
        print(f"{self.name}\n{self.table()}", flush=True)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"machine": machine(), "rows": self.rows}, indent=1)
            path.write_text(text + "\n", encoding="utf-8")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
