"""The base of all widgets: messages, payload, errors, still pictures, and what scripts must not do."""

import base64
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from traitlets.config import Config

from widgets._base import STATIC, Face, script, style

README = Path(__file__).parents[2] / "README.md"


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


@pytest.mark.parametrize("as_said", [False, True])
def test_a_notebook_with_saved_widgets_is_exported_as_pictures_the_way_the_readme_says(as_said):
    """Where the state is saved, nbconvert prefers the widget, whose scripts come from the network."""
    nbconvert, nbformat = pytest.importorskip("nbconvert"), pytest.importorskip("nbformat")
    said = re.findall(r"nbconvert --to html --(\w+)\.(\w+)=True ", README.read_text(encoding="utf-8"))
    face = Counter()
    output = nbformat.v4.new_output("display_data", face._repr_mimebundle_()[0])
    cell = nbformat.v4.new_code_cell(outputs=[output])
    kept = {"state": {face.model_id: {"state": {}}}, "version_major": 2, "version_minor": 0}
    saved = {"widgets": {"application/vnd.jupyter.widget-state+json": kept}}
    ((owner, option),) = said
    config = Config({owner: {option: True}} if as_said else {})
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=saved)
    page = nbconvert.HTMLExporter(config=config).from_notebook_node(notebook)[0]
    picture = base64.b64encode(b"<svg></svg>").decode()
    assert (picture in page, "widget-view+json" in page) == (as_said, not as_said)


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
