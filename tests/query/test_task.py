"""Tasks over an ingested dataset: splits, seeds, predictions, and what they say of themselves."""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.errors import AnchorError, BudgetError, QueryError, StoreError, TaskError
from workbench.ingestion.build import ingest
from workbench.ingestion.tables import read_tables
from workbench.query import labels
from workbench.query.described import drift
from workbench.query.task import Task
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.dataset import Dataset
from workbench.temporal import FOREVER, Span, instant, iso

DAYS = 400
DAY = 86_400_000_000


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """20 members who join over 100 days, and 3,000 visits in 400 days; keys are texts."""
    rng = np.random.default_rng(5)
    start = pd.Timestamp("2021-01-01")
    members = pd.DataFrame(
        {
            "member": [f"m{i:02}" for i in rng.permutation(20)],
            "joined": start + pd.to_timedelta(np.arange(20) * 5, "D"),
            "left": [pd.NaT] * 19 + [start + pd.Timedelta(days=300)],
            "town": rng.choice(["A", "B"], 20),
        }
    )
    visits = pd.DataFrame(
        {
            "member": rng.choice(members.member, 3000),
            "at": start + pd.to_timedelta(rng.integers(0, DAYS * 24, 3000), "h"),
            "spent": rng.integers(0, 100, 3000) / 4,
        }
    )
    kinds = [Column("member", Stype.ID), Column("joined", Stype.TIMESTAMP), Column("left", Stype.TIMESTAMP)]
    schema = Schema(
        (
            Table("members", (*kinds, Column("town", Stype.CATEGORICAL)), "member", "joined", "left"),
            Table(
                "visits",
                (kinds[0], Column("at", Stype.TIMESTAMP), Column("spent", Stype.NUMERICAL)),
                time="at",
                foreign_keys=(ForeignKey("member", "members"),),
            ),
        )
    )
    path = tmp_path_factory.mktemp("visits") / "store"
    ingest(read_tables({"members": members, "visits": visits}), schema, path)
    return Dataset.open(path)


VISITS = "PREDICT COUNT(visits.*, 0, 20, days) FOR EACH members.member"


def test_default_splits_cover_the_observed_time(dataset):
    task = Task.build(dataset, VISITS)
    assert (task.task_type, task.entity_table, task.horizon) == ("regression", "members", Span.of(20, "days"))
    assert [len(a) for a in (task.splits.train, task.splits.val, task.splits.test)] == [15, 2, 2]
    assert task.horizon.after(int(task.splits.test[-1])) == task.observed_until
    seeds = {split: task.seeds(split) for split in ("train", "val", "test")}
    assert all(
        set(np.unique(table.anchor_time)) <= set(getattr(task.splits, name)) for name, table in seeds.items()
    )
    assert task.seeds("val") is seeds["val"], "labels are computed once"
    ends = [task.horizon.after(int(table.anchor_time.max())) for table in seeds.values()]
    starts = [int(table.anchor_time.min()) for table in seeds.values()]
    assert ends[0] <= starts[1]
    assert ends[1] <= starts[2]


def test_seeds_carry_keys_node_ids_and_labels(dataset):
    task = Task.build(dataset, VISITS)
    seeds = task.seeds("train")
    frame = seeds.to_arrow().to_pandas()
    with dataset.duckdb() as con:
        members = con.execute("SELECT __row__ AS node_id, member, joined FROM members").df()
        visits = con.execute('SELECT member, "at" FROM visits').df()
    joined = frame.merge(members, on="node_id", suffixes=("", "_of_node"))
    assert len(joined) == len(frame)
    assert (joined.entity == joined.member).all()
    assert (joined.joined <= joined.anchor_time).all()
    for row in frame.sample(20, random_state=1).itertuples():
        window = (visits["at"] > row.anchor_time) & (visits["at"] <= row.anchor_time + pd.Timedelta(days=20))
        assert row.label == (window & (visits.member == row.entity)).sum()
    assert (seeds.split, seeds.until, seeds.label.dtype) == ("train", None, np.float64)
    assert seeds.key.type == pa.string()


def test_splits_as_asked(dataset):
    options = {
        "val": "2021-08-01",
        "test": "2021-10-01",
        "every": "10 days",
        "train_windows": 3,
        "eval_windows": 2,
    }
    task = Task.build(dataset, VISITS, **options, observed_until="2021-12-31", until="2021-10-01")
    assert [iso(a) for a in task.splits.train] == ["2021-06-22", "2021-07-02", "2021-07-12"]
    assert [iso(a) for a in task.splits.val] == ["2021-08-01", "2021-08-11"]
    assert [iso(a) for a in task.splits.test] == ["2021-10-01", "2021-10-11"]
    test = task.seeds("test")
    assert test.until == instant("2021-10-01")
    assert set(test.visible_until) == {test.until}, "features are frozen"
    assert len(np.unique(test.anchor_time)) == 2, "labels are not"
    live = Task.build(dataset, VISITS, **options, observed_until="2021-12-31").seeds("test")
    np.testing.assert_array_equal(live.label, test.label)


def test_no_seed_is_newer_than_the_frozen_features(dataset):
    """Members join until 2021-04-06: a seed's own row must be visible where its features are."""
    options = {"val": "2021-08-01", "test": "2021-10-01", "every": "20 days"}
    task = Task.build(dataset, VISITS, until="2021-03-01", **options)
    with dataset.duckdb() as con:
        rows = con.execute("SELECT __row__, epoch_us(joined), member FROM members").fetchall()
    joined = {row: time for row, time, _ in rows}
    early = sorted(row for row, time in joined.items() if time <= task.until)
    assert 0 < len(early) < len(rows)
    for seeds in (task.seeds("train"), task.seeds("test"), task.seeds(at="2021-09-01")):
        assert all(joined[int(n)] <= t for n, t in zip(seeds.node_id, seeds.visible_until, strict=True))
    assert sorted(task.seeds(at="2021-09-01").node_id) == early, "everyone else is still there"
    late = next(member for _, time, member in rows if time > task.until)
    with pytest.raises(TaskError, match=f"with features frozen at 2021-03-01, .* keys: '{late}'"):
        task.seeds(at="2021-09-01", entities=[late])


def test_calendar_windows(dataset):
    text = "PREDICT SUM(visits.spent, 0, 1, months) FOR EACH members.member"
    task = Task.build(dataset, text, val="2021-08-31", test="2021-12-01")
    assert [iso(a) for a in task.splits.train[-2:]] == ["2021-06-30", "2021-07-31"]
    assert [iso(a) for a in task.splits.val] == ["2021-08-31", "2021-09-30", "2021-10-31"]
    assert str(task.horizon) == "1 month"


def test_tables_with_scheduled_rows_are_observed_until_now(dataset_of, shop):
    soon = pd.Timestamp.now("UTC").tz_localize(None) + pd.Timedelta(days=1)
    frames = {name: frame.drop_columns(["__row__"]) for name, frame in shop.frames.items()}
    stamps = [*frames["orders"]["ts"].to_pylist()[:5], soon.to_pydatetime()]
    at = frames["orders"].column_names.index("ts")
    frames["orders"] = frames["orders"].set_column(at, "ts", pa.array(stamps, pa.timestamp("us")))
    task = Task.build(dataset_of(shop.schema, frames), "PREDICT COUNT(orders.*, 0, 10) FOR users.user_id")
    assert iso(task.observed_until) == "2020-03-01", "the scheduled row does not count"
    assert task.splits.test[-1] + 10 * 86_400_000_000 == task.observed_until


def test_describe_and_repr(dataset):
    task = Task.build(
        dataset, VISITS, val="2021-08-01", test="2021-10-01", until="2021-10-01", eval_windows=1
    )
    assert repr(task) == task.describe()

    def balance(split):
        label = task.seeds(split).to_pandas().label
        return f"{len(label)} seeds, mean {label.mean():.4g} ({label.min():.4g} .. {label.max():.4g})"

    assert task.describe().splitlines() == [
        "Task (regression) for each members.member",
        "  query     PREDICT COUNT(visits.*, 0, 20, days) FOR EACH members.member",
        "  window    labels look 20 days ahead; one anchor every 20 days",
        f"  train     10 anchors, 2021-01-13 .. 2021-07-12: {balance('train')}",
        f"  val       1 anchor, 2021-08-01 .. 2021-08-01: {balance('val')}",
        f"  test      1 anchor, 2021-10-01 .. 2021-10-01: {balance('test')}",
        f"  drift     {drift([task.seeds(split) for split in ('train', 'val', 'test')], 'regression')}",
        "  features  each anchor sees nothing after 2021-10-01",
        f"  observed  until {iso(task.observed_until)}",
    ]


def test_describe_says_what_where_cannot_know(dataset):
    text = "PREDICT COUNT(visits.*, 0, 20) > 7 FOR members.member "
    text += "WHERE members.town = 'A' AND members.joined < 2021-02-01 AND COUNT(visits.*, -INF, 0) > 0"
    with pytest.warns(
        UserWarning, match="until=2021-10-01 was set: WHERE is asked as of each anchor, up to "
    ):
        task = Task.build(dataset, text, until="2021-10-01")
    said = task.describe()
    assert (
        "\n  where     reads members.town as the tables hold them, at every anchor; is asked as of " in said
    )
    assert "is asked as of the anchor, also after 2021-10-01" in said
    share = task.seeds("train").to_pandas().label.mean()
    assert f": {len(task.seeds('train'))} seeds, {100 * share:.3g} % positive" in said
    assert "  where" not in Task.build(dataset, VISITS).describe()
    assert "  static" not in said, "both tables have times"


def test_instants_of_another_unit_are_refused_and_far_ones_warned_of(dataset):
    task = Task.build(dataset, VISITS)
    seconds = instant("2021-12-31") // 1_000_000
    with pytest.raises(TaskError, match=rf"at= was set: got {seconds}; as seconds this is 2021-12-31"):
        task.seeds(at=seconds)
    with pytest.warns(UserWarning, match="at= was set: 2031-01-01 is far outside"):
        task.seeds(at="2031-01-01")
    for name in ("val", "test", "begin", "until", "observed_until"):
        with pytest.raises(TaskError, match=f"{name}= was set: got {seconds * 1000}; as milliseconds"):
            Task.build(dataset, VISITS, **{name: seconds * 1000})
    with pytest.warns(UserWarning, match=r"observed_until= was set: 2023-01-01 is far outside"):
        Task.build(dataset, VISITS, observed_until="2023-01-01")


def test_saved_and_pickled_tasks_give_the_same_seeds(dataset):
    options = {"every": "1 month", "until": "2021-10-01", "train_windows": 3}
    task = Task.build(dataset, VISITS.replace("FOR", "\n FOR"), **options)
    loaded = Task.from_dict(dataset, json.loads(json.dumps(task.to_dict())))
    pickled = pickle.loads(pickle.dumps(task))
    for other in (loaded, pickled):
        assert other.describe() == task.describe()
        assert other.query == task.query
        for split in ("train", "val", "test"):
            assert other.seeds(split).to_arrow() == task.seeds(split).to_arrow()


def test_seeds_to_predict(dataset):
    task = Task.build(dataset, VISITS + " WHERE members.town = 'A'")
    everyone = task.seeds(at="2021-12-31")
    assert (everyone.split, everyone.label) == ("predict", None)
    assert set(everyone.anchor_time) == {instant("2021-12-31")}
    present = 'SELECT member FROM members WHERE "left" IS NULL'
    with dataset.duckdb() as con:
        rows = con.execute(f"{present} AND town = 'A'").fetchall()
        other = con.execute(f"{present} AND town = 'B'").fetchone()[0]
    assert sorted(everyone.key.to_pylist()) == sorted(row[0] for row in rows)
    assert task.seeds(at="2021-12-31", entities=other).key.to_pylist() == [other]
    named = task.seeds(at="2021-12-31", entities=[rows[1][0], other, rows[1][0]])
    assert named.key.to_pylist() == [rows[1][0], other, rows[1][0]], "in the order given, WHERE or not"
    with dataset.duckdb() as con:
        ids = dict(con.execute("SELECT member, __row__ FROM members").fetchall())
    assert named.node_id.tolist() == [ids[key] for key in named.key.to_pylist()]


def test_a_query_may_name_whom_to_predict_for(dataset):
    text = "PREDICT COUNT(visits.*, 0, 20) FOR members.member IN ('m03', 'm01')"
    task = Task.build(dataset, text)
    assert task.seeds(at="2021-12-31").key.to_pylist() == ["m03", "m01"]
    assert len(task.seeds("train")) == len(Task.build(dataset, VISITS).seeds("train"))


def test_windows_that_look_back_select_whom_to_predict_for(dataset):
    task = Task.build(dataset, VISITS + " WHERE COUNT(visits.*, -1, 0, days) > 0")
    found = task.seeds(at="2021-06-01").key.to_pylist()
    with dataset.duckdb() as con:
        rows = con.execute(
            "SELECT DISTINCT m.member FROM visits v JOIN members m USING (member) "
            """WHERE "at" > '2021-05-31' AND "at" <= '2021-06-01' AND joined <= '2021-06-01'"""
        ).fetchall()
    assert sorted(found) == sorted(row[0] for row in rows)


BAD_SEEDS = [
    ({"split": "trian"}, "got split='trian', at=None, entities=None. Allowed: .* Did you mean 'train'"),
    ({}, "a split .train, val or test., or at= with or without entities="),
    ({"split": "test", "at": "2021-01-01"}, "got split='test', at='2021-01-01'"),
    ({"split": "test", "entities": ["m01"]}, "entities=given"),
    ({"at": float("inf")}, "at= was set: got inf. Allowed: an instant in the years 1 to 9999"),
    ({"at": "2021-12-31", "entities": ["m01", "zz", "yy"]},
     "3 entities were asked for: table 'members' of 20 rows has no such keys: 'zz', 'yy'. Check the keys"),
    ({"at": "2021-12-31", "entities": ["x"] * 8}, "and 3 more"),
    ({"at": "2021-12-31", "entities": 105}, "keys of table 'members' were looked up: .* Allowed: texts"),
    ({"at": "2021-12-31", "entities": [1, 2]}, "keys of table 'members' were looked up: .* Allowed: texts"),
    ({"at": "2020-12-31", "entities": ["m01"]},
     "at 2020-12-31 'members' has not yet, or no longer, keys: 'm01'"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), BAD_SEEDS)
def test_seeds_that_cannot_be(dataset, arguments, message):
    with pytest.raises(TaskError, match=message):
        Task.build(dataset, VISITS).seeds(**arguments)


BAD_TASKS = [
    ({"val": "soon"}, AnchorError, "an instant was asked for: got 'soon'"),
    ({"val": FOREVER}, TaskError, "val= was set"),
    ({"val": "2022-01-01", "test": "2021-01-01"}, TaskError, "anchors of the val split were asked for"),
    (
        {"observed_until": "2021-01-05"},
        TaskError,
        "the data span .* three windows, one per split, need 60 days",
    ),
    ({"train_windows": 0}, TaskError, "train_windows= was set: got 0. Allowed: None or a whole number"),
    ({"eval_windows": 1.5}, TaskError, "eval_windows= was set: got 1.5"),
    ({"every": "often"}, AnchorError, "a length of time was asked for: got 'often'"),
    ({"every": 0}, TaskError, "a step of more than 0"),
    ({"every": Span(months=-12_000)}, TaskError, "a step of more than 0"),
    ({"every": 1}, TaskError, "Set every= to a longer step"),
]


@pytest.mark.parametrize(("options", "kind", "message"), BAD_TASKS)
def test_tasks_that_cannot_be(dataset, options, kind, message):
    with pytest.raises(kind, match=message):
        Task.build(dataset, VISITS, **options)


@pytest.mark.filterwarnings("ignore:members.town was compared")
def test_a_split_without_labels_is_named(dataset):
    task = Task.build(dataset, VISITS + " WHERE members.town = 'nowhere'")
    with pytest.raises(
        TaskError,
        match=r"the train split were asked for: at its 15 anchors .* WHERE holds for none of the \d+ rows",
    ):
        task.seeds("train")
    assert len(task.seeds(at="2021-12-31")) == 0


def test_an_empty_table_gives_no_labels(make_shop):
    empty = {"user_id": pa.array([], pa.int64()), "ts": pa.array([], pa.timestamp("us"))}
    with pytest.raises(
        TaskError, match="labels from table 'orders' were asked for: none of its rows has a ts up to"
    ):
        Task.build(make_shop(orders=empty), "PREDICT COUNT(orders.*, 0, 1) FOR users.user_id")


def test_errors_of_the_query_come_through(dataset):
    with pytest.raises(QueryError, match="Did you mean 'visits'"):
        Task.build(dataset, "PREDICT COUNT(visit.*, 0, 20) FOR EACH members.member")


def test_labels_that_would_not_fit_are_refused(dataset, monkeypatch):
    monkeypatch.setattr(labels, "available_memory", lambda: 1000)
    with pytest.raises(BudgetError, match=r"seeds at 15 anchors were asked for: these are \d+ rows"):
        Task.build(dataset, VISITS).seeds("train")


def test_tables_that_cannot_be_read_are_a_store_error(dataset, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(dataset.path, copy)
    task = Task.build(Dataset.open(copy), VISITS)
    file = task.dataset.table_files("visits")[0]
    file.write_bytes(b"\0" * file.stat().st_size)
    with pytest.raises(
        StoreError, match=r"a query was run: .*Verify the dataset: python -m workbench verify"
    ):
        task.seeds("train")


class Limited:
    """A dataset whose connections run with the given settings."""

    def __init__(self, dataset, *settings):
        self.dataset, self.settings = dataset, settings
        self.schema, self.manifest = dataset.schema, dataset.manifest

    def duckdb(self):
        con = self.dataset.duckdb()
        for setting in self.settings:
            con.execute(f"SET {setting}")
        return con


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """100,000 users and 300,000 orders in 100 days."""
    rng = np.random.default_rng(1)
    stamps = pa.array(rng.integers(0, 100 * DAY, 300_000)).cast(pa.timestamp("us"))
    tables = {
        "users": pa.table({"user_id": np.arange(100_000)}),
        "orders": pa.table({"user_id": rng.integers(0, 100_000, 300_000), "ts": stamps}),
    }
    user, link = Column("user_id", Stype.ID), ForeignKey("user_id", "users")
    orders = Table("orders", (user, Column("ts", Stype.TIMESTAMP)), time="ts", foreign_keys=(link,))
    path = tmp_path_factory.mktemp("crowd") / "store"
    ingest(read_tables(tables), Schema((Table("users", (user,), "user_id"), orders)), path)
    return Dataset.open(path)


CROWD = "PREDICT COUNT(orders.*, 0, 2) FOR users.user_id WHERE COUNT(orders.*, -INF, 0) > 0"


def test_labels_are_computed_out_of_core(crowd, tmp_path, monkeypatch):
    """Also: nothing stays behind in the temporary folder, and without it there is a clear error."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    limits = ["memory_limit = '70MB'", "threads = 1"]
    free = Task.build(crowd, CROWD).seeds("train")
    narrow = Task.build(Limited(crowd, *limits), CROWD).seeds("train")
    assert len(free) > 1_000_000
    np.testing.assert_array_equal(free.node_id, narrow.node_id)
    np.testing.assert_array_equal(free.label, narrow.label)
    with pytest.raises(
        BudgetError, match=r"a query was run: Out of Memory Error: .* set TMPDIR to a larger disk"
    ):
        Task.build(Limited(crowd, *limits, "max_temp_directory_size = '0KB'"), CROWD).seeds("train")
    assert not list(tmp_path.iterdir())
