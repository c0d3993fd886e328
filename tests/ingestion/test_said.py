"""Of a choice that tables deny it is said what becomes of it; of one that they bear out nothing."""

import datetime as dt

import pyarrow as pa
import pytest

from workbench.errors import IngestError
from workbench.ingestion.build import ingest
from workbench.ingestion.profile import profile_table
from workbench.ingestion.review import review_schema
from workbench.ingestion.said import said_key, said_link, said_time, said_type
from workbench.ingestion.tables import read_tables
from workbench.schema import Column, Schema, Stype, Table

ORDERS = {
    "user": [1, 2, 9, 8],
    "good": [1, 2, 3, 3],
    "text": ["1", "2", "3", "4"],
    "day": ["2024-01-01", "soon", "2024-01-03", "x"],
    "late": pa.array([dt.datetime(2024, 1, 1), None, None, None]),
    "count": [1, 2, 3, 4],
    "some": [1, 2, 3, 1_700_000_000],
    "name": ["a", "b", "c", "d"],
    "half": ["1", "2", "x", "y"],
    "part": [0.5, 1.5, 2.5, 3.5],
    "since": [1_700_000_000, 1_700_000_001, 1_700_000_002, 1_700_000_003],
    "yes": [True, False, True, True],
    "nothing": pa.array([None] * 4, pa.string()),
}
USERS = {"id": [1, 2, 3, 4], "name": ["a", "a", None, None]}


@pytest.fixture(scope="module")
def tables():
    return read_tables({"users": pa.table(USERS), "orders": pa.table(ORDERS)})


@pytest.fixture(scope="module")
def profiles(tables):
    return {name: profile_table(tables, name) for name in tables.names}


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (None, ""),
        ("id", ""),
        ("name", "users.name: the primary key, but 1 rows repeat a value and 2 rows have none"),
    ],
)
def test_a_key_has_a_value_in_every_row_and_each_once(tables, profiles, key, told):
    notes = said_key(tables, Table("users", (), key), profiles)
    assert (len(notes), "".join(notes).startswith(told)) == (bool(told), True)


@pytest.mark.parametrize(
    ("column", "key", "told"),
    [
        ("good", "id", ""),
        ("nothing", "name", ""),
        ("user", "id", "orders.user: a link to users, but only 50% of its values are keys there"),
        ("text", "id", "text is text, and its key id is a number, which an ingest refuses"),
        ("user", None, "which has no key: its values are read as row numbers there, from 0"),
    ],
)
def test_a_link_finds_its_rows(tables, profiles, column, key, told):
    notes = said_link(tables, "orders", column, Table("users", (), key), profiles)
    assert (len(notes), told in "".join(notes)) == (bool(told), True)


def test_a_time_that_most_rows_lack_hides_them(profiles):
    assert said_time("orders", profiles["orders"]["since"]) == []
    (note,) = said_time("orders", profiles["orders"]["late"])
    told = "but 75% of its rows have no value, and would never be visible"
    assert note == f"orders.late: the time of a row, {told}"


@pytest.mark.parametrize(
    ("column", "stype", "told"),
    [
        ("day", "timestamp", "50% of its texts are no ISO times"),
        ("count", "timestamp", "its numbers, 1 to 4, do not count since 1970, which an ingest refuses"),
        ("some", "timestamp", "its numbers, 1 to 1.7e+09, do not all count since 1970; the others are lost"),
        ("yes", "timestamp", "its values are BOOLEAN, which an ingest refuses"),
        ("name", "timestamp", "none of its texts is an ISO time, which an ingest refuses"),
        ("late", "timestamp", ""),
        ("since", "timestamp", ""),
        ("nothing", "timestamp", ""),
        ("day", "numerical", "none of its texts is a number, which an ingest refuses"),
        ("half", "numerical", "50% of its texts are no numbers, and would be missing"),
        ("text", "numerical", ""),
        ("text", "embedding", "its values are VARCHAR, no lists, which an ingest refuses"),
        ("day", "text", ""),
        ("day", "set_aside", ""),
    ],
)
def test_a_type_fits_the_values(profiles, column, stype, told):
    notes = said_type("orders", Column(column, Stype(stype)), profiles["orders"][column])
    assert (len(notes), told in "".join(notes)) == (bool(told), True)


EDITS = {
    "a key that repeats": lambda s: s.set_primary_key("users", "name"),
    "a key with fractions": lambda s: s.set_primary_key("orders", "part"),
    "a key that is one": lambda s: s.set_primary_key("orders", "since"),
    "a link with fractions": lambda s: s.link("orders", "part", "users"),
    "a link of texts to numbers": lambda s: s.link("orders", "text", "users"),
    "a link that half fits": lambda s: s.link("orders", "user", "users"),
    "a link that fits": lambda s: s.link("orders", "good", "users"),
    "a link to no key": lambda s: s.set_primary_key("users", None).link("orders", "good", "users"),
    **{
        f"{c} as a time": lambda s, c=c: s.set_time("orders", c)
        for c in ("day", "name", "count", "some", "yes")
    },
    **{f"{c} as a number": lambda s, c=c: s.set_stype("orders", c, "numerical") for c in ("half", "name")},
    "texts as lists": lambda s: s.set_stype("orders", "text", "embedding"),
}


@pytest.mark.parametrize("case", EDITS, ids=str)
def test_an_ingest_refuses_what_is_said_to_be_refused_and_nothing_else(tables, case, tmp_path):
    columns = {name: tables.types(name) for name in tables.names}
    plain = [Table(t, tuple(Column(c, Stype.ID) for c in names)) for t, names in columns.items()]
    edited = EDITS[case](Schema(tuple(plain)).set_primary_key("users", "id"))
    told = any("which an ingest refuses" in note for note in review_schema(tables, edited).notes)
    try:
        ingest(tables, edited, tmp_path / "store", callbacks=[])
    except IngestError:
        assert told
    else:
        assert not told
