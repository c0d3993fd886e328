"""A schema as SVG text: a box per type, a line per foreign key, what one step of sampling finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.report.palette import type_style
from workbench.report.schema_layout import SchemaLayout, schema_layout
from workbench.report.svg import INK, LINE, svg_element, text
from workbench.schema import EdgeType, Schema

_SOFT = "#57606a"
_NAME, _LABEL = 18, 13
"""Characters that fit into a box, and beside a line."""


def schema_svg(
    schema: Schema,
    *,
    notes: Sequence[str] = (),
    degrees: Mapping[EdgeType, str] | None = None,
    chosen: Sequence[EdgeType] = (),
) -> str:
    """Draw a schema; without data the notes and degrees stay away.

    Parameters
    ----------
    schema : Schema
    notes : one line per node type, such as its rows
    degrees : dict edge type -> what a node of its dst finds along it; drawn beside the dst, with an
        arrow in the direction of sampling
    chosen : edge types whose lines are drawn bold, as those of a metapath
    """
    layout = schema_layout(schema)
    body = [_links(layout, degrees or {}, set(chosen))]
    for i, (name, box) in enumerate(zip(schema.node_types, layout.boxes, strict=True)):
        note = notes[i] if i < len(notes) else "static" if schema[name].time is None else "timed"
        body.append(_box(name, note, box, type_style(i)[0]))
    label = f"schema of {len(schema.node_types)} node types and {len(layout.links)} links"
    return svg_element(layout.width, layout.height, label, "".join(body))


def clipped(label: object, length: int) -> str:
    """A label in so many characters at most."""
    shown = str(label)[: length + 1]
    return shown if len(shown) <= length else shown[: length - 1] + "\u2026"


def _links(layout: SchemaLayout, degrees: Mapping[EdgeType, str], chosen: set[EdgeType]) -> str:
    lines, labels = [], []
    for link in layout.links:
        bold = link.forward in chosen or link.back in chosen
        stroke = f"stroke='{type_style(0)[0] if bold else '#8c959f'}' stroke-width='{3 if bold else 1.2}'"
        lines.append(f"<path d='{link.path}' fill='none' {stroke}/>")
        for (x, y), other, shown in (
            (link.starts, link.ends, clipped(link.label, _LABEL)),
            (link.ends, link.starts, degrees.get(link.forward, "")),
        ):
            away = 1 if other[0] > x or link.src == link.dst else -1
            anchor = "start" if away > 0 else "end"
            arrow = f"{shown} \u25b8" if away > 0 else f"\u25c2 {shown}"
            labels.append(
                f"<text x='{x + 6 * away:g}' y='{y - 3:.1f}' text-anchor='{anchor}'>{text(arrow)}</text>"
            )
    return f"{''.join(lines)}<g fill='{_SOFT}' font-size='10'>{''.join(labels)}</g>"


def _box(name: str, note: str, box: tuple[float, float, float, float], colour: str) -> str:
    x, y, width, height = box
    side = f"x='{x:g}' y='{y:.1f}' height='{height:g}'"
    name, note = text(clipped(name, _NAME)), text(clipped(note, 24))
    return (
        f"<rect {side} width='{width:g}' rx='4' fill='#f6f8fa' stroke='{LINE}'/>"
        f"<rect {side} width='6' fill='{colour}'/>"
        f"<text x='{x + 14:g}' y='{y + 19:.1f}' font-weight='600' fill='{INK}'>{name}</text>"
        f"<text x='{x + 14:g}' y='{y + 36:.1f}' font-size='10' fill='{_SOFT}'>{note}</text>"
    )
