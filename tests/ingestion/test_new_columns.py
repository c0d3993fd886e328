"""New columns: every row has the old values and the new ones, of every type; old snapshots do not."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.errors import IngestError, SchemaError
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.schema import Stype
from workbench.stores.compaction import compact
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.verify import verify
from workbench.testing.edited_shop import check_shop, make_shop

STYPES = {
    "score": "numerical",
    "club": Stype.CATEGORICAL,
    "seen": "timestamp",
    "about": "text",
    "shape": "embedding",
}


def new_values(rng, count):
    return {
        "score": rng.integers(0, 99, count) / 4,
        "club": rng.choice(["a", "b"], count),
        "seen": np.datetime64("2026-03-01", "us") + rng.integers(0, 10**6, count).astype("m8[s]"),
        "about": rng.choice(["much ado", "nothing"], count),
        "shape": list(rng.integers(0, 9, (count, 4)).astype(np.float32)),
    }


@pytest.mark.parametrize("order", ["arrival", {"orders": "user_id"}])
def test_all_types_beside_edits_in_one_transaction(tmp_path, order):
    rng, path = np.random.default_rng(0), tmp_path / "s"
    model = make_shop(path, rng, order=order)
    before = model.copy()
    ids = np.sort(rng.permutation(80)[:50])
    values = new_values(rng, 50)
    with edit(path) as editing:
        editing.update("orders", {"amount": [7.5]}, ids=[11])
        editing.delete("orders", ids=[12])
        editing.add_columns("orders", {k: pa.array(v) for k, v in values.items()}, stypes=STYPES, ids=ids)
    frame = model.frames["orders"]
    frame.loc[11, "amount"] = 7.5
    for name, column in values.items():
        if name != "about":
            frame[name] = pd.Series(list(column), index=ids, dtype=object)
    model.frames["orders"] = frame.drop(index=12).astype(object).where(frame.notna(), None)
    dataset = Dataset.open(path)
    check_shop(dataset, SsdFeatures.open(dataset), model)
    texts = SsdFeatures.open(dataset).multi_get([Read("orders", ids[ids != 12])])[0].column("about")
    kinds = [word for word, row in zip(values["about"], ids, strict=True) if row != 12]
    assert (
        len({(tuple(v), kind) for v, kind in zip(texts.tolist(), kinds, strict=True)}) == len(set(kinds)) == 2
    )
    assert dataset.schema["orders"].column("club").stype is Stype.CATEGORICAL
    old = Dataset.open(path, 1)
    check_shop(old, SsdFeatures.open(old), before)
    with edit(path) as editing:  # new columns are edited as others are
        editing.update("orders", {"score": [1.0], "club": ["c"]}, ids=[3])
    compact(path)
    assert Dataset.open(path).row("orders", 3)["club"] == "c"
    assert verify(path).ok
    assert not verify(path).unregistered


def test_a_table_without_features_gets_some(tmp_path):
    tables = {"cities": pa.table({"city_id": [5, 6, 7]})}
    ingest(tables, infer_schema(read_tables(tables)).set_primary_key("cities", "city_id"), tmp_path)
    with edit(tmp_path) as editing:
        editing.add_columns("cities", {"city_id": [7, 5], "size": [70, 50]}, stypes={"size": "numerical"})
    block = SsdFeatures.open(tmp_path).multi_get([Read("cities", np.arange(3))])[0]
    assert block.column("size").tolist() == [50, 0, 70]
    assert block.present()[:, 0].tolist() == [True, False, True]


def test_a_column_of_nothing(tmp_path):
    make_shop(tmp_path, np.random.default_rng(0))
    with edit(tmp_path) as editing:
        editing.add_columns(
            "users", {"x": [None], "y": [None]}, stypes={"x": "text", "y": "numerical"}, ids=[0]
        )
    assert Dataset.open(tmp_path).row("users", 0)["x"] is None


@pytest.mark.parametrize(
    ("rows", "stypes", "error", "message"),
    [
        ({"age": [1]}, {"age": "numerical"}, SchemaError, "has a column 'age'"),
        ({"Age": [1]}, {"Age": "numerical"}, SchemaError, "has a column 'Age'"),
        ({"x": [1]}, {"x": "number"}, SchemaError, "Did you mean 'numerical'"),
        ({"x": [1]}, {"x": "id"}, SchemaError, "'x' was to be 'id'"),
        ({"x": [1], "y": [1]}, {"x": "numerical"}, SchemaError, "'y' is not to be edited"),
        ({"x": [1]}, {"x": "numerical", "y": "numerical"}, SchemaError, "no column 'y'"),
        ({"x": [1]}, {}, SchemaError, "'x' is not to be edited"),
        ({"x": ["?"]}, {"x": "numerical"}, IngestError, "1 of 1 values of 'x'"),
    ],
)
def test_what_cannot_be_added_is_refused(tmp_path, rows, stypes, error, message):
    make_shop(tmp_path, np.random.default_rng(0))
    with pytest.raises(error, match=message), edit(tmp_path) as editing:
        editing.add_columns("users", rows, stypes=stypes, ids=[0])
    assert Dataset.open(tmp_path).snapshot == 1
