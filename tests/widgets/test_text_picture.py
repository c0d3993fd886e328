"""Lines of text as a picture, whatever is in them."""

import xml.etree.ElementTree as ET

from widgets._text_picture import lines_svg


def test_any_text_makes_a_picture_of_as_many_lines():
    nodes = list(ET.fromstring(lines_svg(["<b>&\x00\u202e" + "x" * 10**6, "\ud800", ""])).iter())
    assert [node.tag.rpartition("}")[2] for node in nodes] == ["svg", "text", "text", "text"]
    assert nodes[1].text.startswith("<b>&  xxx")
    assert len(nodes[1].text) <= 120
    assert lines_svg([]).startswith("<svg ")
