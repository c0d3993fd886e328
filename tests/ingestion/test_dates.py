"""Dates that are no ISO texts: named by their values, whatever the column is called, and never guessed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.schema import Schema, Stype

MOMENTS = [dt.datetime(2020, 1, 31, 14, 5), dt.datetime(2021, 2, 1, 10, 0), dt.datetime(2019, 11, 7, 23, 59)]


def note_of(schema: Schema) -> str:
    return next(note for note in schema.notes if "events.seen" in note)


@pytest.mark.parametrize(
    "form",
    [
        "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y %H:%M", "%Y%m%d", "%Y.%m.%d", "%d-%b-%y", "%b %d, %Y", "%d %B %Y",
        "%m/%d/%Y %I:%M %p", "%d.%m.%Y, %H:%M:%S", "%Y%m%d %H%M", "%a, %d %b %Y %H:%M:%S", "%Y-%m", "%m/%Y",
    ],
)  # fmt: skip
def test_the_note_names_the_edit_that_reads_the_dates(form: str) -> None:
    """Oracle: Python's own strptime."""
    texts = [moment.strftime(form) for moment in MOMENTS]
    tables = read_tables({"events": pa.table({"n": [1, 2, 3], "seen": texts})})
    schema = infer_schema(tables)
    assert schema["events"].column("seen").stype is Stype.SET_ASIDE
    assert schema.static_tables == ("events",)
    note = note_of(schema)
    assert note.startswith("events: no time column, so all its rows are visible at every anchor")
    assert f"looks like dates written as {min(texts)!r}; say tables = " in note
    edited = eval(note.split("say tables = ")[1].split(" before infer_schema")[0], {"tables": tables})
    assert edited.arrow("events")["seen"].to_pylist() == [dt.datetime.strptime(t, form) for t in texts]
    assert infer_schema(edited)["events"].time == "seen"


def test_integers_that_are_days() -> None:
    tables = read_tables({"events": pa.table({"n": [1, 2], "seen": [20200131, 20201207]})})
    note = note_of(infer_schema(tables))
    edited = eval(note.split("say tables = ")[1].split(" before infer_schema")[0], {"tables": tables})
    assert edited.arrow("events")["seen"].to_pylist() == [dt.datetime(2020, 1, 31), dt.datetime(2020, 12, 7)]


@pytest.mark.parametrize("texts", [["01/02/2020", "03/04/2020"], ["01/02/20", "03/04/20"]])
def test_day_and_month_that_cannot_be_told_apart_are_not_guessed(texts: list[str]) -> None:
    schema = infer_schema({"events": pa.table({"n": [1, 2], "seen": texts})})
    assert schema["events"].time is None
    assert "which may be read in several ways; say" in note_of(schema)
    assert "%d/%m" in note_of(schema)
    assert "%m/%d" in note_of(schema)


def test_values_that_are_no_dates_are_counted() -> None:
    texts = ["31.01.2020", "02.02.2020", "unknown", "03.02.2020"]
    note = note_of(infer_schema({"events": pa.table({"n": [1, 2, 3, 4], "seen": texts})}))
    assert "(1 of 4 values are not); say" in note
    assert "try_strptime" in note


def test_iso_texts_with_a_few_that_are_none() -> None:
    """One TBD must not make a column of times a category, and its table static, without a word."""
    tables = read_tables({"events": pa.table({"n": [1, 2, 3], "seen": ["2020-01-31", "2020-02-01", "TBD"]})})
    note = note_of(infer_schema(tables))
    assert "ISO times as text, but 1 of 3 are none, such as 'TBD'; say" in note
    edited = eval(note.split("say tables = ")[1].split(" before infer_schema")[0], {"tables": tables})
    assert infer_schema(edited)["events"].time == "seen"


def test_the_ingest_says_it_again(store_path: Path) -> None:
    tables = read_tables({"events": pa.table({"n": [1, 2], "seen": ["31.01.2020", "01.02.2020"]})})
    report = ingest(tables, infer_schema(tables), store_path)
    assert report.static == ("events",)
    assert any("seen (looks like dates written as '01.02.2020'; say tables =" in w for w in report.warnings)


@pytest.mark.parametrize(
    "values",
    [
        ["1.2.10", "1.3.11", "2.0.0"],
        ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
        ["12abc34", "10mmm20", "11xyz99"],
        ["60-83-71", "40-47-59", "20-32-53"],
        ["12345678", "87654321", "55556666"],
        ["1234-56", "2020-17", "9999-88"],
        [20200131, 20200291, 20200101],
    ],
)
def test_codes_and_versions_are_no_dates(values: list[Any]) -> None:
    schema = infer_schema({"events": pa.table({"n": [1, 2, 3], "seen": values})})
    assert not any("dates" in note for note in schema.notes)


def test_dates_beside_a_time_are_said_more_quietly() -> None:
    at = pa.array([1, 2], pa.timestamp("s"))
    schema = infer_schema({"events": pa.table({"at": at, "seen": ["31.01.2020", "01.02.2020"]})})
    assert schema["events"].time == "at"
    assert note_of(schema).startswith("events.seen: set aside: looks like dates written as '01.02.2020'")
