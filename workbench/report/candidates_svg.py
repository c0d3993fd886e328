"""Candidate fanouts as a still picture: numbered points of cost and worth, and a list of what they are."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from workbench.report.amounts import amount
from workbench.report.svg import INK, PAPER, svg_element, text

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 250, 60, 24, 34, 42
LINE, LETTERS = 16, 92
"""Pixels from a line of the list to the next, and letters that fit into one."""

FRONT, BEATEN = "#0072b2", "#57606a"


def candidates_svg(
    points: Sequence[Mapping[str, Any]],
    front: Sequence[int],
    worth: str,
    cost: str,
    unmeasured: Mapping[int, str] = MappingProxyType({}),
) -> str:
    """Draw candidates; those that no other beats are joined.

    Parameters
    ----------
    points : sequence of dict
        One per candidate: ``at``, its place from 0; ``label``, what it is; ``x``, costs, the mean first;
        ``y``, its worth.
    front : sequence of int  the ``at`` of those that are joined
    worth, cost : str  what the axes are
    unmeasured : dict ``at`` -> what is said of a candidate that has no point

    Returns
    -------
    str
        One ``<svg>`` element.
    """
    listed = [
        line for point in points for line in _lines(point["at"], f"{point['label']}, {amount(point['y'])}")
    ]
    listed += [line for at, said in unmeasured.items() for line in _lines(at, said)]
    listed = listed or ["nothing is measured yet"]
    rows = [_text(8, HEIGHT + LINE * (i + 1), line) for i, line in enumerate(listed)]
    axes = [
        _text(8, 18, worth, " font-weight='600'"),
        _text(WIDTH - RIGHT, HEIGHT - 6, f"{cost} (logarithmic)", END),
    ]
    body = "".join([*axes, *(_plot(points, front) if points else []), *rows])
    return svg_element(WIDTH, HEIGHT + LINE * len(rows) + 14, f"{worth} against {cost}", body)


END, MIDDLE = " text-anchor='end'", " text-anchor='middle'"


def _plot(points: Sequence[Mapping[str, Any]], front: Sequence[int]) -> list[str]:
    costs = [math.log(max(point["x"][0], 1e-9)) for point in points]
    across, down = (
        _scale(costs, LEFT + 12, WIDTH - RIGHT - 12),
        _scale([p["y"] for p in points], HEIGHT - BOTTOM, TOP),
    )
    at = {p["at"]: (across(c), down(p["y"])) for p, c in zip(points, costs, strict=True)}
    chosen = sorted(at[i] for i in front if i in at)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in chosen)
    parts = [f"<polyline points='{path}' fill='none' stroke='{FRONT}' stroke-width='1.5'/>"]
    for point in points:
        x, y = at[point["at"]]
        colour = FRONT if point["at"] in front else BEATEN
        parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='9' fill='{colour}'/>")
        number = f"{MIDDLE} font-weight='600' font-size='11'"
        parts.append(_text(x, y + 4, str(point["at"] + 1), number, PAPER))
    ends = [min(points, key=lambda p: p["y"]), max(points, key=lambda p: p["y"])]
    parts += [_text(LEFT - 8, at[p["at"]][1] + 4, amount(p["y"]), END) for p in ends]
    sides = [min(points, key=lambda p: p["x"][0]), max(points, key=lambda p: p["x"][0])]
    return parts + [_text(at[p["at"]][0], HEIGHT - 22, amount(p["x"][0]), MIDDLE) for p in sides]


def _scale(values: Sequence[float], start: float, end: float) -> Any:
    low, high = min(values), max(values)
    return lambda value: (
        (start + end) / 2 if high == low else start + (value - low) / (high - low) * (end - start)
    )


def _lines(at: int, told: str) -> list[str]:
    return textwrap.wrap(f"{at + 1}  {told}", LETTERS, subsequent_indent="    ", break_on_hyphens=False)


def _text(x: float, y: float, words: str, more: str = "", colour: str = INK) -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' fill='{colour}' xml:space='preserve'{more}>{text(words)}</text>"
