"""Late rows, and keys that come after what points at them: merged, they are an ingest of all rows at once."""

import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linked_shop import SCHEMA, arrow, assert_same, random_tables

from workbench.errors import IngestError, StoreError
from workbench.ingestion import write_edges
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.ingestion.merge import compact
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.key_map import KeyMap
from workbench.stores.sql import ROW
from workbench.stores.verify import verify
from workbench.testing.sizes import cases

VALUES = {"users": ("age", "city"), "shops": ("size",), "orders": ("amount",), "likes": ("stars",)}
"""What edits change; the first is unique to each row, so that a row is known again whatever its id."""


def loose_tables(rng, text_keys):
    """Random tables whose links may point at rows of any time, or at none; some rows have no time."""
    frames, _ = random_tables(rng, text_keys)
    for name, frame in frames.items():
        frame[VALUES[name][0]] = rng.permutation(len(frame)) / 4
        if name in ("orders", "likes"):
            for column, target in (("user", "users"), ("shop", "shops")):
                keys = rng.choice(frames[target]["k"].to_numpy(), len(frame))
                frame[column] = pd.Series(keys).where(rng.random(len(frame)) < 0.85, None)
                frame[column] = frame[column] if text_keys else frame[column].astype("Int64")
            frame["at"] = frame["at"].where(rng.random(len(frame)) < 0.97, pd.NaT)
    return frames


def in_pieces(rng, frames, count):
    """Rows in pieces, mostly by time; in each piece in any order."""
    pieces = [{} for _ in range(count)]
    for name, frame in frames.items():
        share = np.linspace(0, count, len(frame), endpoint=False).astype(int)
        share = np.where(rng.random(len(frame)) < 0.2, rng.integers(0, count, len(frame)), share)
        for number, piece in enumerate(pieces):
            rows = np.flatnonzero(share == number)
            piece[name] = frame.iloc[rng.permutation(rows)]
    return pieces


def random_edits(rng, path, pieces):
    """Update some rows that are visible and delete some others, in the dataset and in the pieces."""
    dataset = Dataset.open(path)
    with edit(path) as editing:
        for name in rng.choice(list(VALUES), 2, replace=False):
            tag, *others = VALUES[name]
            with dataset.duckdb() as connection:
                seen = connection.sql(f"SELECT {ROW}, {tag} FROM {name} ORDER BY {ROW}").fetchall()
            known = dict(seen[i] for i in rng.permutation(len(seen))[:5])
            lost = {row: value for row, value in known.items() if rng.random() < 0.4}
            kept = {row: value for row, value in known.items() if row not in lost}
            if others and kept:
                city = str(rng.choice(["new", *"abc"]))
                editing.update(name, {"city": [city] * len(kept)}, ids=list(kept))
                for piece in pieces:
                    piece[name] = piece[name].copy()
                    piece[name].loc[piece[name][tag].isin(kept.values()), "city"] = city
            editing.delete(name, ids=list(lost))
            for piece in pieces:
                piece[name] = piece[name][~piece[name][tag].isin(lost.values())]


def orders(rows):
    """Rows of (user, shop, day of 2026, amount)."""
    user, shop, day, amount = zip(*rows, strict=True)
    at = [None if d is None else np.datetime64("2026-01-01", "us") + np.timedelta64(d, "D") for d in day]
    return pa.table({"user": user, "shop": shop, "at": pa.array(at, pa.timestamp("us")), "amount": amount})


@pytest.fixture
def shop(tmp_path):
    """Two users, two shops, orders of days 10, 20 and 30."""
    ingest(
        {
            "users": pa.table({"k": [5, 6], "at": orders([(0, 0, 1, 0.0)] * 2)["at"], "city": ["a", "b"],
                               "age": [1.0, 2.0]}),
            "shops": pa.table({"k": [1, 2], "size": [1.0, 2.0]}),
            "orders": orders([(5, 1, 10, 1.0), (6, 3, 20, 2.0), (5, 2, 30, 3.0)]),
            "likes": orders([(5, 1, 10, 1.0)]).rename_columns(["user", "shop", "at", "stars"]),
        },
        SCHEMA,
        tmp_path / "s",
    )  # fmt: skip
    return tmp_path / "s"


def amounts(path):
    with Dataset.open(path).duckdb() as connection:
        return [row[0] for row in connection.sql(f"SELECT amount FROM orders ORDER BY {ROW}").fetchall()]


def test_late_rows_are_counted_and_unseen_until_they_are_merged(shop):
    new = orders([(5, 1, 40, 4.0), (5, 1, 15, 1.5), (6, 1, None, 9.0)])
    report = ingest({"orders": new}, SCHEMA, shop, append=True)
    assert (report.rows["orders"], report.late) == (1, {"orders": 2})
    assert "late: wait for wb.compact: orders 2" in repr(report)
    said = (
        "orders: 2 of 3 rows wait for a compaction, unseen until then: 1 are earlier than the last stored row"
    )
    assert any(said in text and "1 have no 'at'" in text for text in report.warnings)
    assert "late rows that wait for wb.compact: orders: 2" in repr(Dataset.open(shop))
    assert amounts(shop) == [1, 2, 3, 4]
    graph = GraphArrays.open(Dataset.open(shop))
    assert graph.num_rows["orders"] == 4
    done = compact(shop)
    assert done.tables == ("orders",)
    assert amounts(shop) == [1, 1.5, 2, 3, 4, 9]
    dataset = Dataset.open(shop)
    assert dataset.manifest.dated_rows["orders"] == 5
    assert not dataset.manifest.late_rows("orders")
    assert compact(shop).tables == ()


def test_behind_rows_without_a_time_all_are_late(shop):
    ingest({"orders": orders([(5, 1, None, 9.0)])}, SCHEMA, shop, append=True)
    compact(shop)
    report = ingest({"orders": orders([(5, 1, 50, 5.0)])}, SCHEMA, shop, append=True)
    assert report.late == {"orders": 1}
    assert any("nothing can follow them" in text for text in report.warnings)
    compact(shop)
    assert amounts(shop) == [1, 2, 3, 5, 9]


def test_a_link_appears_with_the_compaction_after_its_key(shop):
    """Shop 3 has no time: seen at once, the link of day 20 would change samples of that time."""
    ingest({"shops": pa.table({"k": [3], "size": [3.0]})}, SCHEMA, shop, append=True)
    name = next(spec.edge_type for spec in SCHEMA.edge_specs if str(spec.edge_type) == "orders-shop->shops")
    assert GraphArrays.open(Dataset.open(shop)).edges[name].indptr.tolist() == [0, 1, 2, 2]
    compact(shop)
    edges = GraphArrays.open(Dataset.open(shop)).edges[name]
    assert (edges.indptr.tolist(), edges.nbr.tolist()) == ([0, 1, 2, 3], [0, 2, 1])
    assert Dataset.open(shop).manifest.report["edges"]["orders-shop->shops"] == 3


def test_a_key_is_given_once_also_while_its_row_waits(shop):
    user = {"k": [7], "at": orders([(0, 0, 0, 0.0)])["at"], "city": ["c"], "age": [7.0]}
    assert ingest({"users": pa.table(user)}, SCHEMA, shop, append=True).late == {"users": 1}
    for _ in range(2):
        with pytest.raises(IngestError, match="1 of 1 are there already"):
            ingest({"users": pa.table(user)}, SCHEMA, shop, append=True)
        later = {**user, "at": orders([(0, 0, 90, 0.0)])["at"]}
        with pytest.raises(IngestError, match="1 of 1 are there already"):
            ingest({"users": pa.table(later)}, SCHEMA, shop, append=True)
        compact(shop)
    assert KeyMap.open(Dataset.open(shop), "users").lookup([5, 6, 7]).tolist() == [1, 2, 0]


def test_deleted_rows_give_up_ids_and_keys_where_late_rows_are_merged(shop):
    with edit(shop) as editing:
        editing.delete("users", keys=[5])
    ingest({"orders": orders([(6, 1, 5, 0.5)])}, SCHEMA, shop, append=True)
    compact(shop)
    keys = KeyMap.open(Dataset.open(shop), "users")
    assert (keys.rows, keys.lookup([5, 6]).tolist()) == (1, [-1, 0])
    assert amounts(shop) == [0.5, 1, 2, 3]


def test_links_of_large_tables_are_sorted_in_files_here_too(shop, tmp_path, monkeypatch):
    ingest({"orders": orders([(6, 1, 5, 0.5), (5, 2, 15, 1.5)])}, SCHEMA, shop, append=True)
    shutil.copytree(shop, tmp_path / "large")
    compact(shop)
    monkeypatch.setattr(write_edges, "IN_MEMORY", 1)
    compact(tmp_path / "large")
    assert_same(Dataset.open(tmp_path / "large"), Dataset.open(shop))
    assert not list((tmp_path / "large").glob("spill*"))


def test_links_by_row_number_mean_the_rows_of_the_new_order(tmp_path):
    """As in an ingest of all rows: a table without a key is keyed by its rows in time order."""
    visit = Table("visits", (Column("at", Stype.TIMESTAMP), Column("n", Stype.NUMERICAL)), time="at")
    page = Table("pages", (Column("visit", Stype.ID),), foreign_keys=(ForeignKey("visit", "visits"),))
    schema = Schema((visit, page))

    def tables(days, visits):
        at = pa.array([np.datetime64("2026-01-01", "us") + np.timedelta64(d, "D") for d in days])
        return {"visits": pa.table({"at": at, "n": days}), "pages": pa.table({"visit": visits})}

    ingest(tables([1, 5], [0, 2, 3]), schema, tmp_path / "s")
    ingest(tables([9, 3], [1, 2]), schema, tmp_path / "s", append=True)
    compact(tmp_path / "s")
    ingest(tables([1, 5, 9, 3], [0, 2, 3, 1, 2]), schema, tmp_path / "whole")
    one, other = (GraphArrays.open(Dataset.open(tmp_path / name)) for name in ("s", "whole"))
    for a, b in zip(one.arrays, other.arrays, strict=True):
        np.testing.assert_array_equal(a, b)


def test_late_rows_are_merged_before_a_table_is_widened(shop):
    ingest({"orders": orders([(6, 1, 5, 0.5)])}, SCHEMA, shop, append=True)
    rows = pa.table({"note": [1.0]})
    with pytest.raises(StoreError, match=r"late rows wait in it \(orders: 1\)"), edit(shop) as editing:
        editing.add_columns("orders", rows, stypes={"note": "numerical"}, ids=[0])
    compact(shop)
    with edit(shop) as editing:
        editing.add_columns("orders", rows, stypes={"note": "numerical"}, ids=[0])
    assert Dataset.open(shop).row("orders", 0)["note"] == 1


def together(pieces):
    return {name: pd.concat([piece[name] for piece in pieces]) for name in VALUES}


@given(key=st.integers(0, 2**32))
@settings(max_examples=cases(4, 300))
def test_a_merged_dataset_is_one_ingest_of_all_its_rows(tmp_path_factory, key):
    rng, root = np.random.default_rng(key), tmp_path_factory.mktemp("merge")
    frames = loose_tables(rng, text_keys=bool(key % 2))
    pieces = in_pieces(rng, frames, 4)
    order = {"orders": "user"} if rng.random() < 0.5 else "arrival"
    for number, piece in enumerate(pieces):
        ingest(arrow(piece), SCHEMA, root / "s", **({"append": True} if number else {"order": order}))
        random_edits(rng, root / "s", pieces[: number + 1])
        if rng.random() < 0.3:
            compact(root / "s")
    held = Dataset.open(root / "s")
    late = {name for name in VALUES if held.manifest.late_rows(name)}
    if not late:
        return  # the last piece was merged on the way, and edited after that: ids have gaps
    before, graph = held.dictionaries(), GraphArrays.open(held)
    done = compact(root / "s")
    merged = Dataset.open(root / "s")
    assert late <= set(done.tables)  # others only where they were edited, or point at these
    ingest(arrow(together(pieces)), SCHEMA, root / "whole", order=order)
    assert_same(merged, Dataset.open(root / "whole"), codes=False)
    for column, words in before.items():
        assert merged.dictionaries()[column] == words, "models know categories by their codes"
    again = GraphArrays.open(Dataset.open(root / "s", held.snapshot))
    for a, b in zip(graph.arrays, again.arrays, strict=True):
        np.testing.assert_array_equal(a, b)
    report = verify(root / "s")
    assert report.ok
    assert not report.unregistered


@pytest.mark.parametrize("time", [pd.NaT, pd.Timestamp("2999-01-01")])
def test_deleted_rows_behind_which_none_could_follow_are_gone(tmp_path, time):
    frames, _ = random_tables(np.random.default_rng(5), text_keys=False)
    frames["orders"].loc[len(frames["orders"]) - 1, "at"] = time
    more = {"orders": frames["orders"].iloc[[-2]]}
    ingest(arrow(frames), SCHEMA, tmp_path / "s")
    assert ingest(arrow(more), SCHEMA, tmp_path / "s", append=True).late == {"orders": 1}
    compact(tmp_path / "s")
    last = Dataset.open(tmp_path / "s").manifest.rows("orders") - 1
    with edit(tmp_path / "s") as editing:
        editing.delete("orders", ids=[last])
    compact(tmp_path / "s")
    assert Dataset.open(tmp_path / "s").manifest.rows("orders") == last
    assert ingest(arrow(more), SCHEMA, tmp_path / "s", append=True).late == {}
