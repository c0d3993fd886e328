"""Two small datasets that have every kind of file there is, and a reader that reads all of them.

edited   slots, key maps, edge tables, histories, sets; compacted once, the state before it kept; then
         edits, deletes and appended rows over it
coded    columns stored in codes, texts by an encoder
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.compaction import compact
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.key_map import KeyMap
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.types import AnyArray

USERS, ROWS, LATER = 24, 60, 8

_USER = ForeignKey("user_id", "users")
SCHEMA = Schema(
    (
        Table(
            "users",
            (
                Column("user_id", Stype.ID),
                Column("city", Stype.CATEGORICAL),
                Column("tags", Stype.MULTICATEGORICAL),
                Column("bio", Stype.TEXT),
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
                Column("gift", Stype.CATEGORICAL),
            ),
            time="at",
            foreign_keys=(_USER,),
        ),
        Table(
            "follows",
            (
                Column("user_id", Stype.ID),
                Column("other_id", Stype.ID),
                Column("since", Stype.TIMESTAMP),
                Column("strength", Stype.NUMERICAL),
            ),
            time="since",
            foreign_keys=(_USER, ForeignKey("other_id", "users")),
            edge=("user_id", "other_id"),
        ),
    )
)
CODED = Schema(
    (
        Table(
            "items",
            (
                Column("item_id", Stype.ID),
                Column("kind", Stype.CATEGORICAL),
                Column("vector", Stype.EMBEDDING),
                Column("price", Stype.NUMERICAL),
                Column("body", Stype.TEXT),
            ),
            "item_id",
        ),
    )
)
CODES = {"items": {"kind": "uint8", "vector": "int8", "price": "bfloat16"}}


def lengths(texts: list[str]) -> AnyArray:
    """The encoder of the coded dataset's texts."""
    return np.array([[len(text), text.count("a")] for text in texts], np.float32)


def make_edited(path: Path, seed: int = 11) -> Path:
    """Ingest, edit, compact; then edit, delete and append over it; other seeds give other values."""
    rng = np.random.default_rng(seed)
    ingest(_tables(rng, USERS, ROWS, 0), SCHEMA, path, order={"orders": "user_id"})
    with edit(path) as editing:
        editing.update("orders", {"amount": [1.5, 2.5]}, ids=[3, 9])
        editing.delete("users", ids=[1])
    compact(path)
    with edit(path) as editing:
        editing.update("users", {"city": ["Chur"], "tags": [["a", "z"]]}, ids=[4])
        editing.delete("orders", ids=[5])
    ingest(_tables(rng, 2, LATER, ROWS), SCHEMA, path, append=True)
    return path


def make_coded(path: Path) -> Path:
    """Ingest with codes and an encoder of texts."""
    rng, rows = np.random.default_rng(12), 40
    items = {
        "item_id": rng.permutation(1000)[:rows],
        "kind": rng.choice(["tea", "cup", "pot"], rows),
        "vector": rng.standard_normal((rows, 6)).astype(np.float32).tolist(),
        "price": rng.random(rows).astype(np.float32),
        "body": ["banana " * int(n) for n in rng.integers(0, 5, rows)],
    }
    ingest({"items": pa.table(items)}, CODED, path, codes=CODES, texts={"items.body": lengths})
    return path


def _tables(rng: np.random.Generator, users: int, rows: int, first: int) -> dict[str, pa.Table]:
    """New users, and rows later than the first ones so far."""
    begin = np.datetime64("2026-01-01", "us")
    when = begin + (first + np.arange(rows)).astype("m8[h]")
    keys = [f"user {first + number}" for number in rng.permutation(users)]
    known = [f"user {number}" for number in range(USERS)] if first else keys
    cities: Sequence[Any] = ["Bern", "Basel", None, "Zug"]
    return {
        "users": pa.table(
            {
                "user_id": keys,
                "city": [cities[n] for n in rng.integers(0, 4, users)],
                "tags": [["a", "b", "c"][: int(n)] for n in rng.integers(0, 4, users)],
                "bio": ["likes tea and long walks"] * users,
                "face": rng.integers(0, 9, (users, 3)).astype(np.float32).tolist(),
            }
        ),
        "orders": pa.table(
            {
                "user_id": rng.choice(known, rows),
                "at": when,
                "amount": rng.integers(1, 99, rows) / 4,
                "gift": rng.random(rows) < 0.5,
            }
        ),
        "follows": pa.table(
            {
                "user_id": rng.choice(known, rows),
                "other_id": rng.choice(known, rows),
                "since": when,
                "strength": rng.random(rows),
            }
        ),
    }


def read_everything(path: Path, verify: str | None = "read", snapshots: Sequence[int] = ()) -> None:
    """Read every file of some snapshots, or of all that are kept: graph, weights, features, keys, tables.

    Raises
    ------
    StoreError
        If the dataset is damaged, as far as ``verify`` tells.
    """
    manifest = Dataset.open(path).manifest
    before = [] if manifest.previous is None else [manifest.previous.snapshot]
    every = [manifest.snapshot, *(entry.snapshot for entry in manifest.edits), *before]
    for number in snapshots or dict.fromkeys(every):
        _read(Dataset.open(path, number, verify))


def flip_bit(file: Path, place: int, bit: int) -> None:
    """Turn one bit of the byte at ``place`` over; once more gives the file back."""
    with file.open("r+b") as handle:
        handle.seek(place)
        byte = handle.read(1)[0]
        handle.seek(place)
        handle.write(bytes([byte ^ 1 << bit]))


def _read(dataset: Dataset) -> None:
    graph, store = GraphArrays.open(dataset), SsdFeatures.open(dataset, threads=1)
    for group, layout in store.groups.items():
        store.multi_get([Read(group, np.arange(layout.rows))])
    for table in dataset.schema:
        KeyMap.open(dataset, table.name)
        for batch in store.scan(table.name):
            batch.validate(full=True)
        for column in table.columns:
            if column.stype is Stype.NUMERICAL:
                _ = graph.weights[table.name, column.name]
    store.close()
