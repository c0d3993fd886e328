"""Bad tables get a clear error or a report; a test per kind, asserting what is said."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.errors import IngestError
from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.report import IngestReport
from workbench.ingestion.tables import Tables, read_tables
from workbench.schema import Schema, Stype
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.temporal import NO_TIME

DAY = dt.datetime(2024, 1, 1, 12)
USERS = pa.table({"user_id": [1, 2, 3]})


def orders(**columns: Any) -> Tables:
    """Users and orders with some columns replaced."""
    rows = {"order_id": [10, 11, 12], "user_id": [1, 2, 1], "at": [DAY, DAY, DAY], "amount": [1.0, 2.0, 3.0]}
    frame = {name: values for name, values in {**rows, **columns}.items() if values is not None}
    return read_tables({"users": USERS, "orders": pd.DataFrame(frame)})


GOOD = infer_schema(orders())


def test_the_good_tables_say_nothing(store_path: Path) -> None:
    report = ingest(orders(), GOOD, store_path)
    assert report.warnings == ()
    assert report.static == ("users",)


def warned(tables: Tables, schema: Schema, path: Path, *words: str) -> IngestReport:
    report = ingest(tables, schema, path)
    assert any(all(word in text for word in words) for text in report.warnings), report.warnings
    assert report.to_dict()["warnings"] == report.warnings
    return report


def test_duplicate_primary_keys(store_path: Path) -> None:
    said = r"primary key orders.order_id was read: 1 of 3 rows repeat a key, such as \[10\].*set_primary_key"
    with pytest.raises(IngestError, match=said):
        ingest(orders(order_id=[10, 10, 12]), GOOD, store_path)


def test_null_primary_keys(store_path: Path) -> None:
    said = "primary key orders.order_id was read: 1 of 3 rows have no key.*IS NOT NULL"
    with pytest.raises(IngestError, match=said):
        ingest(orders(order_id=[10, None, 12]), GOOD, store_path)


def test_fractional_keys(store_path: Path) -> None:
    with pytest.raises(IngestError, match=r"table 'orders' was read.*key orders.order_id holds fractions"):
        ingest(orders(order_id=[10.5, 11, 12]), GOOD, store_path)


def test_integer_keys_that_pandas_made_floats(store_path: Path) -> None:
    ingest(orders(user_id=[1.0, float("nan"), 3.0]), GOOD, store_path)
    graph = GraphArrays.open(Dataset.open(store_path))
    assert graph.num_edges(graph.schema.edge_type("orders-user_id->users")) == 2


def test_dangling_foreign_keys(store_path: Path) -> None:
    said = (
        "orders.user_id -> users",
        "2 of 3 keys dangle (33.3% match)",
        "such as 7, 8",
        "edges are dropped",
    )
    report = warned(orders(user_id=[1, 7, 8]), GOOD, store_path, *said, "low match: is it the right key?")
    assert report.edges == {"orders-user_id->users": 1, "users-rev_user_id->orders": 1}


def test_foreign_keys_that_are_all_null(store_path: Path) -> None:
    warned(orders(user_id=[None] * 3), GOOD, store_path, "orders.user_id -> users", "every key is null")


def test_key_type_mismatch(store_path: Path) -> None:
    said = (
        "foreign key orders.user_id -> users was read: it holds text, the primary key of 'users' holds int.*"
    )
    with pytest.raises(
        IngestError, match=said + r"tables.derive\('orders', 'user_id', 'CAST\(user_id AS BIGINT\)"
    ):
        ingest(orders(user_id=["1", "2", "3"]), GOOD, store_path)


def test_missing_column(store_path: Path) -> None:
    said = r"table 'orders' was ingested: its source lacks the columns \['amount'\].*Infer the schema again"
    with pytest.raises(IngestError, match=said):
        ingest(orders(amount=None), GOOD, store_path)


def test_missing_table(store_path: Path) -> None:
    with pytest.raises(IngestError, match=r"the schema's tables \['orders'\] are not among them"):
        ingest({"users": USERS}, GOOD, store_path)


def test_no_tables(store_path: Path) -> None:
    with pytest.raises(IngestError, match="the schema has no tables"):
        ingest({"users": USERS}, Schema(()), store_path)


def test_unparsable_times(store_path: Path) -> None:
    tables = orders(at=["2024-01-02", "yesterday", "2024-01-01T10:00:00+02:00"])
    warned(tables, GOOD, store_path, "orders.at: 1 of 3 values cannot be read as a time, such as 'yesterday'")
    times = GraphArrays.open(Dataset.open(store_path)).times["orders"]
    assert times.tolist() == [1_704_096_000_000_000, 1_704_153_600_000_000, NO_TIME]


def test_times_none_of_which_is_one(store_path: Path) -> None:
    said = (
        r"time column orders.at was read: none of its 3 values \(VARCHAR, such as 'x'\) is a time.*strptime"
    )
    with pytest.raises(IngestError, match=said):
        ingest(orders(at=["x", "y", "z"]), GOOD, store_path)


def test_years_are_no_epochs(store_path: Path) -> None:
    with pytest.raises(IngestError, match=r"none of its 3 values \(BIGINT, such as '2019'\) is a time"):
        ingest(orders(at=[2019, 2020, 2021]), GOOD, store_path)


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_epochs_of_every_unit(unit: int, store_path: Path) -> None:
    seconds = np.array([1_600_000_000, 1_500_000_000, 1_700_000_000])
    ingest(orders(at=seconds * unit), GOOD, store_path)
    assert GraphArrays.open(Dataset.open(store_path)).times["orders"].tolist() == sorted(seconds * 10**6)


def test_missing_times(store_path: Path) -> None:
    said = ("orders.at: 1 of 3 rows have no time", "stored last and never visible")
    warned(orders(at=[DAY, None, DAY]), GOOD, store_path, *said)
    assert Dataset.open(store_path).manifest.dated_rows == {"orders": 2}


def test_no_times_at_all(store_path: Path) -> None:
    tables = orders().derive("orders", "at", "CAST(NULL AS TIMESTAMP)")
    warned(tables, GOOD, store_path, "orders.at: 3 of 3 rows have no time")


def test_future_dates(store_path: Path) -> None:
    late = dt.datetime(2999, 1, 1)
    said = ("orders.at: 1 of 3 times lie in the future", "up to 2999-01-01")
    warned(orders(at=[DAY, late, DAY]), GOOD, store_path, *said)


def test_times_of_attributes_after_the_row(store_path: Path) -> None:
    later = [DAY + dt.timedelta(days=3), None, DAY + dt.timedelta(days=2)]
    said = (
        "orders.delivered_at is later than the row's time (at) in 100% of 2 rows",
        "values after an anchor are hidden from the model",
        """tables.derive('orders', 'delivered_at', 'epoch("delivered_at") - epoch("at")')""",
    )
    tables = orders(delivered_at=later)
    warned(tables, infer_schema(tables).set_time("orders", "at"), store_path, *said)
    planned = tables.derive("orders", "delivered_at", 'epoch("delivered_at") - epoch("at")')
    assert planned.arrow("orders")["delivered_at"].to_pylist() == [3 * 86_400, None, 2 * 86_400]
    schema = infer_schema(planned)
    assert schema["orders"].column("delivered_at").stype is Stype.NUMERICAL
    assert ingest(planned, schema, store_path).warnings == ()


def test_a_few_late_attributes_are_noise_and_end_times_are_meant_to_be_late(store_path: Path) -> None:
    rows = 100
    stamps = [DAY + dt.timedelta(hours=hour) for hour in range(rows)]
    late = pa.table(
        {
            "k": range(rows),
            "at": stamps,
            "born_at": [DAY - dt.timedelta(days=i) for i in range(rows)],
            "seen_at": [stamp + dt.timedelta(hours=i < 4) for i, stamp in enumerate(stamps)],
            "shown_at": [stamp + dt.timedelta(hours=i < 5) for i, stamp in enumerate(stamps)],
            "closed_at": [stamp + dt.timedelta(hours=1) for stamp in stamps],
        }
    )
    tables = read_tables({"t": late})
    schema = infer_schema(tables).set_time("t", "at").set_end_time("t", "closed_at")
    found = [text for text in ingest(tables, schema, store_path).warnings if "later than the row" in text]
    assert [text.split(";")[0] for text in found] == [
        "t.shown_at is later than the row's time (at) in 5% of 100 rows"
    ]


def test_an_empty_table(store_path: Path) -> None:
    tables = orders().where("orders", "false")
    report = warned(tables, GOOD, store_path, "orders: the table is empty")
    assert report.rows == {"users": 3, "orders": 0}
    dataset = Dataset.open(store_path)
    assert GraphArrays.open(dataset).num_edges(GOOD.edge_type("orders-user_id->users")) == 0
    assert len(SsdFeatures.open(dataset).multi_get([Read("orders", np.empty(0, np.int64))])[0]) == 0


def test_everything_empty(store_path: Path) -> None:
    tables = orders().where("orders", "false").where("users", "false")
    ingest(tables, infer_schema(tables), store_path)
    assert Dataset.open(store_path).manifest.rows("users") == 0


def test_numbers_that_are_none(store_path: Path) -> None:
    said = ("orders.amount: 1 of 3 values cannot be read as a number, such as 'n/k'", "stored as missing")
    warned(orders(amount=["1.5", "n/k", "3"]), GOOD, store_path, *said)
    block = SsdFeatures.open(Dataset.open(store_path)).multi_get([Read("orders", np.arange(3))])[0]
    assert block.column("amount").tolist() == [1.5, 0.0, 3.0]
    assert block.present()[:, 0].tolist() == [True, False, True]


def test_numbers_beyond_float32(store_path: Path) -> None:
    tables = orders(amount=[1e300, float("inf"), 3.0])
    warned(tables, GOOD, store_path, "orders.amount: 2 of 3 values are NaN, infinite, too large for float32")


def test_embeddings_of_another_length(store_path: Path) -> None:
    tables = orders(amount=[[1.0, 2.0], [1.0], None])
    schema = infer_schema(tables)
    assert schema["orders"].column("amount").stype is Stype.EMBEDDING
    warned(tables, schema, store_path, "orders.amount: 1 of 3 values", "lists of another length")
    block = SsdFeatures.open(Dataset.open(store_path)).multi_get([Read("orders", np.arange(3))])[0]
    assert block.column("amount").tolist() == [[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("odd", [[], [9.0]])
def test_an_odd_first_embedding_costs_only_itself(odd: list[float], store_path: Path) -> None:
    tables = orders(amount=[odd, [1.0, 2.0], [3.0, 4.0]])
    said = ("orders.amount: 1 of 3 values", "lists of another length than 2, the most frequent")
    warned(tables, infer_schema(tables), store_path, *said)
    block = SsdFeatures.open(Dataset.open(store_path)).multi_get([Read("orders", np.arange(3))])[0]
    assert block.column("amount").tolist() == [[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]
    assert block.present()[:, 0].tolist() == [False, True, True]


def test_embeddings_that_are_all_empty(store_path: Path) -> None:
    empty = pa.array([[], [], None], pa.list_(pa.float32()))
    tables = (
        orders().drop("orders").add("orders", pa.table({"order_id": [1, 2, 3], "v": empty, "at": [DAY] * 3}))
    )
    schema = infer_schema(tables).set_stype("orders", "v", "embedding")
    warned(
        tables, schema, store_path, "orders.v: 2 of 3 values are", "empty lists; they are stored as missing"
    )
    block = SsdFeatures.open(Dataset.open(store_path)).multi_get([Read("orders", np.arange(3))])[0]
    assert not block.present().any()


def test_odd_columns_are_set_aside_and_said(store_path: Path) -> None:
    tables = orders(
        nothing=[None, None, None], mixed=[1, "a", 2.5], texts=["1", "2", "3.5"], same=[4, 4, 4]
    )  # fmt: skip
    schema = infer_schema(tables)
    notes = "\n".join(schema.notes)
    for column, said in (
        ("nothing", "orders.nothing: set aside: every value is null"),
        ("mixed", "orders.mixed: set aside: mixed types"),
        ("texts", "orders.texts: set aside: numbers as text; cast it with tables.derive('orders', 'texts'"),
        ("same", "orders.same: set aside: every value is the same"),
    ):
        assert schema["orders"].column(column).stype is Stype.SET_ASIDE
        assert said in notes
    said = ("set aside, not features: nothing (every value is null), mixed (", ", texts (", ", same (")
    warned(tables, schema, store_path, *said)
    stored = Dataset.open(store_path).duckdb().execute("SELECT texts FROM orders ORDER BY __row__")
    assert stored.fetchall() == [("1",), ("2",), ("3.5",)]


def test_the_cast_that_a_note_proposes_works(store_path: Path) -> None:
    tables = orders(texts=["1", "2", "3.5"]).derive("orders", "texts", 'TRY_CAST("texts" AS DOUBLE)')
    schema = infer_schema(tables)
    assert schema["orders"].column("texts").stype is Stype.NUMERICAL
    ingest(tables, schema, store_path)


def test_a_column_that_views_need(store_path: Path) -> None:
    tables = orders(__row__=[1, 2, 3])
    with pytest.raises(IngestError, match="it has a column '__row__', which views use for the row id"):
        ingest(tables, infer_schema(tables), store_path)


def test_links_to_a_folded_table(store_path: Path) -> None:
    tables = orders(left=[1, 2, 3], right=[1, 2, 3])
    schema = infer_schema(tables).link("orders", "left", "users").link("orders", "right", "users")
    schema = schema.as_edge("orders", "left", "right")
    table = schema["users"]
    broken = schema.with_table(table).with_table(type(table)("users", table.columns, "user_id"))
    ingest(tables, broken, store_path)


def test_rare_types_are_stored(store_path: Path) -> None:
    tables = (
        orders()
        .derive("orders", "t", "TIME '10:00:00'")
        .derive("orders", "d", "DATE '2024-01-01' + CAST(order_id AS INTEGER)")
    )
    tables = tables.derive("orders", "h", "CAST(order_id AS HUGEINT)").derive(
        "orders", "s", "{'a': order_id}"
    )
    tables = tables.derive("orders", "u", "uuid()").derive("orders", "f", "order_id > 10")
    tables = tables.derive("orders", "m", "CAST(amount AS DECIMAL(10, 2))")
    schema = infer_schema(tables)
    kinds = {column.name: column.stype.value for column in schema["orders"].columns[4:]}
    assert kinds == {"t": "set_aside", "d": "timestamp", "h": "numerical", "s": "set_aside", "u": "id",
                     "f": "categorical", "m": "numerical"}  # fmt: skip
    ingest(tables, schema, store_path)
    dataset = Dataset.open(store_path)
    assert dataset.dictionary("orders", "f") == ["false", "true"]
    block = SsdFeatures.open(dataset).multi_get([Read("orders", np.arange(3))])[0]
    assert block.column("h").tolist() == [10.0, 11.0, 12.0]
    assert block.column("d")[0] == 1_704_067_200_000_000 + 10 * 86_400_000_000


def test_a_number_column_without_a_number(store_path: Path) -> None:
    """Ingested again with the schema of before: stored as missing throughout, the model would go blind."""
    said = (
        r"orders.amount was read: none of its 3 values \(VARCHAR, such as 'a'\) is a number.*"
        r"TRY_CAST.*schema.set_stype\('orders', 'amount', 'set_aside'\)"
    )
    ingest(orders(), GOOD, store_path)
    with pytest.raises(IngestError, match=said):
        ingest(orders(amount=["a", "b", "c"]), GOOD, store_path)
    assert Dataset.open(store_path).snapshot == 1
    ingest(orders(amount=["a", "b", "c"]), GOOD.set_stype("orders", "amount", "set_aside"), store_path)


def test_times_that_are_all_null(store_path: Path) -> None:
    said = ("orders.at: 3 of 3 rows have no time", "never visible")
    warned(orders(at=pd.Series([None] * 3, dtype="datetime64[us]")), GOOD, store_path, *said)


def test_times_at_the_end_of_time(store_path: Path) -> None:
    late = dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)
    warned(orders(at=pd.Series([late] * 3, dtype="datetime64[us]")), GOOD, store_path, "9999-12-31")


def test_times_without_a_clock(store_path: Path) -> None:
    days = [DAY.date(), DAY.date(), None]
    warned(orders(at=days), GOOD, store_path, "orders.at: every time is midnight", "INTERVAL 1 DAY")


def test_arguments_in_the_wrong_order_are_named(tmp_path: Path) -> None:
    tables = read_tables({"users": USERS})
    schema = infer_schema(tables)
    with pytest.raises(IngestError, match=r"an ingest\(tables, schema, path\) was asked for: got a Tables"):
        ingest(schema, tables, tmp_path / "s")  # type: ignore[arg-type]
    with pytest.raises(IngestError, match=r"a folder for a dataset was asked for: got a NoneType"):
        ingest(tables, schema, None)  # type: ignore[arg-type]
