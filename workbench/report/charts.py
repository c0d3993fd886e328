"""Line and bar charts as SVG text; every label escaped, every series told apart by colour and dash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.report.amounts import amount
from workbench.report.palette import ALARM, type_style
from workbench.report.schema_svg import clipped
from workbench.report.svg import INK, LINE, svg_element, text
from workbench.types import AnyArray

_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 30, 46
_CHARACTER = 6.6
"""Pixels of an average character at the pictures' font size."""
_DASHES = ("", "6 3", "2 3", "8 3 2 3")


def line_svg(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    width: int = 480,
    height: int = 240,
) -> str:
    """Draw curves.

    Parameters
    ----------
    series : dict name -> (x, y)  of equal lengths; points that are not finite are left out
    title : str  read out too; empty: the names
    x_label, y_label : str  beside the axes
    width, height : int  pixels
    """
    curves = {name: _finite(x, y) for name, (x, y) in series.items()}
    every = [curve for curve in curves.values() if len(curve)]
    if not every:
        return svg_element(width, height, title or "empty chart", _empty(title, width, height))
    points = np.concatenate(every)
    low, high = _padded(points[:, 0], 0.0), _padded(points[:, 1], 0.05)
    span = (low[0], low[1], high[0], high[1])
    body = [_axes(span, width, height, title, x_label, y_label)]
    room = (width - _LEFT) / len(curves)
    for i, (name, curve) in enumerate(curves.items()):
        points = _scaled(curve, span, width, height)
        body.append(_curve(points, i) + _key(name, i, _LEFT + room * i, height - 8, room))
    return svg_element(width, height, title or ", ".join(curves), "".join(body))


def bars_svg(
    values: Mapping[str, float],
    *,
    title: str = "",
    unit: str = "",
    highlight: str | None = None,
    width: int = 480,
) -> str:
    """Draw horizontal bars from zero.

    Parameters
    ----------
    values : dict label -> value  bars that are not finite are written out, not drawn
    title, unit : str  above the bars, and behind each value
    highlight : str or None  the label drawn in the first colour; the others are grey if it is given
    width : int  pixels
    """
    height = _TOP + 26 * max(len(values), 1) + 8
    largest = max((abs(v) for v in values.values() if np.isfinite(v)), default=0.0) or 1.0
    longest = max((len(label) for label in values), default=0)
    start = round(min(longest * _CHARACTER + 16, width / 2))
    rows = []
    for i, (label, value) in enumerate(values.items()):
        colour = type_style(0)[0] if highlight in (None, label) else "#8c959f"
        length = (width - start - 90) * abs(value) / largest if np.isfinite(value) else 0.0
        shown = f"{amount(value, 4)} {unit}".strip()
        rows.append(_bar(label, shown, start, length, _TOP + 26 * i, colour if value >= 0 else ALARM))
    head = f"<text x='8' y='18' font-weight='600' fill='{INK}'>{text(title)}</text>"
    return svg_element(width, height, title or "bars", head + "".join(rows))


def _bar(label: str, shown: str, start: int, length: float, y: int, colour: str) -> str:
    return (
        f"<text x='{start - 8}' y='{y + 15}' text-anchor='end' fill='{INK}'>"
        f"{text(_fitted(label, start - 14))}</text>"
        f"<rect x='{start}' y='{y + 2}' width='{length:.1f}' height='18' rx='2' fill='{colour}'/>"
        f"<text x='{start + length + 6:.1f}' y='{y + 15}' fill='{INK}'>{text(shown)}</text>"
    )


def _finite(x: Sequence[float], y: Sequence[float]) -> AnyArray:
    points = np.column_stack([np.asarray(x, float), np.asarray(y, float)])
    kept: AnyArray = points[np.isfinite(points).all(axis=1)]
    return kept


def _padded(values: AnyArray, share: float) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = (high - low) * share if high > low else abs(high) * 0.05 + 0.5
    return max(low - room, 0.0) if low >= 0 else low - room, high + room


def _scaled(curve: AnyArray, span: tuple[float, float, float, float], width: int, height: int) -> AnyArray:
    x = _LEFT + (curve[:, 0] - span[0]) / (span[1] - span[0]) * (width - _LEFT - _RIGHT)
    y = height - _BOTTOM - (curve[:, 1] - span[2]) / (span[3] - span[2]) * (height - _TOP - _BOTTOM)
    return np.column_stack([x, y])


def _curve(points: AnyArray, position: int) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dot = (
        f"<circle cx='{points[0, 0]:.1f}' cy='{points[0, 1]:.1f}' r='3' fill='{type_style(position)[0]}'/>"
        if len(points) == 1
        else ""
    )
    return f"<polyline points='{path}' {_pen(position)}/>{dot}"


def _key(name: str, position: int, x: float, y: int, room: float) -> str:
    """A line of the legend: the pen, and as much of the name as there is room for."""
    return (
        f"<line x1='{x:.0f}' x2='{x + 22:.0f}' y1='{y - 4}' y2='{y - 4}' {_pen(position)}/>"
        f"<text x='{x + 28:.0f}' y='{y}' fill='{INK}'>{text(_fitted(name, room - 34))}</text>"
    )


def _pen(position: int) -> str:
    dash = _DASHES[position % len(_DASHES)]
    return f"fill='none' stroke='{type_style(position)[0]}' stroke-width='2' stroke-dasharray='{dash}'"


def _fitted(label: str, pixels: float) -> str:
    return clipped(label, max(int(pixels / _CHARACTER), 1))


def _axes(
    span: tuple[float, float, float, float], width: int, height: int, title: str, x_label: str, y_label: str
) -> str:
    floor, parts = height - _BOTTOM, []
    for share in (0.0, 0.5, 1.0):
        y = floor - share * (height - _TOP - _BOTTOM)
        value = span[2] + share * (span[3] - span[2])
        parts.append(f"<line x1='{_LEFT}' x2='{width - _RIGHT}' y1='{y:.1f}' y2='{y:.1f}' stroke='{LINE}'/>")
        parts.append(f"<text x='{_LEFT - 6}' y='{y + 4:.1f}' text-anchor='end'>{amount(value)}</text>")
    for share, anchor in ((0.0, "start"), (1.0, "end")):
        x = _LEFT + share * (width - _LEFT - _RIGHT)
        value = span[0] + share * (span[1] - span[0])
        parts.append(f"<text x='{x:.1f}' y='{floor + 15}' text-anchor='{anchor}'>{amount(value)}</text>")
    middle = (_LEFT + width - _RIGHT) / 2
    parts.append(f"<text x='{middle}' y='{floor + 15}' text-anchor='middle'>{text(x_label)}</text>")
    parts.append(f"<text x='8' y='16' font-weight='600'>{text(title or y_label)}</text>")
    return f"<g fill='{INK}'>{''.join(parts)}</g>"


def _empty(title: str, width: int, height: int) -> str:
    place = f"x='{width / 2}' y='{height / 2}' text-anchor='middle' fill='#57606a'"
    note = f"<text {place}>nothing to draw yet</text>"
    return f"<text x='8' y='16' font-weight='600' fill='{INK}'>{text(title)}</text>{note}"
