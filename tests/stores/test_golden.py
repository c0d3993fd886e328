"""The golden dataset: written once by format 1, opened by every later commit.

It was made from the tables below by ``python tests/stores/test_golden.py``. When this test fails, the code
is wrong, not the dataset: datasets of users are as old. Only a new format makes a second golden folder.
"""

import datetime as dt
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores import verify as verify_module
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import Read
from workbench.stores.ram_graph import RamGraph
from workbench.stores.sql import quote_name
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.verify import verify
from workbench.testing.sizes import cases

GOLDEN = Path(__file__).parent.parent / "golden" / "format1"
EVENTS = 'orders "2024"'


def moment(day, hour=0):
    return dt.datetime(2024, 1, day, hour)


def source_tables():
    """Rows in time order, so that row ids are positions here; the last order has no time."""
    users = {
        "user_id": [10, 20, 30, 40],
        "joined": [moment(1), moment(2), moment(2), moment(9)],
        "country": ["ch", None, "at", "ch"],
        "age": [31.0, 45.5, None, 18.0],
    }
    products = {
        "sku": ["a", "b", "ü"],
        "title": ["green tea", "", "black tea tin"],
        "vector": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]],
    }
    orders = {
        "user_id": [10, 10, 20, 30, 99, 20],
        "sku": ["a", "b", "ü", None, "a", "b"],
        "at": [moment(1), moment(3), moment(3), moment(5, 7), moment(6), None],
        "amount": [1.5, -2.0, 1e6, 0.0, 7.0, 3.0],
    }
    ratings = {
        "user_id": [10, 20, 20],
        "sku": ["a", "a", "ü"],
        "rated": [moment(2), moment(4), moment(4)],
        "stars": [5.0, None, 1.0],
    }
    vector = pa.array(products.pop("vector"), pa.list_(pa.float32()))
    return {
        "users": pa.table(users),
        "products": pa.table(products).append_column("vector", vector),
        EVENTS: pa.table(orders),
        "ratings": pa.table(ratings),
    }


def source_schema():
    def columns(**stypes):
        return tuple(Column(name, Stype(stype)) for name, stype in stypes.items())

    to_users, to_products = ForeignKey("user_id", "users"), ForeignKey("sku", "products")
    return Schema(
        (
            Table(
                "users",
                columns(user_id="id", joined="timestamp", country="categorical", age="numerical"),
                "user_id",
                "joined",
            ),
            Table("products", columns(sku="id", title="text", vector="embedding"), "sku"),
            Table(
                EVENTS,
                columns(user_id="id", sku="id", at="timestamp", amount="numerical"),
                time="at",
                foreign_keys=(to_users, to_products),
            ),
            Table(
                "ratings",
                columns(user_id="id", sku="id", rated="timestamp", stars="numerical"),
                time="rated",
                foreign_keys=(to_users, to_products),
                edge=("user_id", "sku"),
            ),
        )
    )


def make():
    """Write the golden dataset; only ever for a new format."""
    from workbench.ingestion.build import ingest

    if GOLDEN.exists():
        sys.exit(f"{GOLDEN.name} exists: a golden dataset is written once")
    print(ingest(source_tables(), source_schema(), GOLDEN))
    (GOLDEN / "catalog.lmdb/lock.mdb").unlink()


@pytest.fixture(scope="module")
def golden(tmp_path_factory):
    """A copy, so that no test can touch the original."""
    return Dataset.open(shutil.copytree(GOLDEN, tmp_path_factory.mktemp("golden") / "format1"))


def test_every_byte_is_as_committed(golden):
    report = verify(golden.path)
    assert report.ok, str(report)
    assert report.unregistered == ()
    assert report.bytes < 200_000


def test_a_flipped_byte_in_every_file_is_named(golden, monkeypatch):
    monkeypatch.setattr(verify_module, "probe", lambda _: True)  # the catalog is sound here
    rng = np.random.default_rng(0)
    for entry in golden.manifest.files:
        file = golden.locate(entry)
        whole = file.read_bytes()
        for place in rng.integers(0, len(whole), cases(8, 500)):
            file.write_bytes(
                whole[:place] + bytes([whole[place] ^ 1 << rng.integers(8)]) + whole[place + 1 :]
            )
            assert [problem.file for problem in verify(golden.path).problems] == [entry.path]
        file.write_bytes(whole)
    roles = {entry.role for entry in golden.manifest.files}
    assert roles == {"table", "time", "keys", "features", "indptr", "nbr", "eid"}


def test_manifest_and_schema(golden):
    assert golden.snapshot == 1
    assert golden.manifest.id_dtype == "uint32"
    assert {t.name: golden.manifest.rows(t.name) for t in golden.schema} == {
        "users": 4, "products": 3, EVENTS: 6, "ratings": 3,
    }  # fmt: skip
    assert golden.manifest.dated_rows == {"users": 4, EVENTS: 5, "ratings": 3}
    assert golden.schema.edge_types == source_schema().edge_types
    assert [t.time for t in golden.schema] == ["joined", None, "at", "rated"]


def test_tables(golden):
    connection = golden.duckdb()
    for name, table in source_tables().items():
        names = ", ".join(quote_name(column) for column in table.column_names)
        rows = connection.sql(f"SELECT {names} FROM {quote_name(name)} ORDER BY __row__").fetchall()
        assert [list(row) for row in rows] == [list(row.values()) for row in table.to_pylist()]


def test_features(golden):
    store = SsdFeatures.open(golden)
    users, products, orders = store.multi_get(
        [Read("users", np.arange(4)), Read("products", np.arange(3)), Read(EVENTS, np.arange(6))]
    )
    words = golden.dictionary("users", "country")
    codes = users.column("country").tolist()
    assert [words[code - 1] if code else None for code in codes] == ["ch", None, "at", "ch"]
    assert users.column("age").tolist() == [31.0, 45.5, 0.0, 18.0]
    assert products.column("vector").tolist() == [[0, 1], [2, 3], [4, 5]]
    assert orders.column("amount").tolist() == [1.5, -2.0, 1e6, 0.0, 7.0, 3.0]
    present = {c.name: users.present()[:, i].tolist() for i, c in enumerate(users.layout.columns)}
    assert present["country"] == [True, False, True, True]
    assert present["age"] == [True, True, False, True]


def test_graph(golden):
    graph = RamGraph.open(golden)
    counts = {str(edge_type): graph.num_edges(edge_type) for edge_type in graph.schema.edge_types}
    assert counts == {
        f"{EVENTS}-user_id->users": 5, f"users-rev_user_id->{EVENTS}": 5,
        f"{EVENTS}-sku->products": 5, f"products-rev_sku->{EVENTS}": 5,
        "users-ratings->products": 3, "products-rev_ratings->users": 3,
    }  # fmt: skip
    assert graph.times("products") is None
    assert (
        graph.times("users").view("datetime64[us]").tolist() == source_tables()["users"]["joined"].to_pylist()
    )


if __name__ == "__main__":
    make()
