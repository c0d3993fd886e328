"""What lies over a dataset's files is read whole, in order, and damage is named."""

import numpy as np
import pytest

from workbench.errors import CorruptStoreError, StoreError
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.stores.dataset import Dataset, collect_orphans
from workbench.stores.edits import Delta, current_column, current_rows, deleted_rows
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.sql import ROW
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.edited_shop import SCHEMA, make_shop, random_edit


def test_of_a_row_in_several_deltas_the_last_counts():
    parts = [
        Delta(np.array(ids), np.full((len(ids), 8), n, np.uint8))
        for n, ids in enumerate([[1, 4], [4, 9], [1]])
    ]
    merged = Delta.merged(parts)
    assert merged.ids.tolist() == [1, 4, 9]
    assert merged.rows[:, 0].tolist() == [2, 1, 1]


@pytest.fixture
def edited(tmp_path):
    rng = np.random.default_rng(5)
    model = make_shop(tmp_path / "s", rng)
    for _ in range(6):
        with edit(tmp_path / "s") as editing:
            random_edit(editing, model, rng)
            random_edit(editing, model, rng)
    return Dataset.open(tmp_path / "s"), model


def test_columns_and_rows_are_those_of_the_views(edited):
    dataset, _ = edited
    for table in ("users", "orders"):
        with dataset.duckdb() as connection:
            view = connection.sql(f"SELECT * FROM {table} ORDER BY {ROW}").to_arrow_table()
        ids = view.column(ROW).to_numpy()
        rows = current_rows(dataset, table, ids)
        assert rows.select(view.column_names).to_pylist() == view.to_pylist()
        for column in dataset.schema[table].columns:
            whole = current_column(dataset, table, column.name)
            assert whole.take(ids).to_pylist() == view.column(column.name).to_pylist()
        everything = np.arange(dataset.manifest.rows(table))
        assert np.setdiff1d(everything, ids).tolist() == deleted_rows(dataset, table).tolist()


def test_weights_of_edges_are_the_edited_ones(edited):
    dataset, model = edited
    with edit(dataset.path) as editing:
        ids = model.frames["orders"].index.to_numpy()
        editing.update("orders", {"amount": ids * 1.0}, ids=ids)
    weights = GraphArrays.open(Dataset.open(dataset.path)).weights["orders", "amount"]
    assert weights[ids].tolist() == ids.tolist()
    assert weights[deleted_rows(dataset, "orders")].sum() == 0


def test_a_torn_delta_is_named(edited):
    dataset, _ = edited
    file = dataset.files("delta", "users")[0]
    whole = file.read_bytes()
    for damage in (whole[:-1], whole + bytes(8), b"\xff" * len(whole)):
        file.write_bytes(damage)
        with pytest.raises(CorruptStoreError, match=r"\.delta"):
            SsdFeatures.open(dataset)


def test_files_that_an_ingest_replaced_are_told_from_lost_ones(edited):
    dataset, _ = edited
    tables = {t.name: dataset.duckdb().table(t.name).to_arrow_table().drop_columns([ROW]) for t in SCHEMA}
    ingest(tables, SCHEMA, dataset.path)
    collect_orphans(dataset.path)
    with pytest.raises(StoreError, match="Open the dataset again"):
        current_column(dataset, "users", "age")
    with pytest.raises(StoreError, match="ingested again"):
        Dataset.open(dataset.path, dataset.snapshot)
