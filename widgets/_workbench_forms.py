"""The steps of Workbench as forms: which fields and buttons they have, and what they say. Plain values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from widgets._form import Field, Form

AT = "an instant"
"""The choice of whom to predict for that is no split."""

PLAN = ("epochs", "batch_size", "learning_rate", "channels", "layers")
"""Choices of a plan that have a field."""

TITLES = {
    "data": "1 Data",
    "query": "2 Query",
    "plan": "3 Plan",
    "predict": "4 Predictions",
    "code": "The same in Python",
}

NOTES = {
    "data": "Above: what was found in the tables. Ingest writes them to a folder as a graph, once; a dataset "
    "that is there is opened, never overwritten.",
    "query": "PREDICT a column, or COUNT, SUM, AVG, MIN, MAX, LIST_DISTINCT(table.column, from, to, days), "
    "alone or compared (> 0), FOR EACH table.key; WHERE and ASSUMING choose rows. What is left empty is "
    "chosen for you.",
    "plan": "Suggested, with reasons. Change a number here, or neighbours in the table above.",
    "predict": "For a split, or for all or some entities at an instant.",
    "code": "",
}

FIELDS = {
    "data": (Field("folder", "folder", hint="stores/shop"),),
    "query": (
        Field("query", "query", kind="area"),
        Field("val", "validation from", hint="2026-01-01, 90 days or 0.2"),
        Field("test", "test from", hint="2026-02-01, 30 days or 0.1"),
        Field("every", "an anchor every", hint="7 days"),
        Field("train_windows", "anchors of training at most", kind="number", hint="10"),
    ),
    "plan": tuple(Field(name, name.replace("_", " "), kind="number") for name in PLAN),
    "predict": (
        Field("split", "for", "test", "choice", options=("test", "val", "train", AT)),
        Field("at", "at", hint="2026-03-01 14:00"),
        Field("entities", "keys", hint="17, 42; empty: all"),
        Field("path", "file", "predictions.parquet"),
    ),
    "code": (),
}

ACTIONS = {
    "data": {"ingest": "Ingest", "open": "Open what is there"},
    "query": {"ask": "Ask"},
    "plan": {"train": "Train"},
    "predict": {"predict": "Predict", "measure": "Measure", "write": "Write to the file"},
    "code": {},
}


def forms_of(act: Callable[[str, str, dict[str, str]], Any], stop: Callable[[], None]) -> dict[str, Form]:
    """The forms by name.

    Parameters
    ----------
    act : called with the form's name, the action and the texts of the fields
    stop : called when Cancel is pressed
    """
    return {
        name: Form(title, NOTES[name], FIELDS[name], ACTIONS[name], partial(act, name), stop)
        for name, title in TITLES.items()
    }
