"""Queries over tables whose names and columns are odd, or those that our own SQL uses."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from workbench.query.labels import column_types, compute_labels, connection, label_sql
from workbench.query.parser import parse
from workbench.query.resolve import resolve
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.temporal import instant


def resolved(dataset, text):
    with connection(dataset) as con:
        return resolve(parse(text), dataset.schema, column_types(con, dataset.schema))


def rows_of(dataset, text, anchor):
    found = compute_labels(dataset, resolved(dataset, text), np.array([instant(anchor)], np.int64))
    return list(zip(found.key.to_pylist(), found.label.tolist(), strict=True))


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


HOSTILE = [
    'a"b',
    "semi;colon",
    "x'); DROP TABLE users; --",
    "select",
    "na\nme",
    "ünï",
    "__label_anchors",
    "*",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_and_texts(dataset_of, name):
    column = name + " col"
    users = pa.table({name: pa.array(["k'1", 'k"2']), column: pa.array([name, "other"])})
    facts = pa.table(
        {"who": pa.array(["k'1", "k'1"]), name: pa.array([dt.datetime(2020, 1, 2)] * 2), column: ["x", name]}
    )
    plain = (Column(name, Stype.ID), Column(column, Stype.TEXT))
    tables = (
        Table(name, plain, name),
        Table(name + "s", plain, time=name, foreign_keys=(ForeignKey("who", name),)),
    )
    q = {part: quoted(part) for part in (name, column, name + "s")}
    text = (
        f"PREDICT COUNT({q[name + 's']}.* WHERE {q[name + 's']}.{q[column]} = {literal(name)}, 0, 1) "
        f"FOR EACH {q[name]}.{q[name]} WHERE {q[name]}.{q[column]} IN ({literal(name)}, 'z')"
    )
    dataset = dataset_of(Schema(tables), {name: users, name + "s": facts})
    assert rows_of(dataset, text, "2020-01-01") == [("k'1", 1.0)]


def test_no_helper_table_hides_a_real_one(shop):
    query = resolved(shop, "PREDICT COUNT(orders.*, 0, 1) FOR users.user_id")
    sql, bounds = label_sql(query, np.array([0], np.int64), "helper")
    assert '"helper0" AS (' in sql
    assert bounds.column_names == ["n", "anchor", "visible", "low0", "high0"]
