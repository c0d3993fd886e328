"""A compaction writes the graph files that appends have outgrown, and no others."""

import numpy as np
import pyarrow as pa

from workbench.ingestion.build import ingest
from workbench.stores.compact_graph import grown_files
from workbench.stores.compaction import compact
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.testing.edited_shop import SCHEMA, make_shop


def test_only_grown_tables_and_their_edge_types(tmp_path):
    make_shop(tmp_path, np.random.default_rng(0))
    user = {"user_id": [7000], "city": ["Bern"], "age": [3.0], "face": [[1.0, 2.0, 3.0]]}
    ingest({"users": pa.table(user)}, SCHEMA, tmp_path, append=True)
    dataset = Dataset.open(tmp_path)
    found = {(entry.role, entry.name) for entry in grown_files(dataset, "p9999")}
    fact = str(next(s.edge_type for s in SCHEMA.edge_specs if s.layout == "fact"))
    assert found == {("keys", "users"), ("indptr", fact), ("nbr", fact)}
    before = GraphArrays.open(dataset)
    compact(tmp_path)
    after = Dataset.open(tmp_path)
    assert not after.manifest.edits
    assert after.manifest.stored_rows("users") == 31
    assert list(grown_files(after, "p9998")) == []
    for a, b in zip(before.arrays, GraphArrays.open(after).arrays, strict=True):
        np.testing.assert_array_equal(a, b)
