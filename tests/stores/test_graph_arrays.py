"""Graphs from columns and from a dataset agree; damaged arrays are refused before a kernel sees them."""

import pickle
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from stars import ORDERS

from workbench.errors import BudgetError, CorruptStoreError, IdError, StoreError
from workbench.ingestion.build import ingest
from workbench.schema import EdgeType
from workbench.stores import graph_arrays
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import EdgeArrays, GraphArrays
from workbench.stores.hop_driver import HopDriver
from workbench.stores.ram_graph import RamGraph
from workbench.temporal import NO_TIME
from workbench.testing.graphs import DAY, RowGraph, random_rows, toy_shop
from workbench.testing.requests import EVERYTHING, Knobs, random_request

COLUMN = EdgeType("users", "rev_user_id", "orders")
RATINGS = EdgeType("users", "ratings", "products")


def tables_of(rows: RowGraph) -> dict[str, pa.Table]:
    """The graph as tables whose primary keys are row numbers."""
    tables = {}
    for table in rows.schema:
        count = rows.num_rows[table.name]
        columns = {f"{table.name}_id": pa.array(np.arange(count))}
        for key in table.foreign_keys:
            ids = rows.foreign_keys[table.name, key.column]
            columns[key.column] = pa.array(ids, mask=ids < 0)
        if table.time:
            columns[table.time] = pa.array(rows.times[table.name]).cast(pa.timestamp("us"))
        tables[table.name] = pa.table(columns)
    return tables


@pytest.mark.parametrize("id_dtype", ["uint32", "int64"])
def test_a_dataset_opens_as_the_graph_it_was_made_from(tmp_path, id_dtype):
    for number in (1, 2, 3):
        rng = np.random.default_rng(number)
        rows = random_rows(rng, size=30).dated_only()
        ingest(tables_of(rows), rows.schema, tmp_path / str(number), id_dtype=id_dtype)
        opened, built = RamGraph.open(Dataset.open(tmp_path / str(number))), rows.arrays(id_dtype)
        assert opened.id_dtype == id_dtype
        assert opened.arrays.edges_follow_nodes == built.edges_follow_nodes
        for _ in range(20):
            request = random_request(rng, rows.schema, rows.num_rows)
            assert opened.sample(request).same_as(RamGraph(built).sample(request))


@pytest.fixture
def shop(tmp_path):
    rows = random_rows(np.random.default_rng(8), size=30).dated_only()
    ingest(tables_of(rows), rows.schema, tmp_path / "shop")
    return Dataset.open(tmp_path / "shop")


def test_an_opened_graph_pickles_as_path_and_snapshot(shop):
    graph = RamGraph.open(shop, memory_budget=10**9)
    data = pickle.dumps(graph)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert (again.snapshot, again.memory_budget, again.schema) == (1, 10**9, graph.schema)
    rows = random_rows(np.random.default_rng(9), size=10).dated_only()
    ingest(tables_of(rows), rows.schema, shop.path)
    with pytest.raises(StoreError, match="snapshot 1"):
        pickle.loads(data)


def test_a_dataset_over_the_budget_is_not_loaded(shop, monkeypatch):
    monkeypatch.setattr(GraphArrays, "open", lambda _: pytest.fail("it was loaded"))
    with pytest.raises(BudgetError, match=r"graph of .*shop was opened: it takes [\d,]+ bytes"):
        RamGraph.open(shop, memory_budget=10)


def test_a_torn_file_is_named(shop):
    entry = next(entry for entry in shop.manifest.files if entry.role == "nbr" and entry.bytes)
    path = shop.path / entry.path
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CorruptStoreError, match=path.name):
        RamGraph.open(shop)


def test_two_partitions_are_refused(shop):
    shop.manifest = replace(shop.manifest, partitions=shop.manifest.partitions * 2)
    with pytest.raises(StoreError, match="it has 2 time partitions"):
        GraphArrays.open(shop)


def test_an_altered_id_is_refused(shop):
    entry = next(entry for entry in shop.manifest.files if entry.role == "nbr" and entry.bytes)
    path = shop.path / entry.path
    path.write_bytes(b"\x00\x00\x00\x70" + path.read_bytes()[4:])
    with pytest.raises(CorruptStoreError, match=r"neighbours of .* were loaded: number 0 is 1879048192"):
        RamGraph.open(shop)


def with_edges(edge_type: EdgeType, **changes) -> GraphArrays:
    graph = toy_shop()
    return replace(graph, edges={**graph.edges, edge_type: replace(graph.edges[edge_type], **changes)})


ids = np.uint32
DAMAGE = {
    "offsets of 'orders-user_id->users' were loaded: there are 3": (ORDERS, {"indptr": np.array([0, 1, 3])}),
    "number 2 is smaller than the one before": (ORDERS, {"indptr": np.array([0, 3, 2, 3])}),
    "the first is 1": (ORDERS, {"indptr": np.array([1, 1, 2, 3])}),
    "neighbours of 'orders-user_id->users' were loaded: there are 2": (ORDERS, {"nbr": np.zeros(2, ids)}),
    "number 1 is 4. Allowed: ids below 4": (ORDERS, {"nbr": np.array([0, 4, 1], ids)}),
    "'users-rev_user_id->orders' were loaded: there are 1": (COLUMN, {"nbr": np.zeros(1, ids)}),
    "number 3 is 3. Allowed: ids below 3": (COLUMN, {"nbr": np.array([0, 1, 2, 3], ids)}),
    "edge ids of 'users-ratings->products' were loaded: there are 1": (RATINGS, {"eid": np.zeros(1, ids)}),
    "number 0 is 9. Allowed: ids below 3": (RATINGS, {"eid": np.array([9, 0, 1], ids)}),
}


@pytest.mark.parametrize("message", DAMAGE)
def test_damaged_arrays_are_refused(message):
    edge_type, changes = DAMAGE[message]
    with pytest.raises(CorruptStoreError) as caught:
        with_edges(edge_type, **changes).check()
    assert message in str(caught.value)
    assert "verify" in str(caught.value)


def test_descending_times_are_refused():
    graph = toy_shop()
    times = {**graph.times, "orders": np.array([1, 3, 2, 4]) * DAY}
    with pytest.raises(CorruptStoreError, match="times of 'orders' were loaded: number 2 is smaller"):
        replace(graph, times=times).check()
    graph.check()


def test_from_columns_refuses_bad_columns():
    rows = random_rows(np.random.default_rng(8), size=20)
    name = next(name for name, key in rows.foreign_keys.items() if len(key))
    for bad in (rows.foreign_keys[name][:-1], np.full(len(rows.foreign_keys[name]), 10**6)):
        with pytest.raises(IdError, match=f"row ids of foreign key {name[0]}.{name[1]}"):
            replace(rows, foreign_keys={**rows.foreign_keys, name: bad}).arrays()
    clock = next(name for name, times in rows.times.items() if len(times) > 1)
    with pytest.raises(IdError, match=f"times of table '{clock}'"):
        replace(rows, times={**rows.times, clock: np.arange(rows.num_rows[clock])[::-1]}).arrays()


def test_end_times_are_one_per_row():
    plain = toy_shop()
    tables = tuple(replace(t, end_time="until") if t.name == "users" else t for t in plain.schema)
    schema = replace(plain.schema, tables=tables)
    rows = dict.fromkeys(plain.num_rows, 0) | {"users": 2}
    none = np.zeros(0, np.int64)
    keys = {(t, c): none for t in ("orders", "ratings") for c in ("user_id", "product_id")}
    times = {"users": np.array([1, 2]), "orders": none, "ratings": none}
    graph = GraphArrays.from_columns(schema, rows, times, keys, ends={"users": np.array([5, NO_TIME])})
    assert {name: end.tolist() for name, end in graph.ends.items()} == {"users": [5, NO_TIME]}
    for wrong in ({}, {"users": np.array([5])}):
        with pytest.raises(IdError, match=r"end times of table 'users': got \d for 2 rows"):
            GraphArrays.from_columns(schema, rows, times, keys, ends=wrong)
    with pytest.raises(CorruptStoreError, match="end times of 'users' were loaded: there are 3"):
        replace(graph, ends={"users": np.arange(3)}).check()


def test_bytes_and_edges_are_counted():
    graph = toy_shop()
    assert graph.edges[RATINGS] == graph.edges[RATINGS]
    assert graph.edges[ORDERS].nbytes == 4 * 4 + 3 * 4
    assert graph.num_edges(COLUMN) == 3  # order 3 has no user
    assert graph.nbytes == sum(part.nbytes for part in graph.edges.values()) + (3 + 4 + 3) * 8
    assert EdgeArrays(None, np.zeros(3, ids)).nbytes == 12


def test_offsets_are_as_narrow_as_they_fit():
    ids = np.zeros(3, np.uint32)
    narrow = EdgeArrays(np.array([0, 1, 3]), ids)
    assert narrow.indptr.dtype == np.uint32
    assert EdgeArrays(np.array([0, 2**32 - 1]), ids).indptr.tolist() == [0, 2**32 - 1]
    for wide in ([0, 2**32], [0, 2**32 + 1, 3], [-1, 3]):
        kept = EdgeArrays(np.array(wide), ids).indptr
        assert (kept.dtype, kept.tolist()) == (np.int64, wide)
    assert EdgeArrays(narrow.indptr, ids).indptr is narrow.indptr


@pytest.mark.parametrize("knobs", [Knobs(), EVERYTHING])
def test_wide_offsets_give_the_same_bits(monkeypatch, knobs):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows = random_rows(rng)
        request = random_request(rng, rows.schema, rows.num_rows, knobs)
        narrow = RamGraph(rows.arrays())
        with monkeypatch.context() as patch:
            patch.setattr(graph_arrays, "WIDEST", -1)
            wide = RamGraph(rows.arrays())
        for graph, kind in ((narrow, np.uint32), (wide, np.int64)):
            offsets = [part.indptr for part in graph.arrays.edges.values() if part.indptr is not None]
            assert {part.dtype for part in offsets} == {np.dtype(kind)}
        assert wide.sample(request).same_as(narrow.sample(request))
        assert wide.sample(request).same_as(HopDriver(wide).sample(request))
