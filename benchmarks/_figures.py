"""README's table of figures, written from the benchmarks' JSON: no figure is typed by hand.

    out/bench/*.json -> docs/figures/*.json -> README.md between the two markers

A row is shown if it was compared with something; an arrow marks ratios of which less is better. The JSON
is kept beside the docs, so that the table can be made again and checked.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FRESH, KEPT, README = ROOT / "out" / "bench", ROOT / "docs" / "figures", ROOT / "README.md"
BEGIN, END = "<!-- figures: begin (make figures) -->", "<!-- figures: end -->"


def table(reports: dict[str, dict[str, Any]]) -> str:
    """A Markdown table of the compared rows of every report, and the machine they were measured on."""
    lines = ["| benchmark | case | value | compared with | ratio |", "| --- | --- | ---: | --- | ---: |"]
    for name, report in sorted(reports.items()):
        for row in report["rows"]:
            if row["ratio"] is not None:
                value = f"{row['value']:,.4g}" if abs(row["value"]) < 1000 else f"{row['value']:,.0f}"
                ratio = f"{row['ratio']:.3g}" + " ↓" * row.get("less_is_better", False)
                cells = [name, row["case"], f"{value} {row['unit']}", row["reference"], ratio]
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", _machines(reports)])


def _machines(reports: dict[str, dict[str, Any]]) -> str:
    kinds = set()
    for machine in (report["machine"] for report in reports.values()):
        hardware = f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']:g} GiB"
        kinds.add(f"{hardware}, Python {machine['python']}, {machine['date'][:10]}")
    return "Measured on " + "; ".join(sorted(kinds)) + "." if kinds else "Nothing measured yet: `make bench`."


def insert(readme: str, text: str) -> str:
    """The README with the text between its markers.

    Raises
    ------
    ValueError
        If a marker is missing.
    """
    before, found, rest = readme.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"README.md needs the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main() -> None:
    """Take over fresh results, then write the table."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for path in sorted(FRESH.glob("*.json")):
        shutil.copyfile(path, KEPT / path.name)
    reports = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in KEPT.glob("*.json")}
    README.write_text(insert(README.read_text(encoding="utf-8"), table(reports)), encoding="utf-8")


if __name__ == "__main__":
    main()
