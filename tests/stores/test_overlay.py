"""An overlay is, array by array and row by row, what opening the dataset after an append would give."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.errors import BudgetError, IngestError, StoreError
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.joined import joined, keys_over
from workbench.ingestion.tables import read_tables
from workbench.schema import Schema
from workbench.stores.dataset import Dataset
from workbench.stores.key_map import KeyMap
from workbench.stores.overlay import graph_over
from workbench.stores.protocols import Read
from workbench.stores.ram_graph import RamGraph
from workbench.stores.ssd_features import SsdFeatures


def days(*numbers: float) -> pd.DatetimeIndex:
    return pd.Timestamp("2024-01-01") + pd.to_timedelta(list(numbers), unit="D")


def tables(first: int, day: float, clubs: list[str]) -> dict[str, pd.DataFrame]:
    """People, a history of theirs, memberships that end, and friendships: three rows each from a day on."""
    ids = np.arange(first, first + 3)
    return {
        "clubs": pd.DataFrame({"club_id": clubs, "size": [3.0 * len(name) for name in clubs]}),
        "people": pd.DataFrame(
            {"person_id": ids, "born": days(day, day, day + 1), "city": [*"ab", f"c{first}"]}
        ),
        "cities": pd.DataFrame({"person_id": ids, "since": days(day + 1, day + 2, day + 2), "rent": ids / 7}),
        "joins": pd.DataFrame(
            {
                "join_id": ids,
                "person_id": ids[::-1],
                "club_id": [clubs[0], clubs[-1], None],
                "joined": days(day + 2, day + 2, day + 3),
                "left": [days(day + 9)[0], pd.NaT, days(day + 4)[0]],
            }
        ),
        "likes": pd.DataFrame(
            {"who": ids, "whom": [0, 1, first], "liked": days(day + 4, day + 4, day + 5), "much": ids + 0.5}
        ),
    }


def schema_of(first: dict[str, pd.DataFrame]) -> Schema:
    schema = infer_schema(read_tables(first))
    for column in ("who", "whom"):
        schema = schema.link("likes", column, "people")
    schema = schema.set_time("likes", "liked").set_time("joins", "joined").set_end_time("joins", "left")
    schema = schema.link("joins", "club_id", "clubs").link("joins", "person_id", "people")
    schema = schema.set_stype("people", "city", "categorical").set_primary_key("clubs", "club_id")
    schema = schema.set_primary_key("likes", None)
    schema = schema.link("cities", "person_id", "people").set_primary_key("cities", None)
    return schema.set_time("cities", "since").as_history("cities", "people").as_edge("likes")


@pytest.fixture(scope="module", params=["fresh", "appended, edited"])
def before(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path, first = tmp_path_factory.mktemp("overlay") / "store", tables(0, 0, ["chess", "go"])
    ingest(first, schema_of(first), path)
    if request.param != "fresh":
        ingest(tables(3, 10, ["bridge"]), Dataset.open(path).schema, path, append=True)
        with edit(path) as editing:
            editing.delete("likes", ids=[0])
            editing.delete("people", keys=[1])
            editing.update("people", {"person_id": [4], "city": ["z"]})
    return Dataset.open(path)


def given() -> dict[str, pd.DataFrame]:
    return tables(20, 30, ["darts", "polo"])


def appended(before: Dataset, rows: dict[str, pd.DataFrame], folder: Path) -> Dataset:
    shutil.copytree(before.path, folder)
    ingest(rows, before.schema, folder, append=True)
    return Dataset.open(folder)


def same(one: Any, two: Any) -> None:
    for name in ("num_rows", "edges_follow_nodes", "id_dtype", "numbering", "schema"):
        assert getattr(one, name) == getattr(two, name), name
    for name in ("times", "ends", "deleted"):
        assert getattr(one, name).keys() == getattr(two, name).keys()
        for table, array in getattr(one, name).items():
            np.testing.assert_array_equal(array, getattr(two, name)[table], err_msg=f"{name} of {table}")
    for edge_type, arrays in one.edges.items():
        other = two.edges[edge_type]
        for part in ("indptr", "nbr", "eid"):
            ours, theirs = getattr(arrays, part), getattr(other, part)
            assert (ours is None) == (theirs is None)
            if ours is not None:
                np.testing.assert_array_equal(ours, theirs, err_msg=f"{part} of {edge_type}")
                assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(one.weights["likes", "much"], two.weights["likes", "much"])


@pytest.mark.filterwarnings("ignore:.* keys dangle")
@pytest.mark.parametrize("only", [None, "people", "likes"])
def test_an_overlay_is_what_an_append_would_give(before: Dataset, only: str | None, tmp_path: Path) -> None:
    rows = {name: each for name, each in given().items() if only in (None, name)}
    after = appended(before, rows, tmp_path / "after")
    graph, features = RamGraph.open(before), SsdFeatures.open(before)
    expected = SsdFeatures.open(after)
    with joined(before, rows) as larger:
        over = features.over(larger)
        found = graph_over(graph, larger)
        same(found.arrays, RamGraph.open(after).arrays)
        assert over.groups == expected.groups
        assert over.snapshot == found.snapshot == after.snapshot
        for group, layout in expected.groups.items():
            reads = [Read(group, np.arange(layout.rows)[::-1])]
            ours, theirs = (store.multi_get(reads)[0].data for store in (over, expected))
            np.testing.assert_array_equal(ours, theirs, err_msg=group)
        people, when = np.arange(after.manifest.rows("people")), int(days(40)[0].value // 1000)
        np.testing.assert_array_equal(
            over.rows_as_of("cities", people, when), expected.rows_as_of("cities", people, when)
        )
        for table in ("people", "clubs"):
            stored, full = KeyMap.open(before, table), KeyMap.open(after, table)
            wanted = full.keys_of(np.arange(full.rows))
            keys = keys_over(stored, larger)
            np.testing.assert_array_equal(keys.lookup(wanted), full.lookup(wanted))
            assert keys.rows == full.rows
        with larger.duckdb() as ours, after.duckdb() as theirs:
            for table in before.schema:
                asked = f'SELECT * FROM "{table.name}" ORDER BY __row__'
                assert ours.sql(asked).to_arrow_table().equals(theirs.sql(asked).to_arrow_table())
        for column in ((t, c) for t, c in after.dictionaries()):
            assert larger.dictionary(*column) == after.dictionary(*column)
    assert graph.num_nodes("people") == before.manifest.rows("people"), "the open stores are as they were"


def test_what_did_not_change_is_shared(before: Dataset) -> None:
    graph = RamGraph.open(before)
    with joined(before, {"likes": given()["likes"][:0]}) as larger:
        found = graph_over(graph, larger).arrays
    for edge_type, arrays in graph.arrays.edges.items():
        assert found.edges[edge_type].nbr is arrays.nbr


def test_files_of_a_call_are_gone_after_it(
    before: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.ingestion.joined.SHARED_MEMORY", str(tmp_path))
    files = sorted(before.path.rglob("*"))
    with joined(before, given()) as larger:
        assert len(list(tmp_path.rglob("*"))) > 5
        with pytest.raises(StoreError, match="its rows are there for a single call"):
            pickle.dumps(larger)
    assert list(tmp_path.iterdir()) == []
    late = {"joins": given()["joins"].assign(joined=days(0, 0, 31))}
    with pytest.raises(IngestError, match="2 of 'joins' are earlier"), joined(before, late):
        pass
    assert list(tmp_path.iterdir()) == []
    assert sorted(before.path.rglob("*")) == files


def test_a_folder_without_room_is_left_alone(
    before: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.ingestion.joined.SHARED_MEMORY", str(tmp_path))
    monkeypatch.setattr("workbench.ingestion.joined.ROOM", 1 << 62)
    with joined(before, {"likes": given()["likes"][:0]}):
        assert list(tmp_path.iterdir()) == []


def test_a_graph_without_room_for_the_rows_is_refused(before: Dataset) -> None:
    graph = RamGraph.open(before)
    graph = RamGraph(graph.arrays, graph.arrays.nbytes + 100)
    with joined(before, given()) as larger, pytest.raises(BudgetError):
        graph_over(graph, larger)
    with joined(before, given()) as larger, pytest.raises(StoreError, match="Take the graph of an engine"):
        graph_over("no graph", larger)
