"""A small shop of every kind of link, random, and whether two datasets of it hold the same."""

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.key_map import KeyMap
from workbench.stores.protocols import Read
from workbench.stores.sql import ROW
from workbench.stores.ssd_features import SsdFeatures


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


def assert_same(one, other, *, codes=True):
    """Two datasets hold the same, whatever their files; without ``codes`` categories count, not codes."""
    for t in SCHEMA:
        assert one.manifest.rows(t.name) == other.manifest.rows(t.name)
        views = [
            d.duckdb().sql(f"SELECT * FROM {t.name} ORDER BY {ROW}").to_arrow_table() for d in (one, other)
        ]
        assert views[0].to_pylist() == views[1].select(views[0].column_names).to_pylist()
        ids = np.arange(one.manifest.rows(t.name))
        blocks = [SsdFeatures.open(d).multi_get([Read(t.name, ids)])[0] for d in (one, other)]
        if codes:
            assert blocks[0].layout == blocks[1].layout
            np.testing.assert_array_equal(blocks[0].data, blocks[1].data)
        else:
            assert decoded(one, blocks[0]) == decoded(other, blocks[1])
        if t.primary_key:
            maps = [KeyMap.open(d, t.name) for d in (one, other)]
            keys = maps[0].keys_of(ids)
            assert maps[1].keys_of(ids) == keys
            assert maps[1].lookup(keys).tolist() == ids.tolist()
    assert not codes or one.dictionaries() == other.dictionaries()
    assert one.manifest.dated_rows == other.manifest.dated_rows
    assert one.manifest.edges_follow_nodes == other.manifest.edges_follow_nodes
    graphs = [GraphArrays.open(d) for d in (one, other)]
    for a, b in zip(graphs[0].arrays, graphs[1].arrays, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def decoded(dataset, block):
    """Columns of a feature block, categories as texts."""
    found = {"present": block.present().tolist()}
    for column in block.layout.columns:
        values = block.column(column.name).tolist()
        if column.section == "categorical":
            words = ["", *dataset.dictionary(block.layout.group, column.name)]
            values = [words[code] for code in values]
        found[column.name] = values
    return found
