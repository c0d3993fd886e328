"""The layered layout of schemas: properties over random schemas, and the awkward ones by hand."""

import re
from itertools import combinations

import numpy as np
import pytest

from workbench.report.schema_layout import BOX_WIDTH, schema_layout
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.testing.graphs import random_rows, toy_shop


def table(name, *targets, edge=False):
    keys = tuple(ForeignKey(f"k{i}", target) for i, target in enumerate(targets))
    ends = ("k0", "k1") if edge else None
    return Table(name, tuple(Column(key.column, Stype.ID) for key in keys), None, None, None, keys, ends)


def assert_sound(schema):
    layout = schema_layout(schema)
    assert len(layout.boxes) == len(schema.node_types)
    for x, y, w, h in layout.boxes:
        assert x >= 0
        assert y >= 0
        assert x + w <= layout.width
        assert y + h <= layout.height
    for (ax, ay, aw, ah), (bx, by, _, bh) in combinations(layout.boxes, 2):
        assert ax + aw <= bx or bx + aw <= ax or ay + ah <= by or by + bh <= ay
    assert {e for link in layout.links for e in (link.forward, link.back)} == set(schema.edge_types)
    for link in layout.links:
        for (x, y), at in ((link.starts, link.src), (link.ends, link.dst)):
            bx, by, w, h = layout.boxes[at]
            assert x in (bx, bx + w)
            assert by < y < by + h
    ports = [end for link in layout.links for end in (link.starts, link.ends)]
    assert len(set(ports)) == len(ports)
    return layout


@pytest.mark.parametrize("seed", range(30))
def test_boxes_do_not_overlap_and_lines_begin_at_their_sides(seed):
    assert_sound(random_rows(np.random.default_rng(seed)).schema)


def test_tables_stand_left_of_what_they_point_at():
    schema = toy_shop().schema
    layout = assert_sound(schema)
    left = {name: box[0] for name, box in zip(schema.node_types, layout.boxes, strict=True)}
    # users are left of products because ratings, folded, lead from the one to the other
    assert left["orders"] < left["users"] < left["products"]


def test_a_line_that_passes_a_layer_passes_no_box():
    schema = Schema((table("a", "b", "c"), table("b", "c"), table("c")))
    layout = assert_sound(schema)
    long = next(link for link in layout.links if link.src == 0 and link.dst == 2)
    level = re.findall(r"(-?[\d.]+) (-?[\d.]+)", long.path)
    (bx, by, bw, bh) = layout.boxes[1]
    inside = [float(y) for x, y in level if bx <= float(x) <= bx + bw]
    assert len(inside) >= 2
    assert all(y <= by or y >= by + bh for y in inside)


def test_cycles_self_links_and_an_empty_schema():
    cycle = Schema((table("a", "b"), table("b", "c"), table("c", "a"), table("d", "d", "d")))
    layout = assert_sound(cycle)
    loops = [link for link in layout.links if link.src == link.dst]
    assert len(loops) == 2
    assert all(link.starts[0] == layout.boxes[3][0] + BOX_WIDTH for link in loops)
    assert schema_layout(Schema(())).boxes == ()


def test_a_wide_schema_is_laid_out_in_a_moment():
    many = [table(f"t{i}", *{f"t{j}" for j in range(i + 1, min(i + 4, 200))}) for i in range(200)]
    assert len(schema_layout(Schema(tuple(many))).links) > 500
