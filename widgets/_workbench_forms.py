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
    "flat": "Split a flat table",
    "edit": "Edit the schema",
    "data": "1 Data",
    "query": "2 Query",
    "plan": "3 Plan",
    "look": "Look at what the plan draws",
    "predict": "4 Predictions",
    "runs": "Saved runs",
    "code": "The same in Python",
}

NOTES = {
    "flat": "Add a table for each thing that has a key of its own, move its columns there, and split. With a "
    "time, things are known from their first row on.",
    "edit": "What is said here is seen above at once, in the notes below, and in the code. Once ingested, a "
    "schema stays.",
    "data": "Above: what was found in the tables. Ingest writes them to a folder as a graph, once; a dataset "
    "that is there is opened, never overwritten.",
    "query": "PREDICT a column, or COUNT, SUM, AVG, MIN, MAX, LIST_DISTINCT(table.column, from, to, days), "
    "alone or compared (> 0), FOR EACH table.key; WHERE and ASSUMING choose rows. What is left empty is "
    "chosen for you.",
    "plan": "Suggested, with reasons. Change a number here, or neighbours in the table above.",
    "look": "One at a time, below. Subgraphs follow the neighbours as they are edited; metapaths and "
    "candidates change the plan.",
    "predict": "For a split, or for all or some entities at an instant. Explain takes the first few of them.",
    "runs": "A run that is loaded brings its query and its plan.",
    "code": "",
}

NO_QUERY = (
    "No query to begin with was found: no table with a time points at just one table with a key. Say times, "
    "keys and links of the tables before an ingest, or write a query: PREDICT users.age FOR EACH users.id"
)
"""What is said where there is no first query."""

SPLIT = Field("split", "for", "test", "choice", options=("test", "val", "train", AT))
KEYS = Field("entities", "keys", hint="17, 42; empty: all")

FIELDS = {
    "flat": (
        Field("key", "key column", kind="choice"),
        Field("name", "of the entity", hint="customers"),
        Field("column", "column", kind="choice"),
        Field("entity", "goes to", kind="choice"),
        Field("time", "time", kind="choice"),
        Field("rest", "the rows are called", "rows"),
    ),
    "edit": (
        Field("column", "column", kind="choice"),
        Field("role", "is", kind="choice"),
        Field("table", "table", kind="choice"),
        Field("mend", "as a note proposes", kind="choice"),
    ),
    "data": (Field("folder", "folder", hint="stores/shop"),),
    "query": (
        Field("query", "query", kind="area"),
        Field("val", "validation from", hint="2026-01-01, 90 days or 0.2"),
        Field("test", "test from", hint="2026-02-01, 30 days or 0.1"),
        Field("every", "an anchor every", hint="7 days"),
        Field("train_windows", "anchors of training at most", kind="number", hint="10"),
    ),
    "plan": tuple(Field(name, name.replace("_", " "), kind="number") for name in PLAN),
    "look": (
        Field("split", "seeds of", "val", "choice", options=("val", "train", "test")),
        Field("entities", "keys", hint="17, 42; empty: the first"),
        Field("most", "at most", "2", "number"),
    ),
    "predict": (
        SPLIT,
        Field("at", "at", hint="2026-03-01 14:00"),
        KEYS,
        Field("path", "file", "predictions.parquet"),
    ),
    "runs": (Field("folder", "folder", hint="runs/first"),),
    "code": (),
}

ACTIONS = {
    "flat": {"entity": "Add the entity", "move": "Move the column", "split": "Split", "anew": "Begin anew"},
    "edit": {
        "say": "Say so of the column",
        "say_table": "Say so of the table",
        "mend": "Read the column so",
        "undo": "Undo",
    },
    "data": {"ingest": "Ingest", "open": "Open what is there"},
    "query": {"ask": "Ask"},
    "plan": {"train": "Train"},
    "look": {
        "subgraph": "Subgraph",
        "cutoffs": "Cutoffs",
        "batches": "Batches",
        "metapaths": "Metapaths",
        "candidates": "Candidates",
        "hide": "Hide",
    },
    "predict": {
        "predict": "Predict",
        "measure": "Measure",
        "write": "Write to the file",
        "explain": "Explain",
        "hide": "Hide",
    },
    "runs": {"load": "Load", "save": "Save", "compare": "Compare", "hide": "Hide"},
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
