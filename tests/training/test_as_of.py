"""A model reads attributes as they were at the anchor: it learns from them, and sees nothing later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

import workbench as wb
from workbench.models.statistics import fit_statistics
from workbench.temporal import MICROSECONDS
from workbench.testing.changing_shop import SCHEMA, as_tables, random_frames

WEEK = MICROSECONDS["weeks"]
START = wb.instant("2026-01-05")
USERS, WEEKS, LATER = 160, 8, 2
BEST = 0.9
"""AUC of whoever knows the quota at the anchor: P(order) is 0.9 or 0.1, by which half it lies in."""

QUERY = "PREDICT COUNT(orders.*, 0, 7, days) > 0 FOR EACH users.user_id"
SPLITS = {
    "val": wb.iso(START + (WEEKS - 2) * WEEK),
    "test": wb.iso(START + (WEEKS - 1) * WEEK),
    "begin": START,
    "observed_until": START + WEEKS * WEEK,
}


def planted(moved: int = 0) -> dict[str, pa.Table]:
    """Each week every user gets a new quota, which hints at whether an order follows; the next version tells.

    Parameters
    ----------
    moved : microseconds by which versions are valid too early
    """
    rng = np.random.default_rng(3)
    quota = rng.random((WEEKS + LATER, USERS))
    orders = rng.random(quota.shape) < np.where(quota > 0.5, BEST, 1 - BEST)
    week, user = np.indices(quota.shape).reshape(2, -1)
    told = np.concatenate([np.zeros((1, USERS)), orders[:-1]]).ravel()
    since = START + week * WEEK - moved
    at = START + week * WEEK + rng.integers(1, WEEK, len(week))
    bought = orders.ravel()
    order = np.argsort(at[bought])
    return {
        "users": pa.table({"user_id": np.arange(USERS)}),
        "plans": pa.table(
            {"user_id": user, "valid_from": stamps(since), "quota": quota.ravel(), "ordered": told}
        ),
        "orders": pa.table({"user_id": user[bought][order], "at": stamps(at[bought][order])}),
    }


def stamps(values: np.ndarray) -> pa.Array:
    return pa.array(values).cast(pa.timestamp("us"))


def split(tables: dict[str, pa.Table]) -> tuple[dict[str, pa.Table], dict[str, pa.Table]]:
    """The first weeks, and what comes later."""
    before, after = dict(tables), {}
    for name, time in (("plans", "valid_from"), ("orders", "at")):
        old = tables[name][time].cast(pa.int64()).to_numpy() < START + WEEKS * WEEK
        before[name], after[name] = (tables[name].filter(pa.array(rows)) for rows in (old, ~old))
    return before, after


def trained(path: Path, tables: dict[str, pa.Table]) -> tuple[Any, Any, Any]:
    schema = wb.infer_schema(tables).set_stype("plans", "ordered", "numerical").as_history("plans")
    wb.ingest(tables, schema, path / "s")
    engine = wb.open(path / "s")
    task = engine.task(QUERY, **SPLITS)
    plan = wb.ModelPlan(wb.Fanout([4])).replace(channels=16, layers=1, epochs=5, batch_size=128)
    run = engine.train(task, plan, callbacks=[], device="cpu", folder=path / "run", key=1).wait()
    return engine, task, run


def auc(run: Any, seeds: Any) -> float:
    return float(roc_auc_score(seeds.label, run.predict(seeds).values))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any, Any]:
    path = tmp_path_factory.mktemp("planted")
    return path, *trained(path, split(planted())[0])


def test_it_learns_what_held_at_the_anchor_and_no_more(world: Any, tmp_path: Path) -> None:
    _, _, task, run = world
    assert BEST - 0.08 < auc(run, task.seeds("test")) < BEST + 0.06
    _, leaky_task, leaky = trained(tmp_path, split(planted(moved=WEEK))[0])
    assert auc(leaky, leaky_task.seeds("test")) > 0.99, "versions of later than the anchor would show"


def test_online_and_batch_agree(world: Any) -> None:
    _, _, task, run = world
    seeds = task.seeds("test")
    whole = run.predict(seeds).values
    np.testing.assert_allclose(
        [run.predict(seeds[i : i + 1]).values[0] for i in range(5)], whole[:5], rtol=1e-5
    )


def test_new_versions_reach_a_run_that_was_trained_before(world: Any) -> None:
    path, _, task, run = world
    seeds = task.seeds("test")
    before = run.predict(seeds).values
    wb.ingest(split(planted())[1], wb.open(path / "s").schema, path / "s", append=True)
    newer = wb.open(path / "s")
    again = newer.load_run(path / "run")
    np.testing.assert_array_equal(again.predict(seeds).values, before)
    at = START + WEEKS * WEEK
    later = newer.task(QUERY, val=wb.iso(at - WEEK), test=wb.iso(at), observed_until=at + WEEK).seeds("test")
    assert (later.anchor_time == at).all()
    assert BEST - 0.08 < auc(again, later) < BEST + 0.06
    _edited(path, newer, again, later)


def _edited(path: Path, newer: Any, run: Any, seeds: Any) -> None:
    """A version that is edited changes the prediction of its user at anchors that see it, and no other."""
    rows = newer.features.rows_as_of("plans", seeds.node_id[:1], seeds.anchor_time[:1])
    with wb.edit(path / "s") as edit:
        value = newer.features.to_arrow("plans", rows, ["quota"])["quota"][0].as_py()
        edit.update("plans", {"quota": [1.0 - value]}, ids=rows)
    edited = wb.open(path / "s").load_run(path / "run")
    old, new = run.predict(seeds).values, edited.predict(seeds).values
    assert abs(new[0] - old[0]) > 0.2
    np.testing.assert_allclose(new[1:], old[1:], rtol=1e-6)


def test_statistics_know_versions_up_to_the_last_train_anchor_only(tmp_path: Path) -> None:
    frames = random_frames(np.random.default_rng(5), versions=80)
    day = MICROSECONDS["days"]
    shifted = {name: frame.copy() for name, frame in frames.items()}
    for name, column, time in (("plans", "quota", "valid_from"), ("prices", "price", "since")):
        late = shifted[name][time].to_numpy().astype("M8[us]").astype(np.int64) > 11 * day
        assert 5 < late.sum() < len(late)
        shifted[name].loc[late, column] += 1000 * frames[name][column].std()
    found = []
    for place, tables in enumerate((frames, shifted)):
        wb.ingest(as_tables(tables), SCHEMA, tmp_path / str(place))
        engine = wb.open(tmp_path / str(place))
        names = ["plans", "prices"]
        found += [
            fit_statistics(engine.schema, engine.graph, engine.features, names, anchor).to_dict()
            for anchor in (11 * day, 20 * day)
        ]
    assert found[0] == found[2]
    assert found[1] != found[3]
