"""A dataset of Arrow tables in memory: what queries need of one, without an ingest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from workbench.query.labels import Labels, column_types, compute_labels, connection, select_entities
from workbench.query.parser import parse
from workbench.query.resolve import resolve
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.sql import ROW, quote_name
from workbench.temporal import instant


class MemoryDataset:
    """``schema`` and ``duckdb()``; rows are numbered in the order given; keys are the row numbers."""

    def __init__(
        self,
        schema: Schema,
        frames: Mapping[str, pa.Table],
        database: duckdb.DuckDBPyConnection | None = None,
    ) -> None:
        self.schema = schema
        self.frames = {
            name: frame.append_column(ROW, pa.array(range(len(frame)), pa.int64()))
            for name, frame in frames.items()
        }
        self.manifest = SimpleNamespace(numbering="", rows=lambda name: len(self.frames[name]))
        # That of a dataset that is used no more: its tables are replaced. A new one takes 40 ms.
        self.database = database or duckdb.connect()
        create = "CREATE OR REPLACE" if database else "CREATE"
        self.database.execute("SET threads = 1")
        for name, frame in self.frames.items():
            # Copied into DuckDB: a registered table cannot have every hostile name.
            self.database.register("__given__", frame)
            self.database.execute(f"{create} TABLE {quote_name(name)} AS SELECT * FROM __given__")
            self.database.unregister("__given__")

    def duckdb(self) -> duckdb.DuckDBPyConnection:
        return self.database.cursor()

    def file(self, role: str, name: str) -> None:
        return None

    def files(self, role: str, name: str) -> list[str]:
        return []


def columns_of(frame: pa.Table) -> tuple[Column, ...]:
    return tuple(Column(name, Stype.NUMERICAL) for name in frame.column_names)


def shop_schema(frames: Mapping[str, pa.Table]) -> Schema:
    """users(user_id, created, ended), orders(user_id, ts), and tables that queries must refuse."""
    users = Table("users", columns_of(frames["users"]), "user_id", "created", "ended")
    to_users = ForeignKey("user_id", "users")
    orders = Table("orders", columns_of(frames["orders"]), "order_id", "ts", foreign_keys=(to_users,))
    both = (ForeignKey("buyer", "users"), ForeignKey("seller", "users"))
    deals = Table("deals", (Column("buyer", Stype.ID),), time="ts", foreign_keys=both)
    notes = Table("notes", (Column("user_id", Stype.ID),), foreign_keys=(to_users,))
    items = Table("items", (Column("order_id", Stype.ID),), time="ts",
                  foreign_keys=(ForeignKey("order_id", "orders"),))  # fmt: skip
    return Schema((users, orders, deals, notes, items))


def times(days: list[float | None]) -> pa.Array:
    """Days since 2020-01-01 as timestamps."""
    start = 18262
    return pa.array(
        [None if d is None else round((start + d) * 86_400_000_000) for d in days], pa.int64()
    ).cast(pa.timestamp("us"))


def shop_frames(users: Mapping[str, pa.Array] | None = None, orders: Mapping[str, pa.Array] | None = None):
    """Frames of the shop; three users and a few orders if none are given."""
    users = users or {
        "user_id": pa.array([0, 1, 2]),
        "created": times([0, 0, 50]),
        "ended": times([None, 70, None]),
        "country": pa.array(["DE", None, "it's"]),
        "score": pa.array([1.5, None, float("nan")]),
        "active": pa.array([True, False, None]),
        "tags": pa.array([["a"], [], None], pa.list_(pa.string())),
    }
    orders = orders or {
        "order_id": pa.array(range(6)),
        "user_id": pa.array([0, 0, 1, 2, None, 99]),
        "ts": times([10, 40, 40, 60, 40, 40]),
        "amount": pa.array([1.0, 2.5, None, 4.0, 8.0, 8.0]),
        "qty": pa.array([1, 2, 3, None, 5, 6]),
        "kind": pa.array(["a", "b", "a", None, "a", "b"]),
        "paid": pa.array([True, False, True, None, True, True]),
        "due": times([20, 50, 50, 70, 50, 50]),
    }
    day = {"ts": times([1])}
    return {
        "users": pa.table(dict(users)),
        "orders": pa.table(dict(orders)),
        "deals": pa.table({"buyer": pa.array([0]), "seller": pa.array([1]), **day}),
        "notes": pa.table({"user_id": pa.array([0])}),
        "items": pa.table({"order_id": pa.array([0]), **day}),
    }


@pytest.fixture
def make_shop() -> Callable[..., MemoryDataset]:
    """``make_shop(users=..., orders=...)``: a shop over the given columns."""

    def make(**frames: Mapping[str, pa.Array]) -> MemoryDataset:
        found = shop_frames(**frames)
        return MemoryDataset(shop_schema(found), found)

    return make


@pytest.fixture(scope="session")
def shop() -> MemoryDataset:
    found = shop_frames()
    return MemoryDataset(shop_schema(found), found)


@pytest.fixture(scope="session")
def dataset_of() -> Callable[..., MemoryDataset]:
    return MemoryDataset


@pytest.fixture(scope="session")
def label() -> Callable[..., Labels]:
    """``label(dataset, text, anchors)``: the labels; ``labels=False``: whom to predict for at the first."""

    def label(dataset, text, anchors, until=None, labels=True):
        with connection(dataset) as con:
            query = resolve(parse(text), dataset.schema, column_types(con, dataset.schema))
            query = replace(query, target=query.target.with_classes(con, query.query))
        frozen, at = None if until is None else instant(until), [instant(a) for a in anchors]
        if labels:
            return compute_labels(dataset, query, np.array(at, np.int64), frozen)
        return select_entities(dataset, query, at[0], frozen)

    return label
