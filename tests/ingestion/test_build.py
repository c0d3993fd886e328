"""Ingest as a whole: equal to a plain pandas oracle on random tables, atomic, cancellable, observable."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import IngestCancelled, IngestError, StoreError
from workbench.events import Event, Progress
from workbench.ingestion import build
from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.schema import Column, EdgeType, ForeignKey, Schema, Stype, Table
from workbench.stores import catalog
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.key_map import KeyMap
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.verify import verify
from workbench.temporal import NO_TIME
from workbench.testing.sizes import cases

SCHEMA = Schema(
    (
        Table(
            "users",
            (
                Column("key", Stype.ID),
                Column("born", Stype.TIMESTAMP),
                Column("kind", Stype.CATEGORICAL),
                Column("size", Stype.NUMERICAL),
            ),
            "key",
            "born",
        ),
        Table(
            "events",
            (
                Column("at", Stype.TIMESTAMP),
                Column("user", Stype.ID),
                Column("other", Stype.ID),
                Column("value", Stype.NUMERICAL),
            ),
            None,
            "at",
            None,
            (ForeignKey("user", "users"), ForeignKey("other", "users")),
        ),
    )
)
DAYS = st.one_of(st.none(), st.integers(0, 6))
KEYS = st.one_of(
    st.lists(st.integers(-9, 9), unique=True, max_size=8), st.lists(st.sampled_from("abcdefgh"), unique=True)
)


@st.composite
def shops(draw: Any) -> dict[str, pd.DataFrame]:
    keys = draw(KEYS)
    rows = draw(st.integers(0, 12))
    known = [*keys, None, "z" if keys and isinstance(keys[0], str) else 77]
    days = [draw(DAYS) for _ in keys]
    kinds = [draw(st.sampled_from(["x", "y", "z", None])) for _ in keys]
    sizes = [draw(st.sampled_from([None, 0.5, -1.0, float("nan"), float("inf")])) for _ in keys]
    users = {"key": keys, "born": days, "kind": kinds, "size": sizes}
    events = {
        "at": [draw(DAYS) for _ in range(rows)],
        "user": [draw(st.sampled_from(known)) for _ in range(rows)],
        "other": [draw(st.sampled_from(known)) for _ in range(rows)],
        "value": list(range(rows)),
    }
    return {"users": pd.DataFrame(users, dtype=object), "events": pd.DataFrame(events, dtype=object)}


def as_arrow(frames: dict[str, pd.DataFrame]) -> dict[str, pa.Table]:
    key = pa.string() if any(isinstance(k, str) for k in frames["users"]["key"]) else pa.int64()
    kinds = {
        "key": key,
        "user": key,
        "other": key,
        "kind": pa.string(),
        "size": pa.float64(),
        "value": pa.float64(),
    }
    tables = {}
    for name, frame in frames.items():
        columns = {}
        for column in frame:
            values = list(frame[column])
            if column in ("born", "at"):
                stamps = [None if v is None else v * 86_400_000_000 for v in values]
                columns[column] = pa.array(stamps, pa.timestamp("us"))
            else:
                columns[column] = pa.array(values, kinds[column])
        tables[name] = pa.table(columns)
    return tables


def in_time_order(frame: pd.DataFrame, time: str) -> pd.DataFrame:
    """The oracle's order: by time, missing last, ties as they came."""
    order = sorted(range(len(frame)), key=lambda i: (frame[time][i] is None, frame[time][i] or 0, i))
    return frame.iloc[order].reset_index(drop=True)


@settings(max_examples=cases(40, 1000))
@given(frames=shops(), id_dtype=st.sampled_from([None, "int64"]))
def test_it_equals_a_plain_oracle(
    frames: dict[str, pd.DataFrame], id_dtype: str | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("ingest") / "store"
    report = ingest(as_arrow(frames), SCHEMA, path, id_dtype=id_dtype)
    dataset = Dataset.open(path)
    graph = GraphArrays.open(dataset)
    users, events = in_time_order(frames["users"], "born"), in_time_order(frames["events"], "at")

    for name, frame, time in (("users", users, "born"), ("events", events, "at")):
        clock = [NO_TIME if day is None else day * 86_400_000_000 for day in frame[time]]
        assert graph.times[name].tolist() == clock
        assert dataset.manifest.dated_rows[name] == sum(t != NO_TIME for t in clock)
    assert dataset.manifest.id_dtype == (id_dtype or "uint32")

    row_of = {key: row for row, key in enumerate(users["key"])}
    assert KeyMap.open(dataset, "users").keys_of(np.arange(len(users))).to_pylist() == list(users["key"])
    stored = dataset.duckdb().execute("SELECT value FROM events ORDER BY __row__").fetchall()
    assert [value for (value,) in stored] == list(events["value"])
    follow = set(dataset.manifest.edges_follow_nodes)
    for column in ("user", "other"):
        check_edges(graph, column, [row_of.get(key) for key in events[column]], len(users), follow)
    check_features(dataset, users)
    assert report.total_rows == len(users) + len(events)


def check_edges(
    graph: GraphArrays, column: str, ends: list[int | None], users: int, follow: set[str]
) -> None:
    into = graph.edges[EdgeType("events", column, "users")]
    expected = [[row for row, end in enumerate(ends) if end == user] for user in range(users)]
    assert into.indptr.tolist() == [0, *np.cumsum([len(rows) for rows in expected]).tolist()]
    assert into.nbr.tolist() == [row for rows in expected for row in rows]
    back = graph.edges[EdgeType("users", f"rev_{column}", "events")].nbr.astype(np.int64)
    assert [None if end < 0 or end >= users else end for end in back.tolist()] == ends
    clock, born = graph.times["events"], graph.times["users"]
    late = [
        row
        for row, end in enumerate(ends)
        if end is not None and clock[row] != NO_TIME and born[end] > clock[row]
    ]
    assert (f"users-rev_{column}->events" in follow) == (not late)
    assert f"events-{column}->users" in follow


def check_features(dataset: Dataset, users: pd.DataFrame) -> None:
    store = SsdFeatures.open(dataset)
    block = store.multi_get([Read("users", np.arange(len(users)))])[0]
    words = ["", *dataset.dictionary("users", "kind")]
    assert [words[code] or None for code in block.column("kind")] == list(users["kind"])
    assert words[1:] == list(dict.fromkeys(kind for kind in users["kind"] if kind))  # first seen first
    sizes = [0.0 if size is None or not np.isfinite(size) else size for size in users["size"]]
    assert block.column("size").tolist() == sizes
    present = [size is not None and np.isfinite(size) for size in users["size"]]
    assert block.present()[:, 1].tolist() == present


SHOP = as_arrow(
    {
        "users": pd.DataFrame(
            {"key": [1, 2], "born": [0, 1], "kind": ["x", "y"], "size": [1.0, 2.0]}, dtype=object
        ),
        "events": pd.DataFrame(
            {"at": [3, 2], "user": [1, 2], "other": [2, 5], "value": [7, 8]}, dtype=object
        ),
    }
)


def test_a_second_ingest_replaces_the_first(store_path: Path) -> None:
    assert ingest(SHOP, SCHEMA, store_path).snapshot == 1
    more = {**SHOP, "events": pa.concat_tables([SHOP["events"], SHOP["events"]])}
    assert ingest(more, SCHEMA, store_path).snapshot == 2
    assert Dataset.open(store_path).manifest.rows("events") == 4
    files = [
        path
        for folder in ("tables", "graph", "keys", "features")
        for path in (store_path / folder).rglob("*.*")
    ]
    assert len(files) == len(Dataset.open(store_path).manifest.files)
    assert not verify(store_path).problems


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    sums = []
    for name in ("a", "b"):
        ingest(SHOP, SCHEMA, tmp_path / name)
        sums.append([(e.role, e.name, e.checksum) for e in Dataset.open(tmp_path / name).manifest.files])
    assert sums[0] == sums[1]


def test_a_failed_ingest_leaves_the_old_dataset(store_path: Path) -> None:
    ingest(SHOP, SCHEMA, store_path)
    twice = {**SHOP, "users": pa.concat_tables([SHOP["users"], SHOP["users"]])}
    with pytest.raises(IngestError, match="2 of 4 rows repeat a key"):
        ingest(twice, SCHEMA, store_path)
    assert Dataset.open(store_path).snapshot == 1
    assert not verify(store_path).problems


def test_a_failed_first_ingest_leaves_nothing(store_path: Path) -> None:
    with pytest.raises(IngestError):
        ingest({"users": SHOP["users"]}, SCHEMA, store_path)
    assert not store_path.exists()


class After:
    """A cancel event that is set after some number of looks at it."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("looks", [0, 1, 3, 5, 8, 11])
def test_cancel_leaves_the_old_dataset_or_none(looks: int, store_path: Path) -> None:
    with pytest.raises(IngestCancelled, match="it was cancelled"):
        ingest(SHOP, SCHEMA, store_path, cancel=After(looks))
    assert not store_path.exists()
    ingest(SHOP, SCHEMA, store_path)
    with pytest.raises(IngestCancelled):
        ingest(SHOP, SCHEMA, store_path, cancel=After(looks))
    assert Dataset.open(store_path).snapshot == 1
    assert not verify(store_path).problems


@pytest.mark.parametrize("ctrl_c", [False, True])
def test_an_interrupt_stops_duckdb_at_once(ctrl_c: bool, store_path: Path) -> None:
    """Cancel, or Ctrl-C, while DuckDB works on something endless."""
    endless = "(SELECT sum(sin(a.range + b.range)) FROM range(1000000) a, range(1000000) b)"
    tables = read_tables(SHOP).derive("events", "value", endless)
    cancel = threading.Event()
    stop = (lambda: os.kill(os.getpid(), signal.SIGINT)) if ctrl_c else cancel.set

    def later(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "tables" and not event.done:
            threading.Timer(0.3, stop).start()

    with pytest.raises(KeyboardInterrupt if ctrl_c else IngestCancelled):
        ingest(tables, SCHEMA, store_path, callbacks=[later], cancel=cancel)
    assert not store_path.exists()


def test_a_second_writer_is_refused(store_path: Path) -> None:
    ingest(SHOP, SCHEMA, store_path)
    with catalog.writing(store_path), pytest.raises(StoreError, match="another process or thread is writing"):
        ingest(SHOP, SCHEMA, store_path)


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(IngestError, match=r"holds other things \(thesis.tex\)"):
        ingest(SHOP, SCHEMA, tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "mine"
    with pytest.raises(IngestError, match="that is a file"):
        ingest(SHOP, SCHEMA, tmp_path / "thesis.tex")


def test_progress_is_told_with_an_estimate(store_path: Path) -> None:
    events: list[Progress] = []
    ingest(SHOP, SCHEMA, store_path, callbacks=[events.append])
    stages = list(dict.fromkeys(event.stage for event in events))
    assert stages == ["check", "tables", "times", "keys", "features", "edges", "order", "commit"]
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert events[-1].done == events[-1].total == 12
    assert events[-1].remaining == 0.0
    assert any(event.remaining for event in events)


def test_edge_tables_have_ids_times_and_features(store_path: Path) -> None:
    folded = SCHEMA.as_edge("events", "user", "other")
    report = ingest(SHOP, folded, store_path)
    dataset = Dataset.open(store_path)
    graph = GraphArrays.open(dataset)
    into = graph.edges[EdgeType("users", "events", "users")]
    # Row 0 (day 2) has a dangling end; row 1 (day 3) is the edge of key 1 to key 2: ids 0 -> 1.
    assert (into.nbr.tolist(), into.eid.tolist(), into.indptr.tolist()) == ([0], [1], [0, 0, 1])
    assert report.edges["users-events->users"] == 1
    values = SsdFeatures.open(dataset).multi_get([Read("events", np.arange(2))])[0].column("value")
    assert values.tolist() == [8.0, 7.0]


def test_memory_limit_must_be_a_size(store_path: Path) -> None:
    with pytest.raises(IngestError, match="memory_limit='lots'"):
        ingest(SHOP, SCHEMA, store_path, memory_limit="lots")


def test_id_dtype_must_be_one_of_two(store_path: Path) -> None:
    with pytest.raises(IngestError, match="id_dtype='int32' was asked for"):
        ingest(SHOP, SCHEMA, store_path, id_dtype="int32")


def test_tables_beyond_four_byte_ids_get_eight(
    store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = max(table.num_rows for table in SHOP.values())
    ingest(SHOP, SCHEMA, tmp_path / "narrow")
    monkeypatch.setattr(build, "NARROW", most)  # as if this were 2^31
    with pytest.raises(IngestError, match=r"id_dtype='uint32' was asked for: the largest table has"):
        ingest(SHOP, SCHEMA, store_path, id_dtype="uint32")
    ingest(SHOP, SCHEMA, store_path)
    wide, narrow = (GraphArrays.open(Dataset.open(path)) for path in (store_path, tmp_path / "narrow"))
    assert (wide.id_dtype, narrow.id_dtype) == (np.int64, np.uint32)
    for name, arrays in wide.edges.items():
        assert arrays.nbr.dtype == np.int64
        there = arrays.nbr >= 0
        assert np.array_equal(arrays.nbr[there], narrow.edges[name].nbr[there])
    monkeypatch.setattr(build, "NARROW", most + 1)
    ingest(SHOP, SCHEMA, store_path)
    assert Dataset.open(store_path).manifest.id_dtype == "uint32"


def test_hostile_names_go_through(store_path: Path) -> None:
    name, column = 'a"; DROP TABLE x; --/../', "k'\" \n"
    tables = {name: pa.table({"id": [3, 4], column: ["x", "y"]})}
    schema = Schema((Table(name, (Column("id", Stype.ID), Column(column, Stype.CATEGORICAL)), "id"),))
    ingest(tables, schema, store_path)
    dataset = Dataset.open(store_path)
    assert dataset.dictionary(name, column) == ["x", "y"]
    assert [path.name for path in store_path.iterdir() if path.name.startswith("a")] == []
    assert KeyMap.open(dataset, name).lookup([4]).tolist() == [1]


def test_real_data_without_edits(shared_data: Any, store_path: Path) -> None:
    tables = read_tables(shared_data("rel-f1/db"))
    report = ingest(tables, infer_schema(tables), store_path)
    assert report.total_rows == 101_885
    assert len(report.edges) == 26
    assert not [text for text in report.warnings if "dangle" in text]
    assert any("standings" in text and "position" in text for text in report.warnings)
    assert not verify(store_path).problems
