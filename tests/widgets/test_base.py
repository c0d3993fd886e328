"""The base of all widgets: messages, payload, errors, still pictures, and what scripts must not do."""

import base64
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from widgets._base import STATIC, Face, script, style


class Counter(Face):
    handles = ("add",)
    _esm = "export default {render() {}}"

    def __init__(self):
        super().__init__()
        self.total = 0

    def on_add(self, amount):
        self.total += amount
        self.error = ""
        self.publish()

    def state(self):
        return {"total": self.total}, {"squares": np.arange(self.total) ** 2}

    def still(self):
        return "<svg></svg>", f"Counter at '<{self.total}>\""


def test_a_message_reaches_its_method_and_the_payload_is_replaced_whole():
    face = Counter()
    face._receive(face, {"kind": "add", "amount": 3}, [])
    first = face._payload
    assert first["meta"] == {"total": 3, "error": ""}
    assert np.frombuffer(first["columns"]["squares"]["data"], "<i4").tolist() == [0, 1, 4]
    face._receive(face, {"kind": "add", "amount": 1}, [])
    assert face._payload["seq"] == first["seq"] + 1
    assert first["meta"]["total"] == 3


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ({"kind": "publish"}, "allowed: add"),
        ({"kind": "__init__"}, "allowed: add"),
        ({}, "allowed: add"),
        ("add", "allowed: add"),
        ({"kind": "add"}, "amount"),
        ({"kind": "add", "amount": 1, "more": 2}, "more"),
        ({"kind": "add", "amount": "x"}, "TypeError"),
    ],
)
def test_a_bad_message_is_shown_and_changes_nothing(message, shown):
    face = Counter()
    face._receive(face, message, [])
    assert shown in face.error
    assert face._payload["meta"]["error"] == face.error
    assert face.total == 0


def test_the_mimebundle_has_the_widget_and_its_still_picture():
    face = Counter()
    data, _ = face._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == face.model_id
    assert data["image/svg+xml"] == "<svg></svg>"
    assert data["text/plain"] == "Counter at '<0>\""
    image = ET.fromstring(data["text/html"])
    assert image.attrib["alt"] == data["text/plain"]
    assert base64.b64decode(image.attrib["src"].partition(",")[2]) == b"<svg></svg>"


def test_scripts_fetch_nothing_and_parse_no_text_as_html():
    for path in sorted(STATIC.glob("*.js")):
        text = path.read_text(encoding="utf-8")
        rest = text.replace("http://www.w3.org/2000/svg", "")
        for word in (
            "http:",
            "https:",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "eval(",
            "import(",
            "fetch(",
        ):
            assert word not in rest, f"{path.name} has {word}"
    assert "url(" not in style()
    assert "@import" not in style()


def test_scripts_keep_no_state_in_the_module():
    for path in STATIC.glob("*.js"):
        outer = [line for line in script(path.name).splitlines() if line.startswith(("let ", "var "))]
        assert outer == []


def test_scripts_are_small():
    assert sum(path.stat().st_size for path in STATIC.glob("*.js")) <= 60_000


def test_what_was_to_end_with_a_widget_ends_once():
    face, ended = Counter(), []
    face.while_open(lambda: ended.append("first"))
    face.while_open(lambda: ended.append("second"))
    assert ended == ["first"]
    face.close()
    assert ended == ["first", "second"]
