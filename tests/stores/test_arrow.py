"""Rows as Arrow: what the source held, by pandas; streams in bounded memory, which DuckDB reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.errors import IdError, SchemaError, StoreError
from workbench.testing.sizes import cases

ROWS = 5000
NAME = 'a "line"; é'


def source() -> pa.Table:
    rng = np.random.default_rng(3)
    return pa.table(
        {
            "key": rng.permutation(ROWS),
            "at": pa.array(rng.integers(0, 10**15, ROWS)).cast(pa.timestamp("us")),
            "x": pa.array(rng.random(ROWS), mask=rng.random(ROWS) < 0.1),
            "kind": pa.array(rng.choice(["tea", "ä", ""], ROWS), mask=rng.random(ROWS) < 0.1),
            "tags": pa.array(
                [None if i % 7 == 0 else ["p"] * (i % 3) for i in range(ROWS)], pa.list_(pa.string())
            ),
            "vector": pa.array(rng.random((ROWS, 2)).tolist(), pa.list_(pa.float64())),
            'odd "name"': pa.array(rng.integers(0, 9, ROWS)),
        }
    )


@pytest.fixture(scope="module")
def ordered() -> pa.Table:
    return source().sort_by("at")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> wb.Engine:
    path = tmp_path_factory.mktemp("arrow") / "s"
    tables = {NAME: source(), "empty": pa.table({"n": pa.array([], pa.int64())})}
    schema = wb.infer_schema(tables).set_time(NAME, "at").set_primary_key(NAME, "key")
    wb.ingest(tables, schema, path)
    return wb.open(path)


def same(found: pa.Table, expected: pa.Table) -> None:
    assert found.column_names == expected.column_names
    for name in expected.column_names:
        assert found[name].to_pylist() == expected[name].to_pylist(), name


@settings(max_examples=cases(15, 200))
@given(st.lists(st.integers(0, ROWS - 1), max_size=30))
def test_rows_come_in_the_order_of_their_ids_as_they_were(
    engine: wb.Engine, ordered: pa.Table, ids: list[int]
) -> None:
    found = engine.features.to_arrow(NAME, np.array(ids, np.int64))
    same(found, ordered.take(pa.array(ids, pa.int64())))


def test_numbers_are_not_rounded_and_columns_can_be_chosen(engine: wb.Engine, ordered: pa.Table) -> None:
    ids = np.array([7, 7, 4999, 0], np.uint32)
    names = ['odd "name"', "__row__", "x"]
    found = engine.features.to_arrow(NAME, ids, names)
    assert found.column_names == names
    assert found["__row__"].to_pylist() == ids.tolist()
    assert found["x"].to_pylist() == ordered["x"].take(pa.array(ids)).to_pylist()
    assert found.schema.field("x").type == pa.float64()
    assert engine.features.to_arrow(NAME, ids, "kind").column_names == ["kind"]
    assert engine.features.to_arrow("empty", []).num_rows == 0


@pytest.mark.parametrize("batch_rows", [1, 999, 65_536])
def test_a_scan_is_every_row_in_id_order(engine: wb.Engine, ordered: pa.Table, batch_rows: int) -> None:
    if batch_rows == 1:
        reader = engine.features.scan(NAME, ["key"], 1)
        assert [next(iter(reader)).num_rows for _ in range(3)] == [1, 1, 1]
        return
    reader = engine.features.scan(NAME, batch_rows=batch_rows)
    batches = list(reader)
    assert max(batch.num_rows for batch in batches) <= batch_rows
    same(pa.Table.from_batches(batches), ordered)


def test_duckdb_queries_a_scan(engine: wb.Engine, ordered: pa.Table) -> None:
    lines = engine.features.scan(NAME, ["kind", "x", "__row__"])  # noqa: F841  DuckDB finds it by its name
    found = duckdb.sql(
        "SELECT kind, count(*) AS n, sum(x) AS x, min(__row__) AS first FROM lines GROUP BY kind"
    ).df()
    frame = ordered.to_pandas().assign(first=range(ROWS))
    expected = frame.groupby("kind", dropna=False).agg(
        n=("key", "size"), x=("x", "sum"), first=("first", "min")
    )
    found = found.set_index("kind").sort_index()
    pd.testing.assert_frame_equal(found, expected.sort_index(), check_dtype=False)
    with duckdb.connect() as connection:
        connection.register("lines", engine.features.scan(NAME))
        assert connection.sql("SELECT count(*) FROM lines WHERE tags IS NULL").fetchall() == [
            (-(-ROWS // 7),)
        ]


def test_a_scan_that_is_dropped_half_way_ends(engine: wb.Engine) -> None:
    for _ in range(20):
        next(iter(engine.features.scan(NAME, batch_rows=10)))


def test_what_is_not_there_is_explained(engine: wb.Engine) -> None:
    features = engine.features
    for call in (lambda: features.to_arrow("lines", [0]), lambda: features.scan("lines")):
        with pytest.raises(SchemaError, match="table 'lines' was asked for"):
            call()
    for call in (lambda: features.to_arrow(NAME, [0], ["knd"]), lambda: features.scan(NAME, ["knd"])):
        with pytest.raises(SchemaError, match="Did you mean 'kind'"):
            call()
    with pytest.raises(IdError, match=f"id {ROWS} is among them"):
        features.to_arrow(NAME, [0, ROWS])
    with pytest.raises(IdError, match="id -1 is among them"):
        features.to_arrow(NAME, [-1])
    with pytest.raises(IdError, match="ids are float64"):
        features.to_arrow(NAME, np.array([0.5]))
    with pytest.raises(StoreError, match="1 or more rows"):
        features.scan(NAME, batch_rows=0)
    with pytest.raises(StoreError, match="no columns were named"):
        features.to_arrow(NAME, [0], [])


_PEAK = """
import resource, sys
import workbench as wb
features = wb.open(sys.argv[1]).features
next(iter(features.scan("wide", ["__row__"])))
before, rows = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
for batch in features.scan("wide"):
    assert batch.column("n")[0].as_py() == rows
    rows += batch.num_rows
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_scan_takes_bounded_memory(tmp_path: Path) -> None:
    rows, file = 2_000_000, tmp_path / "wide.parquet"
    columns = {f"x{i}": np.random.default_rng(i).random(rows) for i in range(16)}
    pq.write_table(pa.table({"n": np.arange(rows), **columns}), file)
    tables = wb.read_tables({"wide": str(file)})
    schema = wb.infer_schema(tables)
    for name in columns:
        schema = schema.set_stype("wide", name, "id")  # no segment: only the table is of interest
    wb.ingest(tables, schema, tmp_path / "s")
    found = subprocess.run(
        [sys.executable, "-c", _PEAK, str(tmp_path / "s")], check=True, capture_output=True, text=True
    )
    count, grown = map(int, found.stdout.split())  # nothing else is printed, however slow the machine
    assert count == rows
    assert grown < 160, f"{grown} MiB more for a stream of {rows * 17 * 8 >> 20} MiB"
