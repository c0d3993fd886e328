"""What is in sight: nothing before its step, and no empty places."""

from types import SimpleNamespace

import pyarrow as pa
import pytest

from widgets._form import Form
from widgets._workbench_forms import forms_of
from widgets._workbench_page import BESIDE, Page


@pytest.fixture
def page():
    return Page(forms_of(lambda *_: None, lambda: None))


def titles(shown):
    return [each if isinstance(each, str) else getattr(each, "titles", None) or each.title for each in shown]


def test_steps_appear_one_after_the_other(page):
    launch = SimpleNamespace(tables={"a": 1}, engine=None, task=None, run=None)
    shown = page.shown(launch, "schema", None, "monitor")
    assert titles(shown)[:3] == ["schema", ("Split a flat table", "Edit the schema"), "1 Data"]
    assert shown[1].selected_index == 0  # one table alone: most likely a flat one
    launch.tables, launch.engine = {"a": 1, "b": 2}, 1
    assert titles(page.shown(launch, "schema", None, "monitor")) == [
        *("schema", ("Edit the schema",), "1 Data", "2 Query", ("Saved runs",), "The same in Python")
    ]
    launch.tables, launch.task, launch.run = None, 1, 1
    page.panels |= {"look": "view", BESIDE: "beside"}
    assert titles(page.shown(launch, "schema", "picker", "monitor")) == [
        *("schema", "2 Query", "picker", "3 Plan", "Look at what the plan draws", "view", "beside"),
        *("monitor", "4 Predictions", ("Saved runs",), "The same in Python"),
    ]


def test_what_comes_of_a_button_is_a_widget_a_table_or_a_text(page):
    other = Form("a look", "", (), {}, lambda *_: None, lambda: None)
    page.tell("look", other, ["a warning"])
    assert (page.panels["look"], page.forms["look"].text) == (other, "a warning")
    page.tell("predict", pa.table({"x": [1]}), [])
    assert (page.forms["predict"].table.num_rows, page.forms["predict"].text) == (1, "")
    page.tell("predict", "done", ["twice"])
    assert page.forms["predict"].text == "done\ntwice"


def test_a_panel_that_is_replaced_is_closed_but_one_that_is_looked_at_may_come_again(page):
    forms = [Form(str(i), "", (), {}, lambda *_: None, lambda: None) for i in range(5)]
    for name, first, second in (("predict", *forms[:2]), ("look", *forms[2:4])):
        page.tell(name, first, [])
        page.panels[BESIDE] = forms[4]
        page.tell(name, second, [])
        assert page.panels[name] is second
        assert (first.comm is None) == (name == "predict")
        assert (BESIDE in page.panels) == (name == "predict")
    page.clear()
    assert page.panels == {}
    assert [form.comm is None for form in forms] == [True, True, False, False, False]
