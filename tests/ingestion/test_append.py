"""An append in pieces is an ingest of the whole: rows, features, graph, keys."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linked_shop import SCHEMA, arrow, assert_same, between, random_tables

from workbench.errors import IngestError, SchemaError, StoreError
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.ingestion.merge import compact
from workbench.schema import Column, Schema, Stype, Table
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.verify import verify
from workbench.testing.sizes import cases


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
    checked = verify(root / "pieces")
    assert checked.ok
    assert not checked.unregistered


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
        ("users", {"k": "known"}, IngestError, "1 of 1 are there already"),
        ("users", {"k": "text"}, IngestError, "are string, not all of them int64"),
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


def test_a_column_without_gaps_may_get_some(tmp_path):
    """A Parquet source says that none of its values is missing; that binds neither edits nor new rows."""
    columns = [pa.field("k", pa.int64(), False), pa.field("size", pa.float64(), False)]
    shops = pa.Table.from_arrays([pa.array([1, 2]), pa.array([1.5, 2.5])], schema=pa.schema(columns))
    pq.write_table(shops, tmp_path / "shops.parquet")
    schema = Schema((SCHEMA["shops"],))
    ingest(str(tmp_path / "*.parquet"), schema, tmp_path / "s")
    assert not pq.read_schema(Dataset.open(tmp_path / "s").table_files("shops")[0]).field("size").nullable
    with edit(tmp_path / "s") as editing:
        editing.update("shops", {"size": pa.array([None], pa.float64())}, ids=[0])
    ingest({"shops": pa.table({"k": [3], "size": pa.array([None], pa.float64())})}, schema,
           tmp_path / "s", append=True)  # fmt: skip
    for _ in range(2):
        with Dataset.open(tmp_path / "s").duckdb() as connection:
            found = connection.sql("SELECT k, size FROM shops ORDER BY k").fetchall()
        assert found == [(1, None), (2, 2.5), (3, None)]
        compact(tmp_path / "s")


def test_a_table_or_column_that_is_not_there_is_named(shop):
    path, frames, clock = shop
    rows = arrow(between(frames, clock, 30, 40))["orders"]
    with pytest.raises(SchemaError, match=r"rows of table 'ordres'.*no such table.*Did you mean 'orders'"):
        ingest({"ordres": rows}, SCHEMA, path, append=True)
    with pytest.raises(IngestError, match=r"they lack the columns \['amount'\]\. Allowed: all of"):
        ingest({"orders": rows.drop_columns(["amount"])}, SCHEMA, path, append=True)
    assert Dataset.open(path).snapshot == 1
    noted = rows.append_column("remark", pa.array(["a"] * len(rows)))
    report = ingest({"orders": noted}, SCHEMA, path, append=True)
    assert any("left out, as the dataset has no such columns: remark" in text for text in report.warnings)
    assert repr(report).startswith(f"Appended {len(rows)} rows of 1 tables into")


def test_a_column_of_nulls_is_of_the_stored_type(tmp_path):
    lists = pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32()))
    schema = Schema((Table("t", (Column("v", Stype.EMBEDDING), Column("n", Stype.NUMERICAL))),))
    ingest({"t": pa.table({"v": lists, "n": [1, 2]})}, schema, tmp_path)
    ingest({"t": pa.table({"v": pa.nulls(2), "n": pa.nulls(2)})}, schema, tmp_path, append=True)
    dataset = Dataset.open(tmp_path)
    assert [dataset.row("t", i)["v"] for i in range(4)] == [[1, 2], [3, 4], None, None]
    with pytest.raises(IngestError, match=r"values of 'n' are double, not all of them int64"):
        ingest({"t": pa.table({"v": pa.nulls(1), "n": [1.5]})}, schema, tmp_path, append=True)
    with pytest.raises(IngestError, match="new rows are laid out and coded as the stored ones are"):
        ingest({"t": pa.table({"v": lists, "n": [1, 2]})}, schema, tmp_path, append=True, order="key")
