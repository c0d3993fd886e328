"""Subgraph pictures: parsable whatever the names, honest about what they leave out."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.plan.fanout import Fanout
from workbench.report.charts import bars_svg, line_svg
from workbench.report.flat import flatten
from workbench.report.html import Section, html_report
from workbench.report.palette import ALARM
from workbench.report.svg import subgraph_svg, subgraph_text, text
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.temporal import FOREVER
from workbench.testing.graphs import DAY, toy_shop
from workbench.testing.sizes import cases

HOSTILE = [
    "<script>alert(1)</script>",
    "a'b\"c&d",
    "</svg>",
    "]]>",
    "\x00\x1f\ufffe",
    "<!--",
    "\ud800",
    "\u202eevil",
]


def flat_toy(seeds=(0, 1)):
    graph = RamGraph(toy_shop())
    plan = Fanout([4, 4]).compile(graph.schema, ["users"])
    request = SampleRequest((SeedSet.of("users", np.array(seeds, int), 10 * DAY),), plan)
    return flatten(graph.sample(request), graph)


def parsed(svg):
    svg.encode("utf-8")
    return ET.fromstring(svg)


def words(root):
    return " ".join(root.itertext())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name):
    flat = replace(flat_toy(), node_types=(name, "b", "c"))
    pictures = [
        subgraph_svg(flat, title=name),
        line_svg({name: ([1, 2], [3, 4])}, title=name, x_label=name),
        bars_svg({name: 1.0}, title=name, unit=name),
    ]
    for picture in pictures:
        tags = {element.tag.split("}")[1] for element in parsed(picture).iter()}
        assert tags <= {"svg", "title", "rect", "g", "circle", "path", "text", "line", "polyline"}
    page = html_report(name, Section(name, name, [{name: name}], pictures, name))
    assert "<script" not in page
    assert page.count("<svg ") == 3


@settings(max_examples=cases(100, 1000))
@given(st.text())
def test_any_text_is_escaped_into_parsable_xml(value):
    root = ET.fromstring(f"<a b='{text(value)}'>{text(value)}</a>")
    plain = re.sub("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", value)
    assert (root.text or "") == plain


def test_the_picture_says_what_it_shows():
    flat = flat_toy()
    root = parsed(subgraph_svg(flat))
    assert "users (" in words(root)
    assert subgraph_text(flat) in root.attrib["aria-label"]
    assert "later than" not in words(root)
    assert ALARM not in subgraph_svg(flat)


def test_a_static_task_has_no_anchor():
    flat = flat_toy()
    static = replace(flat, anchor=np.full(len(flat), FOREVER))
    assert "no anchor" in words(parsed(subgraph_svg(static)))


def test_anything_late_is_red_and_counted():
    flat = flat_toy()
    late = replace(flat, anchor=np.full(len(flat), 2 * DAY))
    picture = subgraph_svg(late)
    nodes, edges = int(late.late.sum()), int(late.late_edges.sum())
    assert nodes > 1
    assert edges > 1
    assert "red, later than the anchor:" in words(parsed(picture))
    assert f"{nodes} nodes and {edges} edges" in words(parsed(picture))
    assert ALARM in picture


def test_a_thinned_picture_is_small_and_says_so():
    flat = flat_toy(seeds=[0, 1] * 200)
    picture = subgraph_svg(flat, max_nodes=300)
    assert "300 nodes drawn" in words(parsed(picture))
    assert len(picture) < len(subgraph_svg(flat, max_nodes=10**6))


def test_an_empty_subgraph_and_empty_charts_are_pictures():
    for picture in (subgraph_svg(flat_toy(seeds=())), line_svg({}), line_svg({"a": ([], [])}), bars_svg({})):
        parsed(picture)
