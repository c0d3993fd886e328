"""The query to begin with can be read, whatever the names, and fits the data."""

import numpy as np
import pytest

from widgets._launch_query import DAY, first_query, quoted
from workbench.query.parser import parse
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.temporal import NO_TIME


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
