"""A published task over a real database, row by row."""

from __future__ import annotations

import pandas as pd
import pytest

from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.query.task import Task
from workbench.stores.dataset import Dataset

DNF = (
    "PREDICT COUNT(results.* WHERE results.statusId != 1, 0, 30, days) > 0 FOR EACH drivers.driverId "
    "ASSUMING COUNT(results.*, 0, 30, days) > 0"
)


@pytest.fixture(scope="module")
def formula_one(shared_data_module, tmp_path_factory):
    tables = read_tables(str(shared_data_module / "db" / "*.parquet"))
    path = tmp_path_factory.mktemp("f1") / "store"
    ingest(tables, infer_schema(tables), path)
    return Dataset.open(path)


@pytest.fixture(scope="module")
def shared_data_module(request):
    return request.getfixturevalue("shared_data")("rel-f1")


@pytest.mark.parametrize(("split", "rows"), [("train", 11_411), ("val", 566), ("test", 702)])
def test_the_labels_of_a_published_task_row_by_row(formula_one, shared_data, split, rows):
    task = Task.build(formula_one, DNF, val="2005-01-01", test="2010-01-01", eval_windows=40)
    seeds = task.seeds(split).to_arrow().to_pandas()
    published = pd.read_parquet(shared_data("rel-f1") / "tasks" / "driver-dnf" / f"{split}.parquet")
    assert len(seeds) == len(published) == rows
    order = ["date", "driverId"]
    ours = seeds.rename(columns={"anchor_time": "date", "entity": "driverId", "label": "did_not_finish"})
    pd.testing.assert_frame_equal(
        ours[published.columns].sort_values(order, ignore_index=True),
        published.sort_values(order, ignore_index=True),
        check_dtype=False,
    )


def test_describe_names_static_tables_and_splits_without_seeds(formula_one):
    text = DNF.replace("> 0 FOR", "> 99 FOR").replace("> 0", "> 99")
    task = Task.build(formula_one, text, val="2005-01-01", test="2010-01-01")
    static = [table.name for table in formula_one.schema if table.time is None]
    assert {"drivers", "circuits"} <= set(static)
    assert f"\n  static    always visible: {', '.join(static)}\n" in task.describe()
    assert "no seeds: seeds of the train split were asked for" in task.describe()
