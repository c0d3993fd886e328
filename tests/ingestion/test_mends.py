"""A mend says what it does, as Python and in words, and does it, whatever the names."""

import datetime as dt

import pyarrow as pa
import pytest

from workbench.ingestion.infer import infer_schema
from workbench.ingestion.mends import date_mends, midnight_mend, number_mend
from workbench.ingestion.profile import profile_table
from workbench.ingestion.tables import read_tables
from workbench.schema import Stype

ISO = ["2024-01-31", "2024-02-29 10:00", "2024-03-01", "2024-04-02", "n/a"]
HOSTILE = 'a "day"\'s'


def mended(values, mends, name="day"):
    """What the mends of a column make of it, and how they are told."""
    tables = read_tables({"t": pa.table({name: values})})
    found = mends(profile_table(tables, "t")[name], "t")
    for mend in found:
        names = {"tables": tables}
        exec(mend.line, names)
        assert names["tables"].arrow("t").equals(mend.of(tables).arrow("t"))
    return [mend.of(tables).arrow("t")[name].to_pylist() for mend in found], [m.told for m in found]


@pytest.mark.parametrize("name", ["day", HOSTILE])
@pytest.mark.parametrize(
    ("values", "read"),
    [
        (["31.12.2020", "01.02.2021"] * 9, [[dt.datetime(2020, 12, 31), dt.datetime(2021, 2, 1)]]),
        (
            ["01/02/2020", "03/04/2020"] * 9,
            [
                [dt.datetime(2020, 2, 1), dt.datetime(2020, 4, 3)],
                [dt.datetime(2020, 1, 2), dt.datetime(2020, 3, 4)],
            ],
        ),
        (ISO, [[dt.datetime(2024, 1, 31), dt.datetime(2024, 2, 29, 10)]]),
        (["a", "b"], []),
    ],
)
def test_dates_are_read_in_every_form_that_they_may_have(values, read, name):
    found, told = mended(values, date_mends, name)
    assert [each[:2] for each in found] == read
    assert all("such as" in words for words in told)
    assert not any(None in each[:4] for each in found)


@pytest.mark.parametrize("name", ["price", HOSTILE])
def test_texts_become_numbers(name):
    assert mended(["1.5", "-2", "x"], lambda *of: [number_mend(*of)], name)[0] == [[1.5, -2.0, None]]


@pytest.mark.parametrize("days", [["2024-01-31", "2024-02-01"], [dt.date(2024, 1, 31), dt.date(2024, 2, 1)]])
def test_days_become_known_at_their_end_and_need_no_more(days):
    end = {"hour": 23, "minute": 59, "second": 59, "microsecond": 999_999}
    (found,), _ = mended(days, lambda p, table: [midnight_mend(table, p.name)])
    assert found == [dt.datetime(2024, 1, 31).replace(**end), dt.datetime(2024, 2, 1).replace(**end)]
    tables = midnight_mend("t", "day").of(read_tables({"t": pa.table({"day": days, "x": [1.5, 2.5]})}))
    schema = infer_schema(tables)
    assert schema["t"].column("day").stype is Stype.TIMESTAMP
    assert not any("midnight" in note for note in schema.notes)
