"""Edges against a moving cutoff."""

import numpy as np
import pytest

from widgets._cutoff_table import OFFENDERS, CutoffTable
from widgets._edge_ages import edge_ages
from workbench.temporal import NO_TIME
from workbench.testing.graphs import DAY


def ages(days, name="a-x->b"):
    zero = np.zeros(len(days))
    rows = dict.fromkeys(("src", "dst", "sample", "seed"), zero) | {"edge_id": np.arange(len(days))}
    time = np.array([NO_TIME if day is None else day * DAY for day in days])
    return edge_ages(
        [{"name": name, "time": time, "anchor": np.full(len(days), 10 * DAY), "hop": zero + 1, **rows}]
    )


def test_a_later_lag_forbids_more():
    drawn, around = ages([1, 5, 9]), ages([1, 5, 9, 12, 15])
    found = [CutoffTable(drawn, around, lag * DAY) for lag in (-6, 0, 1, 5, 9, 10)]
    assert [table.violating for table in found] == [0, 0, 0, 1, 2, 3]
    assert [table.rows()[0]["invisible"] for table in found] == [0, 2, 2, 3, 4, 5]
    for table in found:
        (row,) = table.rows()
        assert (row["drawn"], row["visible"] + row["invisible"]) == (3, 5)
        assert sum(table.histogram()["drawn"]) == 3
        assert sum(table.histogram()["late"]) == table.violating
        assert sum(table.histogram()["around"]) == 5


def test_offenders_are_the_latest_and_say_how_late():
    table = CutoffTable(ages([11, 3, None, 14]))
    found = table.offenders()
    assert [o["edge_id"] for o in found] == [2, 3, 0]
    assert [o["late"] for o in found] == ["has no time", "4 days after the cutoff", "1 day after the cutoff"]
    assert found[0]["time"] == "missing"
    assert len(CutoffTable(ages([11] * 50)).offenders()) == OFFENDERS


def test_findings_count_by_hop_and_edge_type():
    text = CutoffTable(ages([11, 3])).findings()
    assert text.splitlines()[:2] == [
        "1 of 2 drawn edges were not known at the anchor",
        "hop 1, a-x->b: 1 of 2",
    ]
    assert "'edge_id': 0" in text
    assert CutoffTable(ages([3])).findings() == "0 of 1 drawn edges were not known at the anchor"


def test_without_a_graph_nothing_is_said_of_what_lies_around():
    table = CutoffTable(ages([3]))
    assert "visible" not in table.rows()[0]
    assert table.histogram()["around"] is None


@pytest.mark.parametrize("days", [[], [10], [None]])
def test_what_is_shown_is_whole_for_few_edges(days):
    shown = CutoffTable(ages(days)).shown()
    assert shown["low"] <= shown["at"] <= shown["high"]


def test_long_names_are_cut():
    shown = CutoffTable(ages([11], name="<b>" * 10**5)).shown()
    assert len(shown["rows"][0]["edge_type"]) == len(shown["offenders"][0]["edge_type"]) == 120
