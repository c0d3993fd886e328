"""A sampled subgraph as SVG text: hop rings, a colour per type, a red rim for anything too late.

The pictures stand alone: opaque background, no scripts, no fonts to fetch, every text escaped.
"""

from __future__ import annotations

from html import escape

import numpy as np

from workbench.report.flat import FlatSubgraph, flatten
from workbench.report.layout import RadialLayout, radial_layout
from workbench.report.palette import ALARM, type_style
from workbench.stores.protocols import GraphStore
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import FOREVER, iso
from workbench.types import AnyArray, BoolArray

INK, PAPER, LINE = "#24292f", "#ffffff", "#d0d7de"
FONT = "font-family='system-ui,sans-serif' font-size='12'"
_LEGEND = 190


def subgraph_svg(
    subgraph: SampledSubgraph | FlatSubgraph,
    graph: GraphStore | None = None,
    *,
    size: int = 420,
    max_nodes: int = 4000,
    title: str = "",
) -> str:
    """Draw a subgraph.

    Parameters
    ----------
    subgraph : SampledSubgraph or FlatSubgraph
    graph : GraphStore or None  gives the times, for the red rims
    size : int  pixels of the drawing's side; the legend stands beside it
    max_nodes : int  beyond it inner rings are drawn whole, the next one thinned, and the legend says so
    title : str  shown above, and read by screen readers

    Returns
    -------
    str
        One ``<svg>`` element.
    """
    flat = subgraph if isinstance(subgraph, FlatSubgraph) else flatten(subgraph, graph)
    drawn = flat.thinned(max_nodes)
    layout = radial_layout(drawn)
    body = [_rings(layout, size), _edges(drawn, layout, size), _nodes(drawn, layout, size)]
    body.append(_legend(flat, len(drawn), size, title))
    return svg_element(size + _LEGEND, size, title or subgraph_text(flat), "".join(body))


def subgraph_text(flat: FlatSubgraph) -> str:
    """One line of text: what a picture of this subgraph shows."""
    seeds = int((flat.hop == 0).sum())
    hops = int(flat.hop.max(initial=0))
    text = f"{_count(len(flat), 'node')} and {_count(len(flat.src), 'edge')}"
    text += f" in {_count(hops, 'hop')} around {_count(seeds, 'seed')}"
    return text + (f"; {_late(flat)} later than the anchor" if _late(flat) else "")


def _late(flat: FlatSubgraph) -> str:
    """How many nodes and edges are later than their anchor; empty where none is."""
    nodes, edges = int(flat.late.sum()), int(flat.late_edges.sum())
    return f"{_count(nodes, 'node')} and {_count(edges, 'edge')}" if nodes or edges else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def svg_element(width: int, height: int, label: str, body: str) -> str:
    """Wrap a body as one accessible, self-contained ``<svg>`` on white."""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='0 0 {width} {height}' role='img' aria-label='{text(label)}' {FONT}>"
        f"<title>{text(label)}</title>"
        f"<rect width='{width}' height='{height}' rx='6' fill='{PAPER}'/>{body}</svg>"
    )


def text(value: object) -> str:
    """Escape any value for SVG or HTML; control characters, which XML forbids, become U+FFFD."""
    legal = "".join(
        c if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff") else "\ufffd" for c in str(value)
    )
    return escape(legal.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd"), quote=True)


def _to_pixels(position: AnyArray, size: int) -> AnyArray:
    return np.round((position * 0.94 + 1) * size / 2, 1)


def _rings(layout: RadialLayout, size: int) -> str:
    radii = [round(float(r) * 0.94 * size / 2, 1) for r in layout.rings if r > 0]
    centre = size / 2
    circles = (f"<circle cx='{centre}' cy='{centre}' r='{r}'/>" for r in radii)
    return f"<g fill='none' stroke='{LINE}' stroke-dasharray='3 4'>{''.join(circles)}</g>"


def _edges(flat: FlatSubgraph, layout: RadialLayout, size: int) -> str:
    x, y = _to_pixels(layout.x, size), _to_pixels(layout.y, size)
    late, thin = flat.late_edges, 1 if len(flat.src) <= 500 else 0.4
    plain = f"stroke='#8c959f' stroke-opacity='.6' stroke-width='{thin}'"
    parts = []
    for chosen, style in ((~late, plain), (late, f"stroke='{ALARM}'")):
        ends = zip(flat.dst[chosen].tolist(), flat.src[chosen].tolist(), strict=True)
        path = "".join(f"M{x[a]:g} {y[a]:g}L{x[b]:g} {y[b]:g}" for a, b in ends)
        parts.append(f"<path d='{path}' fill='none' {style}/>" if path else "")
    return "".join(parts)


def _nodes(flat: FlatSubgraph, layout: RadialLayout, size: int) -> str:
    """One path per type: a dot is a line of no length with wide caps, twelve bytes instead of fifty."""
    x, y = _to_pixels(layout.x, size), _to_pixels(layout.y, size)
    seeds, parts = flat.hop == 0, []
    for hop, dot in enumerate(layout.dots.tolist()):
        radius = round(min(6.0, max(1.2, dot * size / 2)), 1)
        ring = flat.hop == hop
        parts.append(_dots(x, y, ring & flat.late, ALARM, "circle", radius + 2.5))
        parts.append(_dots(x, y, ring & seeds, INK, "circle", radius + 3.5))
        parts.append(_dots(x, y, ring & seeds, PAPER, "circle", radius + 2))
        kinds = range(len(flat.node_types))
        parts += [_dots(x, y, ring & (flat.type == i), *type_style(i), radius) for i in kinds]
    return "".join(parts)


def _dots(x: AnyArray, y: AnyArray, chosen: BoolArray, colour: str, mark: str, radius: float) -> str:
    if not chosen.any():
        return ""
    pairs = zip(x[chosen].tolist(), y[chosen].tolist(), strict=True)
    if mark == "diamond":
        r = f"{radius * 1.2:g}"
        path = "".join(f"M{a:g} {b:g}m0-{r}l{r} {r}l-{r} {r}l-{r}-{r}z" for a, b in pairs)
        return f"<path d='{path}' fill='{colour}'/>"
    path = "".join(f"M{a:g} {b:g}h0" for a, b in pairs)
    cap = "square" if mark == "square" else "round"
    return f"<path d='{path}' stroke='{colour}' stroke-linecap='{cap}' stroke-width='{2 * radius:g}'/>"


def _legend(flat: FlatSubgraph, shown: int, size: int, title: str) -> str:
    x, lines = size + 8, []
    for i, name in enumerate(flat.node_types):
        colour, mark = type_style(i)
        count = int((flat.type == i).sum())
        dot = _dots(np.array([x + 6.0]), np.array([34.0 + 20 * i]), np.array([True]), colour, mark, 5)
        lines.append(f"{dot}<text x='{x + 18}' y='{38 + 20 * i}'>{text(_short(name))} ({count:,})</text>")
    notes = [_anchors(flat), f"rings: hops 0 to {int(flat.hop.max(initial=0))}", "ringed: seeds"]
    late = _late(flat)
    notes += ["red, later than the anchor:", late] if late else []
    notes += [f"{shown:,} nodes drawn"] if shown < len(flat) else []
    top = 50 + 20 * len(flat.node_types)
    lines += [
        f"<text x='{x}' y='{top + 18 * i}' fill='#57606a'>{text(note)}</text>" for i, note in enumerate(notes)
    ]
    head = f"<text x='{x}' y='16' font-weight='600'>{text(_short(title or 'sampled subgraph', 26))}</text>"
    return f"<g fill='{INK}'>{head}{''.join(lines)}</g>"


def _short(name: str, limit: int = 20) -> str:
    return name if len(name) <= limit else name[: limit - 1] + "\u2026"


def _anchors(flat: FlatSubgraph) -> str:
    anchors = np.unique(flat.anchor)
    if not len(anchors) or anchors[0] == FOREVER:
        return "no anchor"
    return f"anchor {iso(int(anchors[0]))}" if len(anchors) == 1 else f"{len(anchors):,} anchors"
