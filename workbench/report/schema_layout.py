"""Where the types of a schema stand in a drawing: layers from facts to what they point at, no forces.

A table stands left of every table that it points at, so messages flow to the right and sampling along a
key walks to the left. Links that pass a layer get a row of their own there, so no line runs through a box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from workbench.schema import EdgeType, Schema

BOX_WIDTH, GAP, ROW, MARGIN = 150, 150, 18, 14
"""Pixels: of a box, between layers, per link at a box's side, around all."""

SWEEPS = 4
"""Times that layers are sorted by their neighbours: more change nothing in practice."""

Item: TypeAlias = "tuple[int, int]"
"""What stands in a layer: (type, -1), or (-1 - link, layer) where a link passes."""


@dataclass(frozen=True)
class SchemaLink:
    """One foreign key, or one table folded into edges.

    Attributes
    ----------
    label : str  the column, or the folded table
    forward, back : EdgeType  its two directions
    src, dst : int  the types of ``forward``, as positions in ``schema.node_types``
    path : str  SVG path from src to dst
    starts, ends : (x, y)  of the path, pixels
    """

    label: str
    forward: EdgeType
    back: EdgeType
    src: int
    dst: int
    path: str
    starts: tuple[float, float]
    ends: tuple[float, float]


@dataclass(frozen=True)
class SchemaLayout:
    """A drawing's geometry in pixels.

    Attributes
    ----------
    width, height : int
    boxes : tuple of (x, y, width, height)  one per node type of the schema
    links : tuple of SchemaLink
    """

    width: int
    height: int
    boxes: tuple[tuple[float, float, float, float], ...]
    links: tuple[SchemaLink, ...]


def schema_layout(schema: Schema) -> SchemaLayout:
    """Lay a schema out in layers; needs no data."""
    types = {name: i for i, name in enumerate(schema.node_types)}
    specs = schema.edge_specs
    pairs = [(a.edge_type, b.edge_type) for a, b in zip(specs[::2], specs[1::2], strict=True)]
    ends = [(types[forward.src], types[forward.dst]) for forward, _ in pairs]
    layer = _layers(len(types), ends)
    columns = _columns(layer, ends)
    heights = _heights(len(types), ends, layer)
    centres, height = _centres(columns, heights)
    deepest = max(layer, default=0)
    left = [MARGIN + (deepest - depth) * (BOX_WIDTH + GAP) for depth in layer]
    boxes = tuple(
        (left[i], centres[i, -1] - heights[i] / 2, BOX_WIDTH, heights[i]) for i in range(len(types))
    )
    ports = _ports(ends, layer, boxes)
    links = []
    for k, ((forward, back), (src, dst)) in enumerate(zip(pairs, ends, strict=True)):
        passed = range(layer[src] - 1, layer[dst], -1)
        between = [
            (MARGIN + (deepest - depth) * (BOX_WIDTH + GAP), centres[-1 - k, depth]) for depth in passed
        ]
        start, end = ports[k]
        path = _path(start, between, end, loop=src == dst)
        links.append(SchemaLink(forward.rel, forward, back, src, dst, path, start, end))
    # a type that points at itself has its loop on the right
    loops = 40 if any(src == dst for src, dst in ends) else 0
    width = 2 * MARGIN + (deepest + 1) * BOX_WIDTH + deepest * GAP + loops
    return SchemaLayout(width, height, boxes, tuple(links))


def _layers(count: int, ends: Sequence[tuple[int, int]]) -> list[int]:
    """Longest way to a type that points at none; a link that would close a cycle does not count."""
    targets: dict[int, list[int]] = {i: [] for i in range(count)}
    for src, dst in ends:
        targets[src].append(dst)
    layer, open_types = dict[int, int](), set[int]()

    def visit(node: int) -> int:
        if node not in layer:
            open_types.add(node)
            layer[node] = 1 + max((visit(t) for t in targets[node] if t not in open_types), default=-1)
            open_types.discard(node)
        return layer[node]

    return [visit(i) for i in range(count)]


def _columns(layer: Sequence[int], ends: Sequence[tuple[int, int]]) -> list[list[Item]]:
    """Items of each layer from top to bottom, sorted by where their neighbours stand."""
    columns: list[list[Item]] = [[] for _ in range(max(layer, default=0) + 1)]
    beside: dict[Item, list[Item]] = {}
    for i, depth in enumerate(layer):
        columns[depth].append((i, -1))
    for k, (src, dst) in enumerate(ends):
        chain: list[Item] = [(-1 - k, depth) for depth in range(layer[src] - 1, layer[dst], -1)]
        for item in chain:
            columns[item[1]].append(item)
        for a, b in pairwise([(src, -1), *chain, (dst, -1)]):
            beside.setdefault(a, []).append(b)
            beside.setdefault(b, []).append(a)
    for _ in range(SWEEPS):
        place = {item: i / len(column) for column in columns for i, item in enumerate(column)}
        for column in columns:
            centre = {item: _mean([place[n] for n in beside.get(item, [item])]) for item in column}
            column.sort(key=centre.__getitem__)
            place |= {item: i / len(column) for i, item in enumerate(column)}
    return columns


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _heights(count: int, ends: Sequence[tuple[int, int]], layer: Sequence[int]) -> list[int]:
    """Boxes grow with the links at their busier side."""
    sides = [[0, 0] for _ in range(count)]
    for src, dst in ends:
        forwards = layer[src] > layer[dst]
        sides[src][forwards or src == dst] += 1
        sides[dst][not forwards] += 1
    return [max(46, ROW * max(side) + 14) for side in sides]


def _centres(columns: Sequence[Sequence[Item]], heights: Sequence[int]) -> tuple[dict[Item, float], int]:
    """The middle line of every item, each layer centred; and the height of the drawing."""
    tall = [[ROW if i < 0 else heights[i] + 20 for i, _ in column] for column in columns]
    height = max((sum(column) for column in tall), default=0)
    centres: dict[Item, float] = {}
    for column, sizes in zip(columns, tall, strict=True):
        y = MARGIN + (height - sum(sizes)) / 2
        for item, size in zip(column, sizes, strict=True):
            centres[item] = y + size / 2
            y += size
    return centres, int(height + 2 * MARGIN)


def _ports(
    ends: Sequence[tuple[int, int]], layer: Sequence[int], boxes: Sequence[tuple[float, float, float, float]]
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Where each link leaves and enters: spread over a box's side in the order of the other ends."""
    sides: dict[tuple[int, bool], list[tuple[float, int, int]]] = {}
    for k, (src, dst) in enumerate(ends):
        forwards = layer[src] > layer[dst]
        sides.setdefault((src, forwards or src == dst), []).append((boxes[dst][1], k, 0))
        sides.setdefault((dst, not forwards), []).append((boxes[src][1], k, 1))
    found: Mapping[tuple[int, int], tuple[float, float]] = {
        (k, end): (
            boxes[i][0] + (BOX_WIDTH if right else 0),
            boxes[i][1] + boxes[i][3] * (n + 1) / (len(at) + 1),
        )
        for (i, right), at in sides.items()
        for n, (_, k, end) in enumerate(sorted(at))
    }
    return [(found[k, 0], found[k, 1]) for k in range(len(ends))]


def _path(
    start: tuple[float, float], between: Sequence[tuple[float, float]], end: tuple[float, float], loop: bool
) -> str:
    """Curves that leave and enter level; straight through the rows that were kept free."""
    if loop:
        (x, a), (_, b) = start, end
        return f"M{x:g} {a:.1f}C{x + 40:g} {a:.1f} {x + 40:g} {b:.1f} {x:g} {b:.1f}"
    stops = [start, *[p for x, y in between for p in ((x, y), (x + BOX_WIDTH, y))], end]
    parts = [f"M{start[0]:g} {start[1]:.1f}"]
    for (x, a), (z, b) in pairwise(stops):
        middle = (x + z) / 2
        parts.append(f"C{middle:g} {a:.1f} {middle:g} {b:.1f} {z:g} {b:.1f}")
    return "".join(parts)
