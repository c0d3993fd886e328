"""Anchors of another unit are an error where the data are modern, not an empty or all-seeing sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from workbench.errors import AnchorError
from workbench.plan.fanout import Fanout
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SeedSet
from workbench.stores.units import DataSpan
from workbench.temporal import BEGINNING, FOREVER, NO_TIME, instant
from workbench.testing.graphs import DAY, toy_shop

START, ANCHOR = instant("2015-06-01"), instant("2015-06-04")


def moved(by: int) -> RamGraph:
    """The toy shop, its five days beginning at another time."""
    shop = toy_shop()
    times = {
        name: None if clock is None else np.where(clock == NO_TIME, clock, clock + by)
        for name, clock in shop.times.items()
    }
    return RamGraph(replace(shop, times=times))


@pytest.mark.parametrize("mode", ["disjoint", "joint"])
@pytest.mark.parametrize(
    ("anchor", "unit", "how"),
    [
        (ANCHOR // 10**6, "seconds", r"\* 1_000_000"),
        (ANCHOR // 1000, "milliseconds", r"\* 1_000"),
        (ANCHOR * 1000, "nanoseconds", "// 1_000"),
    ],
)
def test_another_unit_is_named(anchor, unit, how, mode):
    sampler = NeighborSampler(moved(START), Fanout([4], mode=mode))
    assert sampler.sample(SeedSet.of("users", [0, 1], ANCHOR)).num_edges
    with pytest.raises(AnchorError, match=rf"as {unit} it is 2015-06-04.* Give anchors {how}"):
        sampler.sample(SeedSet.of("users", [0, 1], anchor))


@pytest.mark.parametrize(
    "anchor",
    [0, 1, -1, BEGINNING, BEGINNING + 1, FOREVER, FOREVER - 1]
    + [
        instant(t)
        for t in ("0001-01-01", "1969-12-31", "1999-01-01", "2015-05-31", "2030-01-01", "9999-12-31")
    ],
)
@pytest.mark.parametrize("start", [START, 0, -START, instant("1960-01-01")])
def test_anchors_far_off_the_data_are_allowed_where_no_unit_explains_them(anchor, start):
    NeighborSampler(moved(start), Fanout([4])).sample(SeedSet.of("users", [0], anchor))


def test_seconds_are_found_beside_anchors_of_static_seeds():
    seeds = SeedSet.of("users", [0, 1, 2], [FOREVER, ANCHOR * 1000, ANCHOR])
    with pytest.raises(AnchorError, match="as nanoseconds"):
        NeighborSampler(moved(START), Fanout([4])).sample(seeds)


def test_a_few_dates_of_no_meaning_hide_no_unit():
    times = np.sort(np.append(START + np.arange(1000) * DAY, instant("1900-01-01")))
    graph = moved(START)
    graph.arrays.times["orders"] = times
    span = DataSpan.of(graph)
    assert span is not None
    assert (span.first, span.last) == (START, START + 999 * DAY)


def test_a_graph_without_times_has_no_span():
    shop = toy_shop()
    assert DataSpan.of(RamGraph(replace(shop, times=dict.fromkeys(shop.times)))) is None
    dateless = {name: np.full(rows, NO_TIME) for name, rows in shop.num_rows.items()}
    assert DataSpan.of(RamGraph(replace(shop, times=dateless))) is None
