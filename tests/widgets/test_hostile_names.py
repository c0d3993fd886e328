"""A hundred hostile strings as names and as values: shown as text, short, and harmless."""

import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

from widgets import CutoffCheck, MetapathPicker, SchemaView
from widgets._schema_facts import LONGEST
from workbench.plan.fanout import Fanout
from workbench.sampling.audit import AuditReport
from workbench.schema import Column, ForeignKey, Schema, Stype, Table

MARKUP = [
    "script",
    "img src=x onerror=alert(1)",
    "svg onload=alert(1)",
    "iframe",
    "style",
    "b",
    "title",
    "/svg",
    "a href='x:1'",
]
WRAPS = ["<{}>", "<{}/>", "</{}>", "'><{}>", '"><{}>', "]]><{}>", "<!--<{}>-->", "&lt;{}&gt;", "<{}", "{}>"]
MARKS = [
    "\u202e",
    "\u2066",
    "\u200f",
    "\u200b",
    "\ufeff",
    "\x00",
    "\x1b[31m",
    "\ud800",
    "\uffff",
    "\n\n",
    "\t",
]
ODD = [
    "->",
    "a->b",
    "a-b->c",
    "-",
    " ",
    "'",
    '"',
    "\\",
    "{}",
    "${1}",
    "__proto__",
    "NaN",
    "null",
    "x" * 1_000_000,
]
HOSTILE = [wrap.format(tag) for tag in MARKUP for wrap in WRAPS] + [f"a{mark}b" for mark in MARKS] + ODD


def schema_of(names):
    """Tables of these names, with columns of these names, which point at users."""
    users = Table("users", (Column("id", Stype.ID),), "id")
    keys = (ForeignKey("k", "users"),)
    columns = [(Column(name, Stype.TEXT), Column("k", Stype.ID)) for name in names]
    facts = [Table(name, c, foreign_keys=keys) for name, c in zip(names, columns, strict=True)]
    return Schema((users, *facts))


class Tags(HTMLParser):
    """Lists the tags of a text with the names of their attributes."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, [name for name, _ in attrs]))


def assert_harmless(widget, names):
    meta = json.dumps(widget._payload["meta"], allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert len(meta) < 2_000 * (len(names) + 3)
    picture = widget.still()[0]
    tags = {node.tag.rpartition("}")[2] for node in ET.fromstring(picture).iter()}
    assert tags <= {"svg", "title", "rect", "path", "g", "text", "line", "circle", "polyline"}
    shown = widget._repr_mimebundle_()[0]
    parser = Tags()
    parser.feed(shown["text/html"])
    assert parser.seen == [("img", ["alt", "src"])]
    assert len(shown["text/plain"].encode("utf-8")) < 500 * (len(names) + 3)


def test_there_are_a_hundred():
    assert len(set(HOSTILE)) > 100


def test_names_of_tables_and_columns_are_text_and_can_be_walked():
    for start in range(0, len(HOSTILE), 12):
        names = HOSTILE[start : start + 12]
        schema = schema_of(names)
        view = SchemaView(schema)
        assert_harmless(view, names)
        assert all(len(t["name"]) <= LONGEST for t in view._payload["meta"]["types"])
        picker = MetapathPicker(schema, "users")
        draft = picker.draft
        for name in names:
            draft = draft.select(None).go(name)
        picker.edit(draft.select(None))
        picker._receive(picker, {"kind": "edit", "how": "go", "to": len(names)}, [])
        assert picker.error.startswith("Not a plan yet")  # the last one is there twice now
        picker.undo()
        assert picker.error == ""
        assert [path.check(schema)[0].src for path in picker.metapaths.metapaths] == names
        assert_harmless(picker, names)


def test_values_of_rows_are_text(engine, task):
    engine.audit = lambda samples: AuditReport(1)
    engine.row = lambda table, row_id: dict.fromkeys(HOSTILE, HOSTILE[row_id])
    check = CutoffCheck(engine.sample(task.seeds("val"), Fanout([4])), engine)
    check.move("9 days")
    check.jump(0)
    assert_harmless(check, [*HOSTILE, *HOSTILE])
