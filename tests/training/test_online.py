"""One entity online says what the whole batch said; rows of a call are seen as if appended; threads agree."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.errors import IngestError, SchemaError, StoreError, TaskError, TrainingError
from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.query.task import Task
from workbench.stores.edge_edits import without_edges
from workbench.temporal import iso
from workbench.testing.shop import Shop, open_parts
from workbench.training.begin import load_run, start
from workbench.training.parts import Parts
from workbench.training.run import Run

PLAN = ModelPlan(Fanout([4, 2], strategy="recent", disjoint=True)).replace(
    channels=4, layers=2, epochs=1, max_steps=2, batch_size=32, learning_rate=0.02
)
JOINT = PLAN.replace(fanout=PLAN.fanout.with_choices(disjoint=False))
REGRESSION = PLAN.replace(loss="l1", metric="mae")
RANKING = PLAN.replace(loss="softmax", metric="map")
RACES = (
    "PREDICT COUNT(results.* WHERE results.statusId != 1, 0, 30, days) > 0 FOR EACH drivers.driverId "
    "ASSUMING COUNT(results.*, 0, 30, days) > 0"
)
CASES: dict[str, tuple[str, ModelPlan]] = {
    "binary": ("PREDICT COUNT(orders.*, 0, 30, days) > 0", PLAN),
    "binary, joint": ("PREDICT COUNT(orders.*, 0, 30, days) > 0", JOINT),
    "regression": ("PREDICT COUNT(orders.*, 0, 30, days)", REGRESSION),
    "ranking": ("PREDICT LIST_DISTINCT(orders.product_id, 0, 30, days) RANK TOP 3", RANKING),
}


def trained(shop: Shop, case: str) -> Run:
    query, plan = CASES[case]
    when = {"val": shop.truth.val, "test": shop.truth.test, "begin": shop.truth.start}
    task = Task.build(
        shop.parts.dataset, f"{query} FOR EACH users.user_id", observed_until=shop.truth.end, **when
    )
    return start(shop.parts, task, plan, callbacks=[], device="cpu", key=2).wait()


@pytest.fixture(scope="module")
def run(shop: Shop) -> Run:
    return trained(shop, "binary")


@pytest.fixture(scope="module")
def now(shop: Shop) -> str:
    return iso(shop.truth.end)


@pytest.fixture(scope="module")
def rows(shop: Shop, now: str) -> dict[str, Any]:
    """A new user, orders of hers and of an old one, one of them later than now; a product that is new."""
    users = [900_001, shop.truth.user_keys[0]]
    day = pd.Timestamp(now)
    known = shop.truth.tables
    user = known["users"].slice(0, 1).to_pandas().assign(user_id=users[0], signup_time=day, country="XX")
    product = known["products"].slice(0, 1).to_pandas().assign(product_id=800_001)
    orders = known["orders"].slice(0, 4).to_pandas()
    orders["order_id"] = np.arange(4) + 700_001
    orders["user_id"] = [users[0], users[1], users[1], users[1]]
    orders["product_id"] = [800_001, 800_001, orders["product_id"][2], orders["product_id"][3]]
    orders["order_time"] = [day, day, day, day + pd.Timedelta(days=3)]
    return {"users": user, "products": pa.Table.from_pandas(product), "orders": orders}


def agree(one: Any, two: Any) -> None:
    np.testing.assert_allclose(one.values, two.values, rtol=0, atol=1e-6)
    assert one.to_arrow()["entity"].equals(two.to_arrow()["entity"])
    assert one.to_arrow()["anchor_time"].equals(two.to_arrow()["anchor_time"])


@pytest.mark.parametrize("case", CASES)
def test_a_sample_online_is_what_the_batch_said(shop: Shop, case: str, now: str) -> None:
    """Batches of 32 seeds, calls of one and of three: same numbers, in the order that was asked for."""
    run = trained(shop, case)
    everyone = run.predict(at=now)
    keys = everyone.seeds.key.to_pylist()
    assert len(keys) > 64
    agree(run.predict(run.task.seeds(at=now)), everyone)
    whole = everyone.to_arrow()
    for sample in ([40], [70, 3, 55]):
        said = run.predict(at=now, entities=[keys[place] for place in sample])
        agree(said, run.predict(run.task.seeds(at=now, entities=[keys[place] for place in sample])))
        if case == "ranking":
            assert said.to_arrow()["prediction"].to_pylist() == whole["prediction"].take(sample).to_pylist()
        np.testing.assert_allclose(said.values, everyone.values[sample], rtol=0, atol=1e-6)


def test_races(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    """The same over the tables of a public benchmark, where they are at hand, with steps of three hops."""
    tables = read_tables(shared_data("rel-f1/db"))
    ingest(tables, infer_schema(tables), tmp_path / "f1")
    parts = open_parts(tmp_path / "f1")
    task = Task.build(parts.dataset, RACES, val="2005-01-01", test="2010-01-01", eval_windows=40)
    run = start(
        parts, task, PLAN.replace(layers=3, fanout=Fanout([6, 3, 2])), callbacks=[], device="cpu"
    ).wait()
    everyone = run.predict(at="2010-06-01")
    sample = np.arange(0, len(everyone), 97)
    said = run.predict(at="2010-06-01", entities=everyone.seeds.key.take(pa.array(sample)))
    np.testing.assert_allclose(said.values, everyone.values[sample], rtol=0, atol=1e-6)


def test_what_is_asked_wrongly_is_refused(run: Run, shop: Shop, now: str) -> None:
    key, seeds = int(shop.truth.user_keys[0]), run.task.seeds("test")
    with pytest.raises(TaskError, match=r"has no such keys: 'nobody'|texts|integers"):
        run.predict(at=now, entities=["nobody"])
    with pytest.raises(TaskError, match="has no such keys: 123456789"):
        run.predict(at=now, entities=[key, 123456789])
    with pytest.raises(TaskError, match="has not yet"):
        run.predict(at="2001-01-01", entities=[key])
    with pytest.raises(TrainingError, match="no instant was given"):
        run.predict(entities=[key])
    with pytest.raises(TrainingError, match="seeds alone, or at= and entities="):
        run.predict(seeds, at=now)
    for wrong in ({"seeds": seeds}, {"at": now}):
        with pytest.raises(TrainingError, match=r"run\.predict\(at=now, entities=\[\.\.\.\], rows="):
            run.predict(**wrong, rows={})


def test_rows_of_a_call_are_seen_as_if_they_had_been_appended(
    run: Run, shop: Shop, now: str, rows: dict[str, Any], tmp_path: Path
) -> None:
    home = shop.parts.dataset.path
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    entities = [900_001, *shop.truth.user_keys[:5].tolist()]
    blind = run.predict(at=now, entities=entities[1:])
    said = run.predict(at=now, entities=entities, rows=rows)
    assert before == {path: path.stat().st_mtime_ns for path in home.rglob("*")}, "nothing is stored"
    agree(run.predict(at=now, entities=entities[1:]), blind)
    assert abs(said.values[1] - blind.values[0]) > 1e-6, "her new orders are seen"

    shutil.copytree(home, tmp_path / "shop")
    ingest(rows, shop.parts.schema, tmp_path / "shop", append=True)
    larger = load_run(run.folder, Parts.open(tmp_path / "shop"))
    agree(said, larger.predict(larger.task.seeds(at=now, entities=entities)))

    later = rows["orders"]["order_time"] > pd.Timestamp(now)
    known_by_now = {**rows, "orders": rows["orders"][~later]}
    assert later.any()
    agree(said, run.predict(at=now, entities=entities, rows=known_by_now))


def test_rows_join_a_dataset_that_was_appended_to_and_edited(
    run: Run, shop: Shop, now: str, rows: dict[str, Any], tmp_path: Path
) -> None:
    """An overlay over appended, deleted and changed rows is one more append."""
    from workbench.ingestion.edit import edit

    shutil.copytree(shop.parts.dataset.path, tmp_path / "a")
    first = {"users": rows["users"], "products": rows["products"], "orders": rows["orders"][:2]}
    ingest(first, shop.parts.schema, tmp_path / "a", append=True)
    with edit(tmp_path / "a") as editing:
        editing.delete("orders", ids=[0, 5])
        editing.update("users", {"user_id": [900_001], "country": ["NL"]})
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    second = {"orders": rows["orders"][2:]}
    ingest(second, shop.parts.schema, tmp_path / "b", append=True)
    here, there = (load_run(run.folder, Parts.open(tmp_path / name)) for name in ("a", "b"))
    entities = [900_001, *shop.truth.user_keys[:5].tolist()]
    agree(
        here.predict(at=now, entities=entities, rows=second),
        there.predict(there.task.seeds(at=now, entities=entities)),
    )


def test_rankings_know_rows_of_the_call(shop: Shop, now: str, rows: dict[str, Any], tmp_path: Path) -> None:
    """Rows that came after the training are no candidates, but their edges count."""
    ranked = trained(shop, "ranking")
    entities = [900_001, int(shop.truth.user_keys[0])]
    said = ranked.predict(at=now, entities=entities, rows=rows)
    shutil.copytree(shop.parts.dataset.path, tmp_path / "shop")
    ingest(rows, shop.parts.schema, tmp_path / "shop", append=True)
    larger = load_run(ranked.folder, Parts.open(tmp_path / "shop"))
    expected = larger.predict(larger.task.seeds(at=now, entities=entities))
    agree(said, expected)
    assert said.to_arrow()["prediction"].to_pylist() == expected.to_arrow()["prediction"].to_pylist()


def test_rows_that_no_append_would_take_are_refused(
    run: Run, shop: Shop, now: str, rows: dict[str, Any]
) -> None:
    key = int(shop.truth.user_keys[0])

    def ask(**given: Any) -> None:
        run.predict(at=now, entities=[key], rows=given)

    with pytest.raises(SchemaError, match=r"no such table.*Did you mean 'orders'"):
        ask(order=rows["orders"])
    with pytest.raises(IngestError, match="they lack the columns"):
        ask(orders=rows["orders"][["order_id"]])
    with pytest.raises(IngestError, match="are there already"):
        ask(users=rows["users"].assign(user_id=key))
    with pytest.raises(IngestError, match=r"1 of 'orders' are earlier than the last stored row"):
        ask(orders=rows["orders"][:1].assign(order_time=pd.Timestamp("2020-01-01")))
    with pytest.warns(UserWarning, match="they get edges when rows of those keys are appended"):
        ask(orders=rows["orders"][:1])


def test_a_graph_whose_edge_types_were_changed_takes_no_rows(
    run: Run, shop: Shop, now: str, rows: dict[str, Any]
) -> None:
    parts = shop.parts
    changed = Parts(parts.dataset, without_edges(parts.graph, "orders-user_id->users"), parts.features)
    other = Run(
        changed,
        run.task,
        run.plan,
        run.model,
        run.statistics,
        run.target,
        folder=run.folder,
        seed_type="users",
        device="cpu",
    )
    with pytest.raises(StoreError, match="edge types were put into it or taken out"):
        other.predict(at=now, entities=[int(shop.truth.user_keys[0])], rows=rows)


def test_callers_at_once_are_answered_as_one_after_the_other(
    run: Run, shop: Shop, now: str, rows: dict[str, Any]
) -> None:
    keys = shop.truth.user_keys[:24].tolist()

    def ask(key: int) -> np.ndarray:
        # Every sixth call brings rows of its own, which no other call may see.
        own = rows if key in keys[::6] else None
        return run.predict(at=now, entities=[key], rows=own).values

    alone = [ask(key) for key in keys]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(ask, keys))
    np.testing.assert_array_equal(together, alone)


def test_vectors_of_seeds(run: Run, shop: Shop, now: str, tmp_path: Path) -> None:
    """The head on top of them gives the predictions; online and batch vectors are the same."""
    import torch

    found = run.embed(at=now)
    table = found.to_arrow()
    assert table.schema.field("embedding").type == pa.list_(pa.float32(), 8)
    assert found.values.dtype == np.float32
    with torch.no_grad():
        logits = run.trained().head(torch.from_numpy(found.values)).squeeze(1)
    np.testing.assert_allclose(logits.sigmoid().numpy(), run.predict(at=now).values, atol=1e-6)
    keys = found.seeds.key.to_pylist()[5:7]
    np.testing.assert_allclose(run.embed(at=now, entities=keys).values, found.values[5:7], atol=1e-6)
    assert (
        pd.read_parquet(found.write(tmp_path / "e.parquet"))["embedding"][3].tolist()
        == found.values[3].tolist()
    )
    assert len(run.embed(found.seeds[:0]).to_arrow()) == 0
    assert pd.read_csv(found.write(tmp_path / "e.csv"))["embedding"][0].count("|") == 7
