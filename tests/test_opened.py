"""An open dataset: keys are inverse to node ids, edits are seen after a refresh, unknown names are named."""

import numpy as np
import pytest

import workbench as wb


@pytest.fixture(scope="module")
def shop(generated_shop):
    return generated_shop


@pytest.fixture(scope="module")
def engine(shop):
    return wb.open(shop[1])


def test_keys_and_node_ids_are_inverse(engine, shop):
    data, _ = shop
    keys = data.tables["users"]["user_id"].to_pylist()[:10]
    ids = engine.node_ids("users", keys)
    assert engine.keys("users").keys_of(ids).to_pylist() == keys
    assert engine.row("users", int(ids[3]))["user_id"] == keys[3]


def test_unknown_keys_and_tables_are_named(engine):
    with pytest.raises(wb.SchemaError, match=r"1 are not in it \(-5\)"):
        engine.node_ids("users", [-5])
    with pytest.raises(wb.SchemaError, match="Did you mean 'users'"):
        engine.keys("user")


def test_an_edit_is_seen_after_a_refresh_and_audited(shop, tmp_path):
    data, path = shop[0], tmp_path / "edited"
    tables = wb.read_tables(data.tables)
    wb.ingest(tables, wb.infer_schema(tables), path)
    old = wb.open(path, memory_budget="1GB")
    before = old.features.multi_get([wb.Read("users", np.arange(9))])[0].data.copy()
    orders = np.arange(0, old.dataset.manifest.rows("orders"), 3)
    with old.edit() as edit:
        edit.update("users", {"age": [33.0]}, ids=[4])
        edit.delete("orders", ids=orders)
        edit.delete("users", ids=[7])
    assert (old.features.multi_get([wb.Read("users", np.arange(9))])[0].data == before).all()
    new = old.refresh()
    assert (new.dataset.snapshot, old.dataset.snapshot) == (2, 1)
    assert new.refresh() is new
    assert new.row("users", 4)["age"] == 33
    task = new.task(data.query, val=data.val, test=data.test)
    assert 7 not in np.concatenate([task.seeds(split).node_id for split in ("train", "val", "test")])
    fanout = wb.Fanout([6, 4])
    subgraph = new.sample(task.seeds("val"), fanout)
    assert not np.isin(subgraph.node_id["orders"], orders).any()
    report = new.audit(subgraph)
    assert report.ok, report
    assert report.edges > 100
    assert new.compact().result(60).tables == ("users", "orders")
    folded = new.refresh()
    assert folded.sample(folded.task(data.query, val=data.val, test=data.test).seeds("val"), fanout).same_as(
        subgraph
    )
    assert len(task.seeds("train"))  # labels are read from tables of a snapshot before the compaction
