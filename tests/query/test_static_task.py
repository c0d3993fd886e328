"""Static queries: rows with a value are learned from, those without are predicted, the target is hidden."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import TaskError
from workbench.query.task import Task
from workbench.schema import Column, Schema, Stype
from workbench.temporal import FOREVER, Span, instant

ROWS = 400


@pytest.fixture(scope="module")
def crowd(dataset_of, shop):
    """Users of whom every tenth has no plan and every seventh no time; orders only of the even ones."""
    ids = np.arange(ROWS)
    stamp = pa.timestamp("us")
    users = pa.table({
        "user_id": ids, "created": pa.array(ids + 10, stamp, mask=ids % 7 == 3),
        "ended": pa.array(ids + 20, stamp), "age": pa.array(ids % 60, mask=ids % 10 == 0),
        "plan": pa.array([None if i % 10 == 0 else "abc"[i % 3] for i in ids]),
    })  # fmt: skip
    orders = pa.table({"order_id": ids, "user_id": ids // 2 * 2, "ts": pa.array(ids, stamp)})
    frames = {**shop.frames, "users": users, "orders": orders}
    plain = {name: f.select([c for c in f.column_names if c != "__row__"]) for name, f in frames.items()}
    kinds = tuple(Column(name, Stype.NUMERICAL) for name in plain["users"].column_names)
    tables = (replace(table, columns=kinds) if table.name == "users" else table for table in shop.schema)
    return dataset_of(Schema(tuple(tables)), plain)


def there(ids):
    return ids[ids % 7 != 3]


def test_rows_with_a_value_are_split_and_the_others_predicted(crowd):
    task = Task.build(crowd, "PREDICT users.plan FOR EACH users.user_id", val=0.2, test=0.3)
    assert (task.task_type, task.static, task.hidden) == ("multiclass", True, {"users": ("plan",)})
    assert task.target.classes.to_pylist() == ["a", "b", "c"]
    seeds = {split: task.seeds(split) for split in ("train", "val", "test")}
    every = np.concatenate([s.node_id for s in seeds.values()])
    ids = there(np.arange(ROWS))
    assert sorted(every) == ids[ids % 10 != 0].tolist(), "each in one split; rows without a time are nowhere"
    for table in seeds.values():
        assert (table.label == table.node_id % 3).all()
        assert (table.anchor_time == FOREVER).all()
    assert 0.4 < len(seeds["train"]) / len(every) < 0.6
    assert task.seeds().node_id.tolist() == ids[ids % 10 == 0].tolist()
    assert (task.seeds().label, task.seeds().split) == (None, "predict")
    assert task.seeds(entities=[5, 20]).key.to_pylist() == [5, 20]
    assert task.horizon == Span()


def test_where_counts_over_all_rows(crowd):
    text = "PREDICT users.age FOR users.user_id WHERE COUNT(orders.*) = 2"
    task = Task.build(crowd, text)
    assert task.task_type == "regression"
    found = np.concatenate([task.seeds(split).node_id for split in ("train", "val", "test")])
    assert (found % 2 == 0).all()
    assert len(found)
    assert (task.seeds().node_id % 20 % 10 == 0).all()


def test_conditions_and_until(crowd):
    task = Task.build(crowd, "PREDICT users.age > 30 FOR users.user_id", until=210, key=1)
    assert task.task_type == "binary"
    for split in ("train", "val", "test"):
        seeds = task.seeds(split)
        assert (seeds.label == (seeds.node_id % 60 > 30)).all()
        assert seeds.node_id.max() <= 200, "later ones are not visible"
        assert (seeds.visible_until == 210).all()
    with pytest.raises(TaskError, match="has not yet, or no longer"):
        task.seeds(entities=[300])


def test_descriptions_and_saved_tasks(crowd):
    task = Task.build(crowd, "PREDICT users.plan FOR users.user_id", val=0.2, key=4)
    said = task.describe()
    assert "  window    none: labels are of no time" in said
    assert f"  train     {len(task.seeds('train'))} seeds, " in said
    assert "but not users.plan: they are the target" in said
    for name in ("drift", "observed", "where"):
        assert f"  {name} " not in said
    other = Task.from_dict(crowd, json.loads(json.dumps(task.to_dict())))
    assert other.describe() == said
    assert other.seeds("test").to_arrow() == task.seeds("test").to_arrow()
    assert pickle.loads(pickle.dumps(task.boundaries)) == task.boundaries


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"at": "2020-01-01"}, "a split .train, val or test., or nothing with or without entities="),
        ({"split": "trian"}, "Did you mean 'train'"),
    ],
)
def test_seeds_that_cannot_be(crowd, arguments, message):
    with pytest.raises(TaskError, match=message):
        Task.build(crowd, "PREDICT users.plan FOR users.user_id").seeds(**arguments)


@pytest.mark.filterwarnings("ignore:.*far outside:UserWarning")
def test_candidates_exist_at_their_instant(shop):
    text = "PREDICT LIST_DISTINCT(deals.seller VIA deals.buyer, 0, 30) RANK TOP 2 FOR users.user_id"
    splits = {"val": 30, "test": 60, "begin": 0, "observed_until": 90}
    moments = {name: instant("2019-12-01") + day * 86_400_000_000 for name, day in splits.items()}
    task = Task.build(shop, text, **moments)
    # User 1 ends on 2020-03-11, user 2 begins on 2020-02-20.
    assert task.candidates("2020-02-01").tolist() == [0, 1]
    assert task.candidates("2020-03-01").tolist() == [0, 1, 2]
    assert task.candidates("2020-04-01").tolist() == [0, 2]
    assert task.candidates().tolist() == [0, 1, 2]
    assert (task.target.table, task.target.top_k) == ("users", 2)
    frozen = Task.build(shop, text, until="2020-02-01", **moments)
    assert frozen.candidates("2020-03-01").tolist() == [0, 1]
    with pytest.raises(TaskError, match="candidates were asked for: the task is regression"):
        Task.build(shop, "PREDICT users.score FOR users.user_id").candidates()
