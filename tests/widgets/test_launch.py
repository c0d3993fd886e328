"""From tables to predictions without a notebook; the printed code does the same."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from widgets._launch import Launch, shape
from workbench.engine import open_engine
from workbench.errors import IngestError, PlanError, StoreError, TrainingError, WorkbenchError
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.testing.commerce import commerce


class Dropped(Exception):
    pass


def drop():
    raise Dropped


@pytest.fixture(scope="module")
def truth():
    return commerce(60, periods=6, seed=0)


@pytest.fixture(scope="module")
def stored(truth, tmp_path_factory):
    """A folder with the shop, ingested by a launch."""
    folder = tmp_path_factory.mktemp("launch")
    launch = Launch(truth.tables)
    report = launch.ingest(str(folder / "shop"))
    assert report.total_rows == sum(map(len, truth.tables.values()))
    assert launch.engine.dataset.path == folder / "shop"
    return folder


def test_the_code_does_what_was_done(truth, tmp_path, monkeypatch):
    (tmp_path / "clicked").mkdir()
    (tmp_path / "typed").mkdir()
    monkeypatch.chdir(tmp_path / "clicked")
    launch = Launch(truth.tables)
    launch.ingest("shop")
    launch.ask(truth.query, val=str(truth.val), test=str(truth.test))
    launch.choose(fanout=launch.plan.fanout.with_choices(mode="disjoint"), epochs=1, channels=8)
    run = launch.train([]).wait()
    told = []
    made = launch.predict("test", tell=lambda done, total: told.append((done, total)))
    launch.metrics("test")
    launch.write("late.parquet")
    assert told == [(0, len(made))]

    monkeypatch.chdir(tmp_path / "typed")
    names = {"source": truth.tables, "print": lambda *_: None}
    exec(compile(launch.code, "code", "exec"), names)
    assert names["plan"] == launch.plan
    assert names["schema"] == launch.schema
    for name, weight in run.trained().state_dict().items():
        assert np.array_equal(weight, names["run"].trained().state_dict()[name])
    one, two = (pq.read_table(tmp_path / way / "late.parquet") for way in ("clicked", "typed"))
    assert one.equals(two)
    assert len(one) > 0


def test_a_dataset_that_is_there_is_opened_and_never_overwritten(truth, stored):
    place = str(stored / "shop")
    launch = Launch(truth.tables)
    before = {path: path.stat().st_mtime_ns for path in (stored / "shop").rglob("*")}
    with pytest.raises(IngestError, match=r"one already, of users, products.*Open it, or name another"):
        launch.ingest(place)
    assert launch.engine is None
    assert launch.open(place).schema == launch.schema
    assert launch.code.endswith(f"engine = wb.open({place!r})\n")
    assert {path: path.stat().st_mtime_ns for path in (stored / "shop").rglob("*")} == before


def test_notes_and_how_numbers_were_stored_make_no_other_schema(truth):
    schema = infer_schema(read_tables(truth.tables))
    first = schema.tables[0]
    odd = replace(first, columns=tuple(replace(c, note="12 values", dtype="int16") for c in first.columns))
    assert shape(replace(schema, tables=(odd, *schema.tables[1:]))) == shape(schema)
    assert shape(schema.as_edge("reviews", "user_id", "product_id")) != shape(schema)
    assert shape(replace(schema, tables=schema.tables[1:])) != shape(schema)


def test_a_dataset_of_other_tables_is_refused(truth, stored):
    one = {"users": truth.tables["users"]}
    with pytest.raises(StoreError, match=r"another schema.*Name another folder, or say Workbench"):
        Launch(one).open(str(stored / "shop"))
    for launch in (Launch(str(stored / "shop")), Launch(open_engine(stored / "shop"))):
        assert launch.tables is None
        assert launch.code == f"import workbench as wb\n\nengine = wb.open({str(stored / 'shop')!r})\n"


def test_folders_that_hold_no_dataset_and_no_folder_are_refused(truth, tmp_path):
    launch = Launch(truth.tables)
    (tmp_path / "mine.txt").write_text("keep")
    for step in (launch.ingest, launch.open):
        with pytest.raises(WorkbenchError, match="got nothing"):
            step("  ")
        with pytest.raises(WorkbenchError):
            step(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert launch.engine is None


def test_an_own_schema_is_the_one_that_is_ingested(truth, tmp_path):
    tables = read_tables(truth.tables)
    schema = infer_schema(tables).as_edge("reviews", "user_id", "product_id")
    launch = Launch(tables, schema)
    launch.ingest(str(tmp_path / "shop"))
    assert launch.engine.schema == schema


def test_steps_come_in_order_and_forget_what_came_after(shop):
    engine, task, _ = shop
    launch = Launch(engine)
    for step in (launch.train, launch.choose, launch.predict, lambda: launch.write("x"), launch.seeds):
        with pytest.raises(WorkbenchError, match=r"that step comes later|Train first"):
            step()
    launch.ask(task.query, **options(task))
    launch.choose(epochs=1)
    launch.train([]).wait()
    launch.predict("val")
    with pytest.raises(PlanError):
        launch.choose(epochs=-1)
    assert launch.plan.optimisation.epochs == 1
    launch.ask(task.query, **options(task))
    assert (launch.run, launch.predictions) == (None, None)
    assert launch.plan == launch.suggested


def options(task):
    bounds = task.to_dict()
    return {name: bounds[name] for name in ("val", "test", "begin", "observed_until") if name in bounds}


def test_who_no_longer_waits_changes_nothing(shop, stored, truth):
    engine, task, _ = shop
    launch = Launch(engine)
    with pytest.raises(Dropped):
        launch.ask(task.query, look=drop, **options(task))
    assert launch.task is None
    launch.ask(task.query, **options(task))
    launch.choose(epochs=99, patience=99)
    runs = []
    with pytest.raises(Dropped):
        launch.train([Attached(runs)], drop)
    assert launch.run is None
    assert runs[0].wait().state == "cancelled"
    other = Launch(truth.tables)
    with pytest.raises(Dropped):
        other.open(str(stored / "shop"), drop)
    assert other.engine is None


class Attached:
    """A callback that keeps the runs it is attached to, and is deaf."""

    def __init__(self, runs):
        self.attach = runs.append

    def __call__(self, event):
        pass


def test_while_a_training_is_under_way_nothing_is_pulled_from_under_it(shop):
    engine, task, _ = shop
    launch = Launch(engine)
    launch.ask(task.query, **options(task))
    launch.choose(epochs=999, patience=999)
    run = launch.train([])
    try:
        for step in (
            launch.train,
            lambda: launch.ask(task.query),
            launch.predict,
            lambda: launch.metrics("val"),
        ):
            with pytest.raises(TrainingError, match=r"a training is under way. Cancel it first"):
                step()
    finally:
        run.cancel()
        run.wait()
