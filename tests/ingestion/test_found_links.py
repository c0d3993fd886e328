"""A compaction knows whether links have found their keys: brute force says the same."""

import numpy as np
import pyarrow as pa
import pytest

from workbench.ingestion.build import ingest
from workbench.ingestion.found_links import finds_links
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.dataset import Dataset

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
