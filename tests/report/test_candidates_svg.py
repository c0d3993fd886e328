"""The picture of candidates has a number in every point and a line for every number, whatever their names."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from workbench.report.candidates_svg import LETTERS, candidates_svg
from workbench.testing.hostile import storable

SVG = "{http://www.w3.org/2000/svg}"


def point(at, label, cost, worth):
    return {"at": at, "label": label, "x": [cost, None, None], "y": worth}


def texts(picture):
    return [node.text or "" for node in ET.fromstring(picture).iter(f"{SVG}text")]


def test_points_are_numbered_and_listed():
    name = ", ".join(f"hop {hop}: {2**hop} of orders-user_id->users" for hop in range(1, 6))
    points = [point(0, "hop 1: 4", 10.0, 0.5), point(2, name, 1000.0, 0.75), point(1, "hop 1: 9", 50.0, 0.25)]
    picture = candidates_svg(points, [0, 2], "share", "nodes per batch")
    shown = texts(picture)
    assert [text for text in shown if text in {"1", "2", "3"}] == ["1", "3", "2"]
    listed = " ".join(text.strip() for text in shown)
    assert f"3  {name}, 0.75" in listed  # whole, on more than one line
    assert {"0.25", "0.75", "10", "1,000", "share", "nodes per batch (logarithmic)"} <= set(shown)
    assert max(map(len, shown)) <= LETTERS + 4
    circles = list(ET.fromstring(picture).iter(f"{SVG}circle"))
    assert len({circle.attrib["fill"] for circle in circles}) == 2
    (path,) = ET.fromstring(picture).iter(f"{SVG}polyline")
    corners = [tuple(map(float, corner.split(","))) for corner in path.attrib["points"].split()]
    drawn = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in circles]
    assert corners == [drawn[0], drawn[1]]  # from the cheapest on, leaving out what is beaten
    assert drawn[0][0] < drawn[2][0] < drawn[1][0]
    assert drawn[1][1] < drawn[0][1] < drawn[2][1]


def test_before_anything_is_measured_it_says_so():
    assert "nothing is measured yet" in texts(candidates_svg([], [], "share", "nodes"))


@given(st.lists(st.tuples(st.text(max_size=30), st.floats(1e-3, 1e9), st.floats(-1e6, 1e6)), max_size=4))
def test_any_name_and_number_makes_a_picture(found):
    points = [point(i, *each) for i, each in enumerate(found) if storable([each[0]])]
    root = ET.fromstring(candidates_svg(points, range(len(points)), "worth", "cost"))
    for circle in root.iter(f"{SVG}circle"):
        assert 0 <= float(circle.attrib["cx"]) <= 640
        assert 0 <= float(circle.attrib["cy"]) <= 250
