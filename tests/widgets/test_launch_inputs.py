"""What is typed is read as what it is, or refused with what to type instead."""

import numpy as np
import pyarrow as pa
import pytest

from widgets._launch_inputs import DAY, first_query, named, plan_changes, quoted, split_options, typed_keys
from workbench.errors import PlanError, StoreError, TaskError
from workbench.query.parser import parse
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.temporal import NO_TIME


def test_empty_fields_are_left_open_and_numbers_are_numbers():
    typed = {"val": " 0.2 ", "test": "2026-01-01", "every": " ", "train_windows": "10"}
    assert split_options(typed) == {"val": 0.2, "test": "2026-01-01", "train_windows": 10}
    assert split_options({"val": "90 days "}) == {"val": "90 days"}


def test_choices_of_a_plan_are_numbers():
    assert plan_changes({"epochs": "3", "learning_rate": "1e-3"}) == {"epochs": 3, "learning_rate": 0.001}
    for wrong in ("", "two", "3 epochs"):
        with pytest.raises(PlanError, match=r"epochs of the plan.*a number"):
            plan_changes({"epochs": wrong})


@pytest.mark.parametrize(
    ("text", "kind", "keys"),
    [
        ("", pa.int64(), None),
        (" , ,\n", pa.int64(), None),
        ("17, 42", pa.int64(), [17, 42]),
        ("17\n42", pa.int32(), [17, 42]),
        ("17, 42", pa.string(), ["17", "42"]),
        ('N1, "a, b", "say ""x"""', pa.string(), ["N1", "a, b", 'say "x"']),
    ],
)
def test_keys_are_of_the_type_of_their_column(text, kind, keys):
    assert typed_keys(text, kind) == keys


def test_keys_of_another_type_are_refused():
    with pytest.raises(TaskError, match=r"got N1. Allowed: values of type int64"):
        typed_keys("N1", pa.int64())


def test_a_path_has_to_be_typed():
    assert named(" stores/shop ", StoreError, "a folder") == "stores/shop"
    with pytest.raises(StoreError, match="a folder was asked for: got nothing"):
        named("  ", StoreError, "a folder")


def shop(users="users", orders="orders", key="id", links=1):
    columns = (Column("at", Stype.TIMESTAMP), *(Column(f"by{i}", Stype.ID) for i in range(links)))
    keys = tuple(ForeignKey(f"by{i}", users) for i in range(links))
    events = Table(orders, columns, time="at", foreign_keys=keys)
    return Schema((Table(users, (Column(key, Stype.ID),), key), events))


@pytest.mark.parametrize(
    "name", ["each", "a b", 'say "x"', "\u00fcber", "COUNT", "rank", "1st", "x->y", "<b>"]
)
def test_the_first_query_can_be_read_whatever_the_names(name):
    query = parse(first_query(shop(users=name, orders=name + "2", key=name)))
    assert query.entity.table == name
    assert query.entity.column == name


def test_names_that_need_no_quotes_have_none():
    assert first_query(shop()) == "PREDICT COUNT(orders.*, 0, 30, days) > 0\nFOR EACH users.id"
    assert quoted("rev_user") == "rev_user"


def test_where_nothing_is_counted_there_is_no_first_query():
    assert first_query(Schema((Table("users", (Column("id", Stype.ID),), "id"),))) == ""
    assert first_query(shop(links=2)) == ""  # which of two keys is meant would have to be said


def test_a_customer_is_asked_about_rather_than_an_invoice():
    timed = {"time": "at", "columns": (Column("at", Stype.TIMESTAMP), Column("id", Stype.ID))}
    lines = (
        ForeignKey("invoice", "invoices"),
        ForeignKey("product", "products"),
        ForeignKey("by", "customers"),
    )
    tables = (
        Table("lines", **timed, foreign_keys=lines),
        Table("products", (Column("id", Stype.ID),), "id"),
        Table("invoices", primary_key="id", **timed, foreign_keys=(ForeignKey("by", "customers"),)),
        Table("customers", (Column("id", Stype.ID),), "id"),
    )
    assert first_query(Schema(tables)).endswith("FOR EACH customers.id")


class Clock:
    """An engine as far as the first query asks it."""

    def __init__(self, *times):
        self.graph, self._times = self, np.asarray(times, np.int64)

    def times(self, table):
        assert table == "orders"
        return self._times


@pytest.mark.parametrize(
    ("times", "window"),
    [
        ([0, 720 * DAY], "30, days"),
        ([0, 120 * DAY], "10, days"),
        ([0, 120 * DAY, NO_TIME], "10, days"),
        ([0, 3 * DAY], "6, hours"),
        ([0, 1], "1, hours"),
        ([], "30, days"),
        ([NO_TIME], "30, days"),
    ],
)
def test_the_window_fits_into_the_data(times, window):
    assert f"0, {window})" in first_query(shop(), Clock(*times))
