"""Encoders over a real store: nothing of the future, the same at inference, the same as the model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import workbench as wb
from workbench.errors import SchemaError, TrainingError
from workbench.schema import Schema, Stype
from workbench.types import AnyArray

ROWS, PAST = 400, 300
CUT = "2024-01-01"
ENCODINGS = {
    "events.price": "log",
    "events.weight": {"method": "robust", "fill": "median"},
    "events.kind": {"rare": 20},
}


@dataclass(frozen=True)
class Source:
    """A table in time order, of which ``PAST`` rows are before the cut."""

    frame: pd.DataFrame

    def table(self) -> pa.Table:
        """As it is ingested."""
        table = pa.Table.from_pandas(self.frame, preserve_index=False)
        at = table.column_names.index("vector")
        return table.set_column(at, "vector", table["vector"].cast(pa.list_(pa.float32())))


def source(rng: np.random.Generator) -> Source:
    days = pd.Timestamp(CUT) + pd.to_timedelta(
        np.sort(np.r_[-rng.integers(0, 300, PAST), rng.integers(1, 90, ROWS - PAST)]), "D"
    )
    frame = pd.DataFrame(
        {
            "at": days,
            "price": np.where(rng.random(ROWS) < 0.1, np.nan, rng.lognormal(3, 1, ROWS)),
            "weight": np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(5, 2, ROWS)),
            "kind": rng.choice(["a", "b", "c", "rare", None], ROWS, p=[0.4, 0.3, 0.2, 0.02, 0.08]),
            "tags": [
                None if rng.random() < 0.1 else list(rng.choice(list("uvwxyz"), rng.integers(0, 4)))
                for _ in range(ROWS)
            ],
            "vector": list(rng.normal(0, 3, (ROWS, 3))),
            "note": rng.choice(["fast and good", "slow", "never again"], ROWS),
            "due": days + pd.to_timedelta(rng.integers(-50, 50, ROWS), "D"),
        }
    )
    frame.loc[0, "tags"] = None
    frame.at[1, "tags"] = list("uvw")
    return Source(frame)


def schema() -> Schema:
    stypes = {
        "at": Stype.TIMESTAMP, "price": Stype.NUMERICAL, "weight": Stype.NUMERICAL,
        "kind": Stype.CATEGORICAL, "tags": Stype.MULTICATEGORICAL, "vector": Stype.EMBEDDING,
        "note": Stype.TEXT, "due": Stype.TIMESTAMP,
    }  # fmt: skip
    columns = tuple(wb.Column(name, stype) for name, stype in stypes.items())
    return Schema((wb.Table("events", columns, None, "at"),))


def engine_of(table: pa.Table, path: Path) -> wb.Engine:
    wb.ingest({"events": table}, schema(), path)
    return wb.open(path)


@pytest.fixture(scope="module")
def given() -> Source:
    return source(np.random.default_rng(5))


@pytest.fixture(scope="module")
def engine(given: Source, tmp_path_factory: pytest.TempPathFactory) -> wb.Engine:
    return engine_of(given.table(), tmp_path_factory.mktemp("encoders") / "s")


@pytest.fixture(scope="module")
def encoders(engine: wb.Engine) -> wb.Encoders:
    return engine.encoders(until=CUT, encodings=ENCODINGS)


def block(engine: wb.Engine, ids: AnyArray) -> wb.FeatureBlock:
    return engine.features.multi_get([wb.Read("events", ids)])[0]


def shifted(given: Source) -> pa.Table:
    """The future moved by 1,000 standard deviations, in every type of column."""
    frame = given.frame.copy()
    late = frame.index >= PAST
    for name in ("price", "weight"):
        frame.loc[late, name] += 1000 * frame[name].std()
    frame["vector"] = [v + 1000 * 3.0 * after for v, after in zip(frame["vector"], late, strict=True)]
    frame.loc[late, "kind"] = [f"new {i}" for i in range(late.sum())]
    frame["tags"] = [
        ["novel", "u", "w"] if after else t for t, after in zip(frame["tags"], late, strict=True)
    ]
    frame.loc[late, "note"] = "words that nobody used before"
    frame.loc[late, "due"] += pd.Timedelta(days=20_000)
    return Source(frame).table()


def test_the_future_shifted_by_a_thousand_sigma_changes_nothing(
    given: Source, encoders: wb.Encoders, tmp_path: Path
) -> None:
    moved = engine_of(shifted(given), tmp_path / "moved")
    without = engine_of(given.table().slice(0, PAST), tmp_path / "without")
    for other in (moved, without):
        assert other.encoders(until=CUT, encodings=ENCODINGS) == encoders
    assert encoders.statistics.rows == {"events": PAST}
    assert moved.encoders(encodings=ENCODINGS) != encoders, "they do follow what they are fitted on"


def test_statistics_are_those_of_pandas(given: Source, encoders: wb.Encoders) -> None:
    past = given.frame[:PAST]
    found = {each.column.name: each for each in encoders.statistics.tables["events"]}
    price = past["price"].astype(np.float32).astype(float)
    clipped = np.log1p(price.clip(price.quantile(0.005), price.quantile(0.995)))
    assert found["price"].mean == pytest.approx(clipped.mean())
    assert found["price"].scale == pytest.approx(clipped.std(ddof=0))
    assert found["weight"].fill == pytest.approx(past["weight"].median(), rel=1e-6)
    counts = past["kind"].value_counts()
    frequent = [word for word in encoders.words["events.kind"] if counts[word] >= 20]
    assert [encoders.words["events.kind"][code - 1] for code in found["kind"].codes] == frequent
    assert set(encoders.words["events.kind"]) == set(counts.index)
    assert found["price"].missing == pytest.approx(past["price"].isna().mean())


def test_rows_of_the_store_and_of_the_source_give_the_same_numbers(
    given: Source, engine: wb.Engine, encoders: wb.Encoders
) -> None:
    anchors = given.frame["at"].to_numpy("datetime64[us]").astype(np.int64)
    stored = encoders.transform("events", block(engine, np.arange(ROWS)), anchors)
    again = wb.Encoders.from_dict(json.loads(json.dumps(encoders.to_dict())))
    assert again == encoders
    fresh = again.transform("events", given.table(), anchors)
    assert list(stored) == list(fresh) == ["price", "weight", "kind", "tags", "vector", "note", "due"]
    for name in stored:
        np.testing.assert_array_equal(stored[name], fresh[name], err_msg=name)
        assert stored[name].dtype == fresh[name].dtype


def test_there_and_back(given: Source, engine: wb.Engine, encoders: wb.Encoders) -> None:
    now = wb.instant(CUT)
    back = encoders.inverse("events", encoders.transform("events", block(engine, np.arange(ROWS)), now), now)
    frame, words = given.frame, encoders.words["events.kind"]
    for name in ("price", "weight"):
        np.testing.assert_allclose(back[name].to_pandas(), frame[name], rtol=1e-5, atol=1e-4)
    frequent = {w for w in words if (frame["kind"][:PAST] == w).sum() >= 20}
    assert back["kind"].to_pylist() == [kind if kind in frequent else None for kind in frame["kind"]]
    assert back["tags"].to_pylist() == [t if t is None else list(dict.fromkeys(t)) for t in frame["tags"]]
    known = frame["due"].where(frame["due"] <= CUT)
    assert back["due"].to_pylist() == [None if pd.isna(due) else due.to_pydatetime() for due in known]
    np.testing.assert_allclose(np.stack(back["vector"].to_pylist()), np.stack(frame["vector"]), rtol=1e-5)
    only = encoders.inverse("events", {"price": encoders.transform("events", given.table(), now)["price"]})
    assert only.column_names == ["price"]


def test_they_are_saved_and_are_those_of_a_fit(
    encoders: wb.Encoders, engine: wb.Engine, tmp_path: Path
) -> None:
    encoders.save(tmp_path / "encoders.json")
    assert wb.Encoders.load(tmp_path / "encoders.json") == encoders
    assert wb.Encoders.of(engine.dataset, encoders.statistics) == encoders
    for broken in ({}, {"format": 2}, {**encoders.to_dict(), "words": 3}):
        with pytest.raises(TrainingError, match="encoders were read: they are malformed"):
            wb.Encoders.from_dict(broken)


def test_texts_that_a_callable_encoded_ask_for_it_again(given: Source, tmp_path: Path) -> None:
    def encode(texts: list[str]) -> AnyArray:
        return np.array([[len(text), text.count("o")] for text in texts], float)

    wb.ingest({"events": given.table()}, schema(), tmp_path / "s", texts={"events.note": encode})
    engine = wb.open(tmp_path / "s")
    encoders = engine.encoders()
    now = wb.instant(CUT)
    with pytest.raises(SchemaError, match=r"texts of events\.note .* Pass texts="):
        encoders.transform("events", given.table(), now)
    fresh = encoders.transform("events", given.table(), now, texts={"events.note": encode})
    np.testing.assert_array_equal(
        fresh["note"], encoders.transform("events", block(engine, np.arange(ROWS)), now)["note"]
    )


def test_unknown_names_are_explained(given: Source, encoders: wb.Encoders) -> None:
    with pytest.raises(SchemaError, match=r"table 'event' .*Did you mean 'events'"):
        encoders.transform("event", given.table())
    with pytest.raises(SchemaError, match=r"column 'price' of the given rows"):
        encoders.transform("events", given.table().drop_columns("price"), 0)
    with pytest.raises(SchemaError, match=r"column 'prise' of table 'events'.*Did you mean 'price'"):
        encoders.inverse("events", {"prise": np.zeros((1, 2))})
    with pytest.raises(SchemaError, match="got a dict"):
        encoders.transform("events", {})
