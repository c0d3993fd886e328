"""The time of a row: chosen with a reason, refused where it would hide rows, doubts said."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.schema import Schema


def inferred(**columns: Any) -> Schema:
    return infer_schema({"things": pa.table(columns)})


@pytest.mark.parametrize(
    ("columns", "time", "end"),
    [
        (["created_at", "updated_at"], "created_at", None),
        (["start_time", "end_time"], "start_time", "end_time"),
        (["dob"], None, None),
        (["dob", "signup_date"], "signup_date", None),
        (["expires"], "expires", None),
        (["shipped", "order_date", "due_date"], "order_date", None),
        (["anything"], "anything", None),
    ],
)
def test_the_time_of_a_row(columns: list[str], time: str | None, end: str | None) -> None:
    stamps = pa.array([0, 1], pa.timestamp("s"))
    table = inferred(**dict.fromkeys(columns, stamps))["things"]
    assert (table.time, table.end_time) == (time, end)


def test_several_clocks_are_said() -> None:
    stamps = pa.array([0, 1], pa.timestamp("s"))
    schema = inferred(created_at=stamps, approved=stamps)
    assert any("created_at is taken as the time of a row, not approved" in note for note in schema.notes)
    assert "time created_at (named most like the moment of a row" in schema.describe()


def test_a_later_change_that_many_rows_lack_is_not_the_time_of_a_row() -> None:
    """Taking it would hide the products that never sold out, for ever."""
    sold_out = pa.array([3_600, None, None, None], pa.timestamp("s"))
    schema = inferred(price=[1.0, 2.0, 3.0, 4.0], sold_out_at=sold_out)
    assert schema["things"].time is None
    assert schema.static_tables == ("things",)
    assert "static: always visible" in schema.describe()
    [note] = [note for note in schema.notes if "sold_out_at" in note]
    assert "not taken as the time of a row: it is named like a later change" in note
    assert "75% of its rows have no value, and would never be visible" in note
    assert "schema.set_time('things', 'sold_out_at')" in note


def test_an_expiry_that_lies_ahead_is_not_the_time_of_a_row() -> None:
    ahead = pa.array([dt.datetime(2190, 1, 1, 10), dt.datetime(2191, 1, 1, 10)])
    schema = inferred(n=[1, 2], valid_until=ahead)
    assert schema["things"].time is None
    assert any("100% of its values lie in the future" in note for note in schema.notes)


@pytest.mark.parametrize(
    ("name", "values", "doubt"),
    [
        ("updated_at", [3_600, 7_200], "but its name says a later change of the row; choose with"),
        ("at", [3_600, None], "but 50% of its rows have no value, and would never be visible"),
        ("starts", [6_950_000_000, 6_950_000_001], "but 100% of its values lie in the future"),
    ],
)
def test_a_doubtful_choice_is_kept_and_said(name: str, values: list[Any], doubt: str) -> None:
    schema = inferred(**{"n": [1, 2], name: pa.array(values, pa.timestamp("s"))})
    assert schema["things"].time == name
    assert f"time {name} (the only timestamp that can be it" in schema.describe()
    assert any(
        f"things.{name}: taken as the time of a row" in note and doubt in note for note in schema.notes
    )


@pytest.mark.parametrize(
    "days",
    [
        pa.array([dt.date(2024, 1, 1), dt.date(2024, 1, 2)]),
        pa.array([0, 86_400], pa.timestamp("s")),
        pa.array(["2024-01-01", "2024-01-02"]),
    ],
)
def test_days_are_known_from_midnight_on_and_that_is_said(days: pa.Array) -> None:
    tables = {"games": pa.table({"goals": [1, 2], "day": days})}
    schema = infer_schema(tables)
    assert "time day (" in schema.describe()
    assert "dates without a clock: known from 00:00" in schema.describe()
    [note] = [note for note in schema.notes if "games.day: every time is midnight" in note]
    edit = note.split("say tables = ")[1]
    moved = eval(edit, {"tables": read_tables(tables)})
    ends = moved.query(
        "SELECT count(*) FILTER (date_trunc('second', day) = date_trunc('day', day) + "
        "INTERVAL 86399 SECOND) AS n FROM games"
    )
    assert ends["n"].to_pylist() == [2]
    assert not any("midnight" in note for note in infer_schema(moved).notes)
    with_clock = pa.array([0, 86_401], pa.timestamp("s"))
    assert not any("midnight" in note for note in inferred(at=with_clock).notes)
