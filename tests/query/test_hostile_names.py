"""Queries over tables whose names and columns are odd, or those that our own SQL uses."""

from __future__ import annotations

import datetime as dt
import warnings

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import TaskError
from workbench.query.boundaries import place
from workbench.query.entities import known_entities
from workbench.query.known_texts import warn_of_unknown_texts
from workbench.query.label_sql import label_sql
from workbench.query.labels import column_types, compute_labels, connection
from workbench.query.parser import parse
from workbench.query.resolve import resolve
from workbench.query.split_options import SplitOptions
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.temporal import instant, iso
from workbench.testing.sizes import cases


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


@pytest.mark.parametrize("name", [*HOSTILE, "via1", "c", "a", "v"])
def test_hostile_names_in_every_form(dataset_of, name):
    """Paths, calculations, patterns and functions that go by time; all names are the same one."""
    user, order, line = name, name + "o", name + "l"
    fact = {name: pa.array([0, 1, 0]), "at": pa.array([dt.datetime(2020, 1, n) for n in (2, 3, 4)])}
    frames = {
        user: pa.table({name: pa.array([0, 1]), "note": pa.array([name, "other"])}),
        order: pa.table({name: pa.array([0, 1, 2]), "user": pa.array([0, 1, 0])}),
        line: pa.table({"order": fact[name], name: fact["at"], "x": pa.array([2.0, 3.0, 5.0]),
                        "kind": pa.array([name, name, "z"])}),
    }  # fmt: skip
    plain = tuple(Column(each, Stype.TEXT) for each in ("note",))
    schema = Schema((
        Table(user, plain, name), Table(order, (), name, foreign_keys=(ForeignKey("user", user),)),
        Table(line, (), time=name, foreign_keys=(ForeignKey("order", order),)),
    ))  # fmt: skip
    u, o, li, n = quoted(user), quoted(order), quoted(line), quoted(name)
    path, lit = f'VIA {li}."order" -> {o}."user"', literal(name)
    dataset = dataset_of(schema, frames)
    for value, labels in {
        f"SUM({li}.x * {li}.x {path} WHERE {li}.kind CONTAINS {lit}, 0, 9)": [(0, 4.0), (1, 9.0)],
        f"COUNT_DISTINCT({li}.kind {path}, 0, 9) > 1": [(0, 1.0), (1, 0.0)],
        f"LAST({li}.kind {path}, 0, 9) = {lit}": [(0, 0.0), (1, 1.0)],
        f"FIRST({li}.x {path}, 0, 9)": [(0, 2.0), (1, 3.0)],
    }.items():
        assert rows_of(dataset, f"PREDICT {value} FOR {u}.{n}", "2020-01-01") == labels
    late = f"WHERE COUNT_DISTINCT({li}.kind {path}) > 1 AND LAST({li}.x {path}, -INF, 0) = 5"
    late += f" AND {u}.note LIKE {lit}"
    found = rows_of(dataset, f"PREDICT COUNT({li}.* {path}, 0, 1) FOR {u}.{n} {late}", "2020-01-09")
    assert found == [(0, 0.0)]


def test_no_helper_table_hides_a_real_one(shop):
    query = resolved(shop, "PREDICT COUNT(orders.*, 0, 1) FOR users.user_id")
    sql, bounds = label_sql(query, np.array([0], np.int64), "helper")
    assert '"helper0" AS (' in sql
    assert bounds.column_names == ["n", "anchor", "visible", "low0", "high0"]


OURS = ["key", "KEY", "node_id", "anchor", "visible", "label", "n", "value", "id", "low0", "high0", "main"]
OURS += ["e", "a", "f", "w", "__x", "__wanted__", "__label_anchors", "__label_anchors0", "time", "rowid"]
"""Names that our SQL uses, or looks as if it did."""


def two_tables(dataset_of, entity, fact, pk, born, town, fk, at, kind):
    """Ten entities, born on days 0 to 9 of 2020, and one fact each, 20 days later; keys are 100 to 109."""
    days = np.datetime64("2020-01-01T00:00:00.000000") + np.arange(10) * np.timedelta64(1, "D")
    who = np.arange(100, 110)
    frames = {
        entity: pa.table({pk: who, born: days, town: ["x", "y"] * 5}),
        fact: pa.table({fk: who, at: days + np.timedelta64(20, "D"), kind: ["p", "p", "q", "q", "p"] * 2}),
    }
    columns = tuple(Column(name, Stype.ID) for name in (pk, born, town))
    facts = tuple(Column(name, Stype.ID) for name in (fk, at, kind))
    tables = (
        Table(entity, columns, pk, born),
        Table(fact, facts, time=at, foreign_keys=(ForeignKey(fk, entity),)),
    )
    return dataset_of(Schema(tables), frames)


def check_two_tables(dataset_of, *names):
    entity, fact, pk, _, town, _, _, kind = names
    dataset = two_tables(dataset_of, *names)
    E, F = quoted(entity), quoted(fact)
    text = (
        f"PREDICT COUNT({F}.{quoted(kind)} WHERE {F}.{quoted(kind)} = 'p', 0, 30) FOR {E}.{quoted(pk)} "
        f"WHERE {E}.{quoted(town)} = 'x' AND {E}.{quoted(pk)} != 100 AND COUNT({F}.*, -INF, 0) = 0"
    )
    # Born by January 7: 100 to 106; of these in town x and not excluded: 102 (kind q), 104 and 106 (p).
    assert rows_of(dataset, text, "2020-01-07") == [(102, 0.0), (104, 1.0), (106, 1.0)]
    query = resolved(dataset, text)
    # This dataset has no key map: entities are looked up by row number.
    assert known_entities(dataset, query, instant("2020-01-07"), [6, 0]).node_id.tolist() == [6, 0]
    with pytest.raises(TaskError, match=r"has not yet, or no longer, keys: 7\."):
        known_entities(dataset, query, instant("2020-01-07"), [6, 7])
    with connection(dataset) as con:
        assert iso(place(con, query, SplitOptions()).begin) == "2020-01-21"
        with warnings.catch_warnings(action="error"):
            warn_of_unknown_texts(con, query)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("role", range(8))
def test_names_of_our_own_sql(dataset_of, name, role):
    names = ["things", "facts", "pk", "born", "town", "fk", "at", "kind"]
    names[role] = name
    check_two_tables(dataset_of, *names)


@settings(max_examples=cases(40, 1000))
@given(
    tables=st.permutations(OURS).map(lambda names: list({n.lower(): n for n in names}.values())[:2]),
    entity=st.permutations([n for n in OURS if n != "KEY"]),
    fact=st.permutations([n for n in OURS if n != "KEY"]),
)
def test_every_name_is_one_of_our_own_sql(dataset_of, tables, entity, fact):
    check_two_tables(dataset_of, *tables, *entity[:3], *fact[:3])
