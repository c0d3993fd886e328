"""An append in pieces is an ingest of the whole: rows, features, graph, keys."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import IngestError, SchemaError, StoreError
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.compaction import compact
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.key_map import KeyMap
from workbench.stores.protocols import Read
from workbench.stores.sql import ROW
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.verify import verify
from workbench.testing.sizes import cases


def table(name, columns, key=None, time=None, links=(), edge=None):
    foreign = tuple(ForeignKey(column, target) for column, target in links)
    return Table(name, tuple(Column(n, Stype(s)) for n, s in columns), key, time, None, foreign, edge)


USERS = table(
    "users", [("k", "id"), ("at", "timestamp"), ("city", "categorical"), ("age", "numerical")], "k", "at"
)
SHOPS = table("shops", [("k", "id"), ("size", "numerical")], "k")
ORDERS = table(
    "orders",
    [("user", "id"), ("shop", "id"), ("at", "timestamp"), ("amount", "numerical")],
    time="at",
    links=[("user", "users"), ("shop", "shops")],
)
LIKES = table(
    "likes",
    [("user", "id"), ("shop", "id"), ("at", "timestamp"), ("stars", "numerical")],
    time="at",
    links=[("user", "users"), ("shop", "shops")],
    edge=("user", "shop"),
)
SCHEMA = Schema((USERS, SHOPS, ORDERS, LIKES))


def random_tables(rng, text_keys):
    """A shop in which links point at rows that are there by then, so that no piece has dangling keys."""
    days = np.datetime64("2026-01-01", "us") + np.arange(40).astype("m8[D]")
    sizes = {"users": 30, "shops": 9, "orders": 60, "likes": 40}
    clock = {name: np.sort(rng.integers(0, 40, n)) for name, n in sizes.items()}
    clock["users"][0] = clock["shops"][0] = 0
    keys = {
        name: rng.permutation(500)[: sizes[name]] if rng.random() < 0.7 else np.arange(sizes[name])
        for name in ("users", "shops")
    }
    if text_keys:
        keys = {name: np.array([f"k{k}" for k in values], object) for name, values in keys.items()}

    def pointing(name, target):
        upto = np.searchsorted(clock[target], clock[name], side="right")
        return pd.Series(keys[target][rng.integers(0, upto)]).where(rng.random(sizes[name]) < 0.9, None)

    frames = {
        "users": pd.DataFrame(
            {
                "k": keys["users"],
                "at": days[clock["users"]],
                "city": rng.choice(list("abcdef"), 30),
                "age": rng.random(30),
            }
        ),
        "shops": pd.DataFrame({"k": keys["shops"], "size": rng.random(9)}),
    }
    for name, value in (("orders", "amount"), ("likes", "stars")):
        frames[name] = pd.DataFrame(
            {
                "user": pointing(name, "users"),
                "shop": pointing(name, "shops"),
                "at": days[clock[name]],
                value: rng.random(sizes[name]),
            }
        )
        if not text_keys:
            frames[name] = frames[name].astype({"user": "Int64", "shop": "Int64"})
    return frames, clock


def arrow(frames):
    return {name: pa.Table.from_pandas(frame, preserve_index=False) for name, frame in frames.items()}


def between(frames, clock, low, high):
    return {name: frame[(clock[name] >= low) & (clock[name] < high)] for name, frame in frames.items()}


def assert_same(one, other):
    """Two datasets hold the same, whatever their files."""
    for t in SCHEMA:
        assert one.manifest.rows(t.name) == other.manifest.rows(t.name)
        views = [
            d.duckdb().sql(f"SELECT * FROM {t.name} ORDER BY {ROW}").to_arrow_table() for d in (one, other)
        ]
        assert views[0].to_pylist() == views[1].select(views[0].column_names).to_pylist()
        ids = np.arange(one.manifest.rows(t.name))
        blocks = [SsdFeatures.open(d).multi_get([Read(t.name, ids)])[0] for d in (one, other)]
        assert blocks[0].layout == blocks[1].layout
        np.testing.assert_array_equal(blocks[0].data, blocks[1].data)
        if t.primary_key:
            maps = [KeyMap.open(d, t.name) for d in (one, other)]
            keys = maps[0].keys_of(ids)
            assert maps[1].keys_of(ids) == keys
            assert maps[1].lookup(keys).tolist() == ids.tolist()
    assert one.dictionaries() == other.dictionaries()
    assert one.manifest.dated_rows == other.manifest.dated_rows
    assert one.manifest.edges_follow_nodes == other.manifest.edges_follow_nodes
    graphs = [GraphArrays.open(d) for d in (one, other)]
    for a, b in zip(graphs[0].arrays, graphs[1].arrays, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@given(key=st.integers(0, 2**32))
@settings(max_examples=cases(5, 200))
def test_pieces_are_the_whole(tmp_path_factory, key):
    rng, root = np.random.default_rng(key), tmp_path_factory.mktemp("append")
    frames, clock = random_tables(rng, text_keys=bool(key % 2))
    cuts = [0, *sorted(int(day) for day in rng.integers(1, 40, 2)), 40]
    order = {"orders": "user"} if rng.random() < 0.5 else "arrival"
    ingest(arrow(between(frames, clock, cuts[0], cuts[1])), SCHEMA, root / "pieces", order=order)
    wholes = []
    for number, (low, high) in enumerate(pairwise(cuts)):
        if number:
            ingest(arrow(between(frames, clock, low, high)), SCHEMA, root / "pieces", append=True)
        ingest(arrow(between(frames, clock, 0, high)), SCHEMA, root / str(number))
        wholes.append((Dataset.open(root / "pieces").snapshot, Dataset.open(root / str(number))))
    for snapshot, whole in wholes:
        assert_same(whole, Dataset.open(root / "pieces", snapshot))
    compact(root / "pieces")
    assert_same(wholes[-1][1], Dataset.open(root / "pieces"))
    assert verify(root / "pieces").ok
    assert not verify(root / "pieces").unregistered


@pytest.fixture
def shop(tmp_path):
    frames, clock = random_tables(np.random.default_rng(3), text_keys=False)
    path = tmp_path / "s"
    ingest(arrow(between(frames, clock, 0, 30)), SCHEMA, path)
    return path, frames, clock


def test_stored_files_are_not_touched(shop):
    path, frames, clock = shop
    before = {e.path: (path / e.path).stat().st_mtime_ns for e in Dataset.open(path).manifest.files}
    report = ingest(arrow(between(frames, clock, 30, 40)), SCHEMA, path, append=True)
    assert {name: (path / name).stat().st_mtime_ns for name in before} == before
    assert report.rows == {name: int((times >= 30).sum()) for name, times in clock.items()}
    assert report.snapshot == 2


def test_appended_rows_are_edited_deleted_and_read_as_others(shop):
    path, frames, clock = shop
    ingest(arrow(between(frames, clock, 30, 40)), SCHEMA, path, append=True)
    last = len(frames["orders"]) - 1
    with edit(path) as editing:
        editing.update("orders", {"amount": [77.0]}, ids=[last])
        editing.delete("orders", ids=[last - 1])
    for _ in range(2):
        dataset = Dataset.open(path)
        block = SsdFeatures.open(dataset).multi_get([Read("orders", np.array([last, last - 1, 0]))])[0]
        assert block.column("amount")[:2].tolist() == [77, 0]
        assert dataset.row("orders", last)["amount"] == 77
        graph = GraphArrays.open(dataset)
        for edge_type, edges in graph.edges.items():
            assert edge_type.src != "orders" or not (edges.nbr == last - 1).any()
        compact(path)


def test_tables_may_be_left_out_and_links_reach_old_and_new_rows(shop):
    path, frames, _ = shop
    new = {"shops": pa.table({"k": [9001], "size": [1.0]})}
    ingest(new, SCHEMA, path, append=True)
    user = frames["users"]["k"].iloc[0]
    at = pa.array([np.datetime64("2026-06-01", "us")] * 2)
    orders = {"user": [user, user], "shop": [9001, 12345], "at": at, "amount": [1.0, 2.0]}
    report = ingest({"orders": pa.table(orders)}, SCHEMA, path, append=True)
    assert any("1 of 2 keys dangle" in text for text in report.warnings)
    graph = GraphArrays.open(Dataset.open(path))
    edges = {str(name): arrays for name, arrays in graph.edges.items()}
    rows, shops = graph.num_rows["orders"], graph.num_rows["shops"]
    shop_in = edges["orders-shop->shops"]
    assert shop_in.nbr[shop_in.indptr[shops - 1] :].tolist() == [rows - 2]
    assert edges["orders-user->users"].nbr[: edges["orders-user->users"].indptr[1]][-2:].tolist() == [
        rows - 2,
        rows - 1,
    ]


@pytest.mark.parametrize(
    ("name", "change", "error", "message"),
    [
        (
            "orders",
            {"at": np.datetime64("2020-01-01", "us")},
            IngestError,
            "1 of 1 are earlier than the last",
        ),
        ("orders", {"at": None}, IngestError, "1 of 1 have no 'at'"),
        ("users", {"k": "known"}, IngestError, "1 of 1 are there already"),
        ("users", {"k": "text"}, IngestError, "values have other types"),
        ("users", {"age": "old"}, IngestError, "none of its"),
    ],
)
def test_what_cannot_follow_is_refused_and_nothing_changes(shop, name, change, error, message):
    path, frames, _ = shop
    row = {**frames[name].iloc[-1].to_dict(), "at": np.datetime64("2026-07-01", "us"), **change}
    if name == "users":
        given = {"known": int(frames["users"]["k"].iloc[0]), "text": "a"}
        row["k"] = given.get(change.get("k"), 7777)
    kinds = {"at": pa.timestamp("us")}
    columns = {key: pa.array([value], kinds.get(key)) for key, value in row.items()}
    with pytest.raises(error, match=message):
        ingest({name: pa.table(columns)}, SCHEMA, path, append=True)
    assert Dataset.open(path).snapshot == 1
    assert not verify(path).unregistered


def test_another_schema_and_no_dataset_are_refused(shop, tmp_path):
    path, frames, clock = shop
    other = SCHEMA.set_stype("users", "age", "categorical")
    with pytest.raises(SchemaError, match="'users' has other columns"):
        ingest(arrow(between(frames, clock, 30, 40)), other, path, append=True)
    with pytest.raises(StoreError, match="ingest first"):
        ingest(arrow(frames), SCHEMA, tmp_path / "none", append=True)
