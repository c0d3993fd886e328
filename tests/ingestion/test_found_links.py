"""A compaction knows whether links have found their keys: brute force says the same."""

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import StoreError
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.ingestion.found_links import finds_links
from workbench.ingestion.merge import compact
from workbench.schema import Column, EdgeType, ForeignKey, Schema, Stype, Table
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays

SCHEMA = Schema(
    (
        Table("a", (Column("k", Stype.ID),), "k"),
        Table("b", (Column("to", Stype.ID),), foreign_keys=(ForeignKey("to", "a"),)),
    )
)


@pytest.mark.parametrize("texts", [False, True])
def test_only_links_that_were_there_before_their_key(tmp_path, texts):
    rng, seen = np.random.default_rng(5), set()
    for number in range(4):
        keys, links, found = rng.permutation(14), [], False
        path = tmp_path / str(number)
        for piece in range(3):
            to = [None if rng.random() < 0.2 else int(k) for k in rng.integers(0, 25, 3)]
            new = [int(k) for k in keys[piece * 2 : piece * 2 + 2]]
            found |= bool(set(new) & set(links))
            links += to
            kind, name = (
                (pa.string(), lambda k: None if k is None else f"k{k}") if texts else (pa.int64(), int)
            )
            columns = {"a": ("k", new), "b": ("to", to)}
            tables = {
                table: pa.table({column: pa.array([v if v is None else name(v) for v in values], kind)})
                for table, (column, values) in columns.items()
            }
            ingest(tables, SCHEMA, path, append=piece > 0)
            assert finds_links(Dataset.open(path)) == found
        seen.add(found)
    assert seen == {False, True}


def test_new_columns_wait_until_links_are_found(tmp_path):
    ingest({"a": pa.table({"k": [1]}), "b": pa.table({"to": [1, 7]})}, SCHEMA, tmp_path)
    ingest({"a": pa.table({"k": [7]})}, SCHEMA, tmp_path, append=True)
    column = {"x": [1.0]}
    said = r"only a compaction links them\. Call wb\.compact"
    with pytest.raises(StoreError, match=said), edit(tmp_path) as editing:
        editing.add_columns("b", column, ids=[0], stypes={"x": "numerical"})
    compact(tmp_path)
    with edit(tmp_path) as editing:
        editing.add_columns("b", column, ids=[0], stypes={"x": "numerical"})
    assert GraphArrays.open(Dataset.open(tmp_path)).edges[EdgeType("b", "to", "a")].nbr.tolist() == [0, 1]
