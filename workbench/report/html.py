"""A report as one HTML file that needs nothing else: inline pictures, tables, escaped text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.errors import WorkbenchError, explain
from workbench.report.amounts import amount
from workbench.report.svg import text

_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
  background:#fff;color:#24292f}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}svg{max-width:100%;height:auto}
table{border-collapse:collapse;margin:.5rem 0}th,td{padding:.25rem .8rem;border-bottom:1px solid #d0d7de}
th{text-align:left}td.n{text-align:right;font-variant-numeric:tabular-nums}
pre{padding:.7rem;white-space:pre-wrap;background:#f6f8fa;border-radius:6px}
figure{margin:1rem 0}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}pre{background:#161b22}th,td{border-color:#30363d}}
"""


@dataclass(frozen=True)
class Section:
    """One part of a report: a heading, then prose, a table, pictures and preformatted text, if any.

    Attributes
    ----------
    heading : str
    prose : str  paragraphs separated by blank lines; plain text
    table : sequence of mappings  rows; the first one's keys are the header
    pictures : sequence of str  SVG elements made by this package
    code : str  shown as it is, in a fixed-width font
    """

    heading: str
    prose: str = ""
    table: Sequence[Mapping[str, object]] = ()
    pictures: Sequence[str] = ()
    code: str = ""


def html_report(title: str, *sections: Section) -> str:
    """Put sections into one self-contained HTML page.

    Raises
    ------
    WorkbenchError
        If a picture is no ``<svg>`` element: text belongs into ``prose``, where it is escaped.
    """
    body = "".join(_section(section) for section in sections)
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{text(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{text(title)}</h1>{body}</body></html>\n"
    )


def _section(section: Section) -> str:
    parts = [f"<h2>{text(section.heading)}</h2>"]
    parts += [f"<p>{text(part)}</p>" for part in section.prose.split("\n\n") if part.strip()]
    if section.table:
        parts.append(_table(section.table))
    parts += [_picture(svg) for svg in section.pictures]
    if section.code:
        parts.append(f"<pre>{text(section.code)}</pre>")
    return f"<section>{''.join(parts)}</section>"


def _picture(svg: str) -> str:
    if not svg.startswith("<svg "):
        raise WorkbenchError(
            explain(
                "a picture of a report", f"got {svg[:40]!r}", "an <svg> element such as subgraph_svg returns"
            )
        )
    return f"<figure>{svg}</figure>"


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    names = list(rows[0])
    head = "".join(f"<th scope='col'>{text(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(_cell(row.get(name, "")) for name in names) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"<td>{text(value)}</td>"
    shown = f"{value:,}" if isinstance(value, int) else amount(value, 4)
    return f"<td class='n'>{shown}</td>"
