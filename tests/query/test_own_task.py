"""Tasks of seeds that a user brings: the same as a query's where the table is the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.errors import TaskError
from workbench.query.task import Task
from workbench.temporal import FOREVER, Span, instant

DAY = pd.Timedelta(days=1)
START = pd.Timestamp("2020-01-30")


def frame(rows=40, **columns):
    """Users 0 and 1 in turn, a day apart."""
    base = {"user_id": [i % 2 for i in range(rows)], "at": [START + i * DAY for i in range(rows)],
            "label": [float(i % 3 == 0) for i in range(rows)]}  # fmt: skip
    return pd.DataFrame({**base, **columns})


def build(shop, table, **options):
    return Task.from_table(shop, table, entity="users.user_id", **{"time": "at", **options})


def test_the_table_of_a_query_gives_its_task_again(shop):
    text = "PREDICT COUNT(orders.*, 0, 10) FOR EACH users.user_id"
    task = Task.build(shop, text, every="2 days")
    parts = [
        task.seeds(s).to_arrow().append_column("split", pa.array([s] * len(task.seeds(s))))
        for s in task_splits
    ]
    own = Task.from_table(shop, pa.concat_tables(parts), entity="users.user_id", horizon="10 days",
                          task_type="regression")  # fmt: skip
    assert (own.task_type, own.horizon, own.static) == (task.task_type, task.horizon, False)
    for split in task_splits:
        assert own.seeds(split).to_arrow() == task.seeds(split).to_arrow()
        np.testing.assert_array_equal(getattr(own.splits, split), getattr(task.splits, split))


task_splits = ("train", "val", "test")


def test_splits_by_time_hold_no_window_in_common(shop):
    task = build(shop, frame(), val=0.25, test="10 days", horizon="3 days")
    times = {s: (task.seeds(s).anchor_time - instant(START)) // (DAY.value // 1000) for s in task_splits}
    # anchors are days 0 .. 39: test from 39 - 10 = 29 on, val from 29 - 39 / 4 = 19.25 on
    assert times["test"].tolist() == list(range(29, 40))
    assert times["val"].tolist() == list(range(20, 27)), "those of days 27 and 28 end after test begins"
    assert times["train"].tolist() == list(range(17)), "the last window ends on day 19"
    assert task.observed_until == instant(START + 42 * DAY)
    assert "drift     positive from 2020-01-30" in task.describe()
    assert "query     40 own seeds of users.user_id" in task.describe()


def test_a_column_says_the_split(shop):
    said = ["train"] * 20 + ["test"] * 20
    task = build(shop, frame(split=said, churned=range(40)), label="churned")
    assert (len(task.seeds("train")), len(task.seeds("test"))) == (20, 20)
    assert task.seeds("test").label.tolist() == list(range(20, 40))
    with pytest.raises(TaskError, match="the val split were asked for: the table of own seeds has none"):
        task.seeds("val")
    assert "no seeds" in task.describe()


def test_without_times_splits_are_random_and_everything_is_seen(shop):
    table = frame(3, user_id=[0, 1, 2]).drop(columns="at")
    task = Task.from_table(shop, pd.concat([table] * 1), entity="users", draw=3, val=0.4, test=0.3)
    assert task.static
    known = [task.seeds(s) for s in task_splits if s in task._found]
    assert sum(map(len, known)) == 3
    assert all((seeds.anchor_time == FOREVER).all() for seeds in known)
    assert task.horizon == Span()
    assert sorted(task.seeds().key.to_pylist()) == [0, 1, 2], "whom to predict for: everyone"


def test_seeds_to_predict_and_pickles(shop):
    task = build(shop, frame(), until="2020-03-01")
    assert task.to_dict() is None
    rebuild, arguments = task.__reduce__()
    again = rebuild(*arguments)
    assert again.describe() == task.describe()
    assert again.seeds("test").until == instant("2020-03-01")
    assert task.seeds(at="2020-03-05").key.to_pylist() == [0, 1, 2]
    assert task.seeds(at="2020-03-05", entities=[1]).key.to_pylist() == [1]


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (frame(), {"lable": "x"}, "got lable=. Allowed: key, time, label, .*Did you mean 'label'"),
        (frame(), {"label": "x"}, "the label of own seeds was asked for: there is no column 'x'"),
        (frame(), {"time": "when"}, "the time of own seeds was asked for: there is no column 'when'"),
        (frame(4, user_id=[0, 1, 7, 8]), {}, "of 2 of them table 'users' has no such keys: 7, 8"),
        (frame(4, user_id=[0, 1, 2, 2]), {}, "of 2 of them 'users' does not exist at its anchor: 2, 2"),
        (frame(4, label=[1, 0, None, 0]), {}, "keys and labels of own seeds were read: 1 of 4 are missing"),
        (frame(4, at=["x"] * 4), {}, "got a column of .*string.* Allowed: times, none missing"),
        (frame(split="trian"), {}, "there are others: 'trian'. Allowed: train, val, test"),
        (frame(split="val"), {}, "none is left to train on"),
        (frame(), {"val": "2019-01-01", "test": "2019-02-01"}, "none is left to train on"),
    ],
)
def test_tables_that_cannot_be(shop, table, options, message):
    with pytest.raises(TaskError, match=message):
        build(shop, table, **options)


@pytest.mark.parametrize(
    ("entity", "near"), [("user.user_id", "users.user_id"), ("users.country", "users.user_id")]
)
def test_entities_that_cannot_be(shop, entity, near):
    with pytest.raises(TaskError, match=f"entity= was set: got '{entity}'. Allowed: users.user_id.*{near}"):
        Task.from_table(shop, frame(), entity=entity, time="at")
