"""The parts of a query compare by meaning, not by place."""

from __future__ import annotations

from workbench.query.ast import ColumnRef, Literal, aggregates, walk
from workbench.query.parser import parse


def test_equal_parts_are_equal_wherever_they_stand():
    first = parse("PREDICT COUNT(a.*, 0, 3) > 0 FOR u.id")
    second = parse("predict\n  count( a . * , 0, 3.0, DAYS )>0 for each u.id")
    assert first == second
    assert hash(first.target) == hash(second.target)
    assert first.target != parse("PREDICT COUNT(a.*, 0, 3, hours) > 0 FOR u.id").target


def test_aggregates_are_listed_from_left_to_right():
    query = parse(
        "PREDICT NOT (COUNT(a.*, 0, 1) > SUM(b.x WHERE b.y > 0, 0, 2) OR u.c = 1) AND MIN(c.x, 0, 3) IN (1) "
        "AND MAX(d.x, 0, 4) IS NULL FOR u.id"
    )
    assert [found.columns[0].table for found in aggregates(query.target)] == ["a", "b", "c", "d"]
    assert list(aggregates(None)) == []


def test_a_walk_sees_every_part_once():
    query = parse(
        "PREDICT NOT (COUNT(a.* WHERE a.x IN (1, 2), 0, 1) > 3 OR u.c IS NULL) AND u.d < u.e FOR u.id"
    )
    parts = list(walk(query.target))
    assert [str(part) for part in parts if isinstance(part, ColumnRef)] == ["a.*", "a.x", "u.c", "u.d", "u.e"]
    assert [part.value for part in parts if isinstance(part, Literal)] == [1, 2, 3]
    assert list(walk(None)) == []


def test_a_walk_goes_into_calculations_and_patterns():
    query = parse("PREDICT SUM(a.x * (a.y - 2) WHERE a.z NOT LIKE 'b%', 0, 1) FOR u.id")
    parts = list(walk(query.target))
    assert [str(part) for part in parts if isinstance(part, ColumnRef)] == ["a.x", "a.y", "a.z"]
    assert [part.value for part in parts if isinstance(part, Literal)] == [2, "b%"]
    assert [str(ref) for ref in query.target.columns] == ["a.x", "a.y"]


def test_a_query_prints_in_one_line():
    assert str(parse("PREDICT  COUNT(a.*, 0, 3)\n\tFOR u.id")) == "PREDICT COUNT(a.*, 0, 3) FOR u.id"
