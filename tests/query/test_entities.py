"""Named entities: found by key, in the order given, and only where they exist."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.errors import TaskError
from workbench.query.entities import SHOWN, known_entities
from workbench.query.labels import column_types, connection
from workbench.query.parser import parse
from workbench.query.resolve import resolve
from workbench.temporal import instant


@pytest.fixture(scope="module")
def query(shop):
    with connection(shop) as con:
        types = column_types(con, shop.schema)
    return resolve(parse("PREDICT COUNT(orders.*, 0, 1) FOR users.user_id"), shop.schema, types)


@pytest.mark.parametrize("keys", [[2, 0, 2], np.array([2, 0, 2]), pa.array([2, 0, 2]), (2, 0, 2)])
def test_keys_in_any_container(shop, query, keys):
    found = known_entities(shop, query, instant("2020-03-01"), keys)
    assert found.node_id.tolist() == found.key.to_pylist() == [2, 0, 2]
    assert found.anchor.tolist() == [instant("2020-03-01")] * 3
    assert found.label is None


@pytest.mark.parametrize(
    "key", [2, np.int64(2), np.array([2])[0], range(2, 3), iter([2]), pd.Series([2]), {2: 0}]
)
def test_one_key_is_a_list_of_one(shop, query, key):
    assert known_entities(shop, query, instant("2020-03-01"), key).key.to_pylist() == [2]


@pytest.mark.parametrize(
    "keys", [1.5, np.array(2), np.array([[2]]), object(), 2 + 0j, pd.DataFrame({"a": [2]})]
)
def test_what_is_no_key_and_no_column_of_keys_is_refused(shop, query, keys):
    with pytest.raises(
        TaskError,
        match=rf"entities were asked for: got {type(keys).__name__}\. Allowed: a list or column of "
        r"primary keys, or one key\. Write entities=\[key, \.\.\.\]",
    ):
        known_entities(shop, query, instant("2020-03-01"), keys)


# User 1 ends on day 70 (2020-03-11), user 2 begins on day 50 (2020-02-20).
@pytest.mark.parametrize(
    ("at", "missing"),
    [("2020-02-19 23:59:59", [2]), ("2020-02-20", []), ("2020-03-10", []), ("2020-03-11", [1])],
)
def test_entities_exist_from_their_time_until_before_their_end(shop, query, at, missing):
    if not missing:
        assert len(known_entities(shop, query, instant(at), [0, 1, 2]).node_id) == 3
        return
    with pytest.raises(TaskError, match=f"'users' has not yet, or no longer, keys: {missing[0]}. Choose"):
        known_entities(shop, query, instant(at), [0, 1, 2])


def test_entities_newer_than_the_frozen_features_are_refused(shop, query):
    at, begins = instant("2020-03-01"), instant("2020-02-20")
    assert known_entities(shop, query, at, [2], begins).node_id.tolist() == [2]
    with pytest.raises(
        TaskError,
        match=r"at 2020-03-01, with features frozen at 2020-02-19, 'users' has not yet, or no longer, "
        r"keys: 2\. Choose another time at=, or a later until= for the task",
    ):
        known_entities(shop, query, at, [0, 1, 2], instant("2020-02-19"))
    with pytest.raises(TaskError, match="at 2020-02-01 'users' has not yet"):
        known_entities(shop, query, instant("2020-02-01"), [2], at)


def test_unknown_keys_are_named(shop, query):
    with pytest.raises(TaskError, match=r"table 'users' of 3 rows has no such keys: 7, -1. Check the keys"):
        known_entities(shop, query, instant("2020-03-01"), [0, 7, -1])
    with pytest.raises(TaskError, match=f"and {20 - SHOWN} more"):
        known_entities(shop, query, instant("2020-03-01"), list(range(3, 23)))


def test_keys_of_another_type_are_refused(shop, query):
    with pytest.raises(TaskError, match="keys of table 'users' were looked up"):
        known_entities(shop, query, instant("2020-03-01"), ["a"])
    with pytest.raises(
        TaskError, match=r"looked up: one is an integer of more than 64 bits\. Check the keys"
    ):
        known_entities(shop, query, instant("2020-03-01"), [2**70])
    with pytest.raises(TaskError, match="has no such keys: -1"):
        known_entities(shop, query, instant("2020-03-01"), -1)


def test_no_keys_give_no_rows(shop, query):
    found = known_entities(shop, query, instant("2020-03-01"), [])
    assert len(found.node_id) == len(found.key) == 0
