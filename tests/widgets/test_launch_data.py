"""Tables become a dataset once; before that their schema is edited, afterwards it stays as it is."""

import pyarrow as pa
import pytest

from widgets._launch import Launch
from widgets._launch_edits import Edit
from workbench.engine import open_engine
from workbench.errors import IngestError, SchemaError, StoreError, TableError, WorkbenchError
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.testing.commerce import commerce
from workbench.testing.flat_shop import flat_shop


@pytest.fixture(scope="module")
def truth():
    return commerce(40, periods=5, seed=0)


@pytest.fixture(scope="module")
def stored(truth, tmp_path_factory):
    """A folder with the shop, ingested by a launch."""
    folder = tmp_path_factory.mktemp("launch") / "shop"
    launch = Launch(truth.tables)
    report = launch.ingest(str(folder))
    assert report.total_rows == sum(map(len, truth.tables.values()))
    assert launch.engine.dataset.path == folder
    return folder


def test_a_dataset_that_is_there_is_opened_and_never_overwritten(truth, stored):
    place = str(stored)
    launch = Launch(truth.tables)
    before = {path: path.stat().st_mtime_ns for path in (stored).rglob("*")}
    with pytest.raises(IngestError, match=r"one already, of users, products.*Open it, or name another"):
        launch.ingest(place)
    assert launch.engine is None
    assert launch.open(place).schema == launch.schema
    assert launch.code.endswith(f"engine = wb.open({place!r})\n")
    assert {path: path.stat().st_mtime_ns for path in (stored).rglob("*")} == before


def test_a_dataset_of_other_tables_is_refused(truth, stored):
    one = {"users": truth.tables["users"]}
    with pytest.raises(StoreError, match=r"another schema.*Name another folder, or say Workbench"):
        Launch(one).open(str(stored))
    for launch in (Launch(str(stored)), Launch(open_engine(stored))):
        assert launch.tables is None
        assert launch.code == f"import workbench as wb\n\nengine = wb.open({str(stored)!r})\n"


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


def test_who_no_longer_waits_opens_nothing(truth, stored):
    launch = Launch(truth.tables)
    with pytest.raises(KeyboardInterrupt):
        launch.open(str(stored), interrupt)
    assert launch.engine is None


def interrupt():
    raise KeyboardInterrupt


def test_edits_are_seen_at_once_taken_back_and_ingested(truth, tmp_path):
    launch = Launch(truth.tables)
    before = launch.schema
    assert launch.edit(Edit("as_edge", "reviews", ("user_id", "product_id"))).node_types == (
        *(name for name in before.node_types if name != "reviews"),
    )
    launch.edit(Edit("drop_table", "reviews"))
    assert launch.undo() == before.as_edge("reviews", "user_id", "product_id")
    with pytest.raises(SchemaError, match="Did you mean"):
        launch.edit(Edit("set_time", "orders", ("order_tim",)))
    assert launch.schema == before.as_edge("reviews", "user_id", "product_id")
    launch.ingest(str(tmp_path / "shop"))
    assert launch.engine.schema["reviews"].edge == ("user_id", "product_id")

    names = {"source": truth.tables}
    code = launch.code.replace(str(tmp_path / "shop"), str(tmp_path / "again"))
    exec(compile(code, "code", "exec"), names)
    assert names["engine"].schema == launch.engine.schema
    for step in (
        launch.undo,
        lambda: launch.edit(Edit("drop_table", "reviews")),
        lambda: launch.normalise({}),
    ):
        with pytest.raises(SchemaError, match=r"has its own by now. Begin anew with Workbench\(tables\)"):
            step()


def test_a_flat_table_is_split_and_the_code_does_the_same(tmp_path):
    source = {"export": flat_shop(customers=30, days=40)}
    launch = Launch(source)
    assert launch.schema.edge_types == ()
    with pytest.raises(TableError, match="no column"):
        launch.normalise({"customers": ["CustomerId2"]})
    entities = {"invoices": ("InvoiceNo", "CustomerID"), "customers": ("CustomerID", "Country")}
    schema = launch.normalise(entities, "InvoiceDate", "lines")
    assert set(schema.node_types) == {"lines", "invoices", "customers"}
    launch.edit(Edit("set_stype", "lines", ("Quantity", "set_aside")))
    names = {"source": source}
    exec(compile(launch.code, "code", "exec"), names)
    assert names["schema"] == launch.schema
    assert names["tables"].arrow("customers").equals(launch.tables.arrow("customers"))
    with pytest.raises(KeyboardInterrupt):
        Launch(source).normalise(entities, look=interrupt)
    assert launch.undo() == schema
    assert len(launch.undo().tables) == 1


def test_an_engine_has_no_tables_to_edit(stored):
    launch = Launch(str(stored))
    with pytest.raises(SchemaError, match="has its own by now"):
        launch.edit(Edit("drop_table", "reviews"))
    with pytest.raises(WorkbenchError, match=r"that step comes later. Say Workbench\(tables\)"):
        launch.ingest("elsewhere")


BAD = {
    "a path that is not there": ("missing/*.parquet", TableError, "missing"),
    "nothing": (None, TableError, "without a name"),
    "no tables": ({}, TableError, "got an empty dict"),
    "a number as a table": ({"users": 7}, TableError, "its source is a int"),
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_what_cannot_be_read_is_refused_at_once(case):
    source, error, told = BAD[case]
    with pytest.raises(error, match=told):
        Launch(source)


def test_a_schema_is_for_tables_not_for_a_dataset(stored):
    with pytest.raises(SchemaError, match=r"it has its own. Say Workbench\(engine\) alone"):
        Launch(str(stored), open_engine(stored).schema)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(TableError, match="there is no readable file"):
        Launch(str(tmp_path))


ODD = {
    "no key": ({"a": pa.table({"x": [1, 1], "y": [2.0, 3.0]})}, "no table links to another"),
    "no rows": ({"a": pa.table({"id": pa.array([], pa.int64())})}, "the table is empty"),
    "no links": ({n: pa.table({n + "_id": [1, 2], n + "x": [0.5, 1.5]}) for n in "abc"}, "no table links"),
    "no time": (
        {"a": pa.table({"a_id": [1, 2]}), "b": pa.table({"a_id": [1, 1, 2], "x": [0.5, 1.5, 2.5]})},
        "static: always visible",
    ),
}


@pytest.mark.parametrize("case", ODD, ids=str)
def test_what_is_odd_is_said_and_can_be_edited(case):
    source, told = ODD[case]
    assert told in repr(Launch(source).schema)
