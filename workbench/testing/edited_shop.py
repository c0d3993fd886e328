"""A small shop that is edited, beside a pandas model of what it must hold: for tests of updates."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.ingestion.build import ingest
from workbench.ingestion.edit import Editing
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.dataset import DATA_FOLDERS, Dataset, content_problem
from workbench.stores.protocols import Read
from workbench.stores.sql import ROW, quote_name
from workbench.stores.ssd_features import SsdFeatures

SCHEMA = Schema(
    (
        Table(
            "users",
            (
                Column("user_id", Stype.ID),
                Column("city", Stype.CATEGORICAL),
                Column("age", Stype.NUMERICAL),
                Column("face", Stype.EMBEDDING),
            ),
            "user_id",
        ),
        Table(
            "orders",
            (
                Column("user_id", Stype.ID),
                Column("at", Stype.TIMESTAMP),
                Column("amount", Stype.NUMERICAL),
                Column("due", Stype.TIMESTAMP),
            ),
            time="at",
            foreign_keys=(ForeignKey("user_id", "users"),),
        ),
    )
)
EDITABLE = {"users": ("city", "age", "face"), "orders": ("amount", "due")}
"""Columns of each table that edits may change."""


@dataclass
class Model:
    """What the dataset holds: frames indexed by row id, without deleted rows."""

    frames: dict[str, pd.DataFrame]
    rows: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Model:
        """A copy that later edits do not change."""
        return Model({name: frame.copy() for name, frame in self.frames.items()}, dict(self.rows))


def make_shop(
    path: Path, rng: np.random.Generator, users: int = 30, orders: int = 80, **options: Any
) -> Model:
    """Ingest a random shop."""
    begin = np.datetime64("2026-01-01", "us")
    frames = {
        "users": pd.DataFrame({"user_id": rng.permutation(1000)[:users], **values("users", users, rng)}),
        "orders": pd.DataFrame(
            {
                "user_id": rng.integers(0, 1000, orders),
                "at": begin + np.sort(rng.integers(0, 10**6, orders)).astype("m8[s]"),
                **values("orders", orders, rng),
            }
        ),
    }
    known = frames["users"]["user_id"].to_numpy()
    frames["orders"]["user_id"] = known[rng.integers(0, users, orders)]
    tables = {name: pa.Table.from_pandas(frame, preserve_index=False) for name, frame in frames.items()}
    ingest(tables, SCHEMA, path, **options)
    return Model(frames, {name: len(frame) for name, frame in frames.items()})


def values(table: str, count: int, rng: np.random.Generator) -> dict[str, Any]:
    """Random values for the editable columns of a table, gaps among them."""
    gaps = rng.random(count) < 0.2
    if table == "orders":
        due = np.datetime64("2026-02-01", "us") + rng.integers(0, 10**6, count).astype("m8[s]")
        return {
            "amount": np.where(gaps, np.nan, rng.integers(0, 1000, count) / 4),
            "due": np.where(rng.random(count) < 0.2, np.datetime64("NaT"), due),
        }
    cities = np.array([None, "Bern", "Basel", "Zug", "Chur", f"new {rng.integers(50)}"], object)
    return {
        "city": cities[rng.integers(0, len(cities), count)],
        "age": np.where(rng.random(count) < 0.2, np.nan, rng.integers(0, 99, count)).astype(np.float64),
        "face": [
            None if gap else rng.integers(0, 9, 3).astype(np.float32) for gap in rng.random(count) < 0.2
        ],
    }


def random_edit(edit: Editing, model: Model, rng: np.random.Generator) -> None:
    """One random call of an edit, and the same on the model."""
    table = str(rng.choice(list(model.frames)))
    frame = model.frames[table]
    ids = rng.permutation(frame.index.to_numpy())[: int(rng.integers(0, 6))]
    by_key = table == "users" and rng.random() < 0.5
    if rng.random() < 0.25:
        ids = ids[:2]
        edit.delete(table, **({"keys": frame.loc[ids, "user_id"].tolist()} if by_key else {"ids": ids}))
        model.frames[table] = frame[~frame.index.isin(ids)].copy()
        return
    names = [name for name in EDITABLE[table] if rng.random() < 0.6]
    new = {name: value for name, value in values(table, len(ids), rng).items() if name in names}
    if not (new or by_key):
        return
    put = bool(rng.random() < 0.3)
    for name in EDITABLE[table]:
        if name in new or put:
            column: Any = frame[name].astype(object)
            given = new.get(name, [None] * len(ids))
            for row, value in zip(ids, given, strict=True):
                column.at[row] = _plain(value) if not isinstance(value, np.ndarray) else value
            frame[name] = column
    rows: dict[str, Any] = {name: pa.array(value, from_pandas=True) for name, value in new.items()}
    if by_key:
        rows["user_id"] = frame.loc[ids, "user_id"].to_numpy()
    change = edit.put if put else edit.update
    change(table, rows, ids=None if by_key else ids)


def check_shop(dataset: Dataset, store: SsdFeatures, model: Model) -> None:
    """Tables, features and row counts of a snapshot are those of the model."""
    queries = {
        table: f"SELECT {', '.join(map(quote_name, [*frame.columns, ROW]))} FROM {quote_name(table)}"
        for table, frame in model.frames.items()
    }
    with dataset.duckdb() as connection:  # one for all tables: to open one takes as long as the rest
        tables = {
            table: connection.sql(f"{query} ORDER BY {ROW}").to_arrow_table()
            for table, query in queries.items()
        }
    for table, frame in model.frames.items():
        found = tables[table]
        assert dataset.manifest.rows(table) == model.rows[table]
        assert found.column(ROW).to_pylist() == frame.index.tolist(), table
        for name in frame.columns:
            assert list(map(_plain, found.column(name).to_pylist())) == list(map(_plain, frame[name])), name
        _check_features(dataset, store, table, model)


def assert_sound(path: Path) -> None:
    """As ``verify``, but without its child process, which takes a second; no file is left over."""
    entries = Dataset.open(path).manifest.kept_files
    files = (file for folder in DATA_FOLDERS for file in (path / folder).rglob("*") if file.is_file())
    assert {file.relative_to(path).as_posix() for file in files} == {entry.path for entry in entries}
    assert not [problem for entry in entries if (problem := content_problem(path, entry))]


def _check_features(dataset: Dataset, store: SsdFeatures, table: str, model: Model) -> None:
    frame = model.frames[table]
    block = store.multi_get([Read(table, np.arange(model.rows[table]))])[0]
    gone = np.setdiff1d(np.arange(model.rows[table]), frame.index)
    assert not block.data[gone].any()
    for place, column in enumerate(block.layout.columns):
        if column.name not in frame:  # hashed text cannot be read back
            continue
        read, present = block.column(column.name)[frame.index], block.present()[frame.index, place]
        words = ["", *dataset.dictionary(table, column.name)] if column.section == "categorical" else None
        for value, there, wanted in zip(read.tolist(), present, map(_plain, frame[column.name]), strict=True):
            assert there == (wanted is not None)
            if there:
                assert (words[value] if words else value) == _coded(wanted)


def _plain(value: Any) -> Any:
    """None for every missing value, plain Python otherwise."""
    if isinstance(value, (list, np.ndarray)):
        return [float(x) for x in value]
    if value is None or pd.isna(value):
        return None
    return (
        pd.Timestamp(value)
        if isinstance(value, (np.datetime64, pd.Timestamp)) or hasattr(value, "year")
        else value
    )


def _coded(value: Any) -> Any:
    """A value as its feature holds it: instants as microseconds."""
    return value.value // 1000 if isinstance(value, pd.Timestamp) else value
