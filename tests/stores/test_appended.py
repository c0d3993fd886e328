"""Links of appended rows join the stored arrays as if all had been built at once; damage is said."""

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import CorruptStoreError
from workbench.ingestion.build import ingest
from workbench.stores.appended import link_name, with_new_edges, with_new_times
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.testing.edited_shop import SCHEMA, make_shop


@pytest.fixture
def grown(tmp_path):
    make_shop(tmp_path, np.random.default_rng(0))
    users = Dataset.open(tmp_path).duckdb().sql("SELECT user_id FROM users ORDER BY __row__").fetchall()
    orders = {
        "user_id": [users[3][0], users[0][0], 7000],
        "at": pa.array([np.datetime64("2026-05-01", "us")] * 3),
        "amount": [1.0, 2.0, 3.0],
        "due": pa.nulls(3, pa.timestamp("us")),
    }
    user = {"user_id": [7000], "city": ["Bern"], "age": [3.0], "face": [[1.0, 2.0, 3.0]]}
    ingest({"users": pa.table(user), "orders": pa.table(orders)}, SCHEMA, tmp_path, append=True)
    return Dataset.open(tmp_path)


def test_names_of_links_tell_table_from_column():
    assert link_name("a.b", "c") != link_name("a", "b.c")


def test_new_edges_come_last_at_each_node_and_new_nodes_have_theirs(grown):
    graph = GraphArrays.open(grown)
    spec = next(s for s in SCHEMA.edge_specs if s.layout == "fact")
    arrays = graph.edges[spec.edge_type]
    ends = {dst: arrays.nbr[arrays.indptr[dst + 1] - 1] for dst in (3, 0, 30)}
    assert ends == {3: 80, 0: 81, 30: 82}
    assert (graph.num_rows["users"], graph.num_rows["orders"]) == (31, 83)
    back = next(s for s in SCHEMA.edge_specs if s.layout == "column")
    assert graph.edges[back.edge_type].nbr[80:].tolist() == [3, 0, 30]


def test_nothing_is_copied_at_the_snapshot_before(grown):
    before = Dataset.open(grown.path, 1)
    spec = next(s for s in SCHEMA.edge_specs if s.layout == "fact")
    indptr, nbr = np.zeros(31, np.int64), np.empty(0, np.uint32)
    assert with_new_edges(before, spec, indptr, nbr, None) == (indptr, nbr, None)
    clock = np.arange(80)
    assert with_new_times(before, "orders", clock) is clock
    assert len(with_new_times(grown, "orders", clock)) == 83


@pytest.mark.parametrize("offsets", [[0, 5], [1, 2], [0, 9, 2], []])
def test_offsets_that_lead_outside_are_refused(grown, offsets):
    spec = next(s for s in SCHEMA.edge_specs if s.layout == "fact")
    with pytest.raises(CorruptStoreError, match="offsets of"):
        with_new_edges(grown, spec, np.array(offsets, np.int64), np.zeros(2, np.uint32), None)


def test_a_lost_link_file_is_named(grown):
    entry = next(e for e in grown.manifest.files if e.role == "link")
    (grown.path / entry.path).unlink()
    with pytest.raises(CorruptStoreError, match=r"\.link"):
        GraphArrays.open(grown)
