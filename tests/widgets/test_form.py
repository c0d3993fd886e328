"""A form: what is typed reaches its step, what came of it is shown, and errors point at the word."""

import json
import xml.etree.ElementTree as ET

import pyarrow as pa
import pytest

from widgets._form import LONGEST, Field, Form
from widgets._job import Ticket
from workbench.errors import QueryError, WorkbenchError

FIELDS = (
    Field("query", "query", "PREDICT", "area"),
    Field("split", "for", "test", "choice", options=("test", "val")),
)


@pytest.fixture
def form():
    return made([])


def made(pressed):
    return Form(
        "2 Query",
        "note",
        FIELDS,
        {"ask": "Ask"},
        lambda *args: pressed.append(args),
        lambda: pressed.append("stop"),
    )


def meta(form):
    return form._payload["meta"]


def test_a_click_brings_what_was_typed():
    pressed = []
    form = made(pressed)
    form._receive(form, {"kind": "act", "action": "ask", "values": {"query": "Q", "split": "val"}}, [])
    assert pressed == [("ask", {"query": "Q", "split": "val"})]
    assert [field["value"] for field in meta(form)["fields"]] == ["Q", "val"]
    form.press("ask", query="R")
    assert pressed[-1] == ("ask", {"query": "R", "split": "val"})
    form._receive(form, {"kind": "cancel"}, [])
    assert pressed[-1] == "stop"


@pytest.mark.parametrize(
    "message", [{"action": "drop", "values": {}}, {"action": "ask", "values": {"table": "x"}}]
)
def test_what_the_form_does_not_have_is_refused_in_sight(form, message):
    form._receive(form, {"kind": "act", **message}, [])
    assert "Allowed: ask; fields query, split" in meta(form)["error"]


def test_an_error_points_at_its_word_until_the_next_try(form):
    error = QueryError("no table 'ordrs'")
    error.place = (14, 19)
    form.show_error(error)
    assert (meta(form)["mark"], "ordrs" in meta(form)["error"]) == ([14, 19], True)
    form.press("ask")
    assert (meta(form)["mark"], meta(form)["error"]) == (None, "")
    form.show_error(WorkbenchError("no place"))
    assert meta(form)["mark"] is None


def test_a_call_under_way_is_shown_with_its_progress_and_locks_the_others(form):
    ticket = Ticket("ingest", lambda: None)
    ticket.tell(3, 10)
    form.wait_for(ticket, True)
    assert meta(form)["busy"] == {"label": "ingest", "fraction": 0.3}
    form.wait_for(None, True)
    assert (meta(form)["busy"], meta(form)["locked"]) == (None, True)


def test_a_table_is_turned_page_by_page(form):
    form.put(table=pa.table({"entity": range(10_000)}))
    assert meta(form)["table"]["rows"][0] == ["0"]
    form._receive(form, {"kind": "page", "start": 5_005}, [])
    assert ["5005"] in meta(form)["table"]["rows"]
    assert len(json.dumps(meta(form))) < 3_000


def test_text_without_end_is_cut_and_the_picture_is_one(form):
    form.put(text="<b>&\x00\u202e" + "x" * 10**6)
    assert len(meta(form)["text"]) < LONGEST + 10
    picture, line = form.still()
    assert {node.tag.rpartition("}")[2] for node in ET.fromstring(picture).iter()} == {"svg", "text"}
    assert len(line) < 500


def test_what_is_offered_follows_and_a_choice_stays_where_it_can(form):
    form.offer(split=("val", "late"))
    assert (form.values["split"], meta(form)["fields"][1]["options"]) == ("val", ("val", "late"))
    form.press("ask", split="late")
    form.offer(split=("early", "late"))
    assert form.values["split"] == "late"
    form.offer(split=())
    assert (form.values["split"], form.values["query"]) == ("", "PREDICT")
