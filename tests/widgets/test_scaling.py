"""Costs of large batches told from small ones: what is said of distinct rows holds the truth."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from widgets._scaling import LINEAR, Limits, scaled_up
from workbench.plan.fanout import Fanout
from workbench.query.seed_table import SeedTable
from workbench.testing.graphs import DAY


@pytest.fixture
def wide(engine):
    """A shop whose rows weigh something."""
    names = engine.schema.node_types
    engine.features.groups = {name: SimpleNamespace(stride=8 * i) for i, name in enumerate(names, 1)}
    return engine


def seeds_of(engine, count):
    rows = np.arange(count) % engine.graph.num_nodes("users")
    return SeedTable("users", rows, pa.array(rows), np.full(count, 10 * DAY), split="val")


@pytest.mark.parametrize("hops", [[2], [4, 2], [4, 4, 4]])
@pytest.mark.parametrize("small", [1, 3, 10])
def test_intervals_of_distinct_rows_hold_those_of_the_large_batch(wide, hops, small):
    seeds, fanout = seeds_of(wide, 240), Fanout(hops)
    found = wide.profile(seeds, fanout, batch_size=small, batches=240 // small)
    limits = Limits.of(wide, found, "users")
    larger, truth = scaled_up(found, 60, limits), wide.profile(seeds, fanout, batch_size=60, batches=4)
    assert larger.batch_size == truth.batch_size == 60
    for name in ("feature_bytes", "bytes", "duplicates"):
        told, true = getattr(larger, name), getattr(truth, name)
        assert told.low <= true.mean + 1e-4, name  # a mean of ratios is not quite the ratio of means
        assert true.mean <= told.high + 1e-4, name
        assert told.low <= told.mean <= told.high
    assert larger.feature_bytes.high <= limits.bytes
    for cell, told in larger.cell_bytes.items():
        assert told.low <= truth.cell_bytes[cell].mean <= told.high + 1e-9
    # many nodes over few rows: not the share of the small batch, which has hardly any twice
    assert larger.duplicates.mean >= 1 - limits.rows / truth.nodes.mean - 0.2


def test_what_grows_with_the_seeds_is_multiplied(wide):
    found = wide.profile(seeds_of(wide, 40), Fanout([4]), batch_size=2, batches=4)
    larger = scaled_up(found, 20, Limits.of(wide, found, "users"))
    for name in LINEAR:
        assert getattr(larger, name).mean == pytest.approx(10 * getattr(found, name).mean)
        assert getattr(larger, name).high == pytest.approx(10 * getattr(found, name).high)
    assert larger.hops[1].nodes.high == pytest.approx(10 * found.hops[1].nodes.high)
    assert sum(n.mean for n in larger.cells.values()) == pytest.approx(larger.edges.mean)
    assert larger.bytes.mean == pytest.approx(larger.feature_bytes.mean + larger.array_bytes.mean)


def test_limits_are_the_rows_that_can_be_reached(wide):
    found = wide.profile(seeds_of(wide, 4), Fanout([4]), batch_size=2, batches=2)
    reached = {"users", *(e.src for _, e in found.cells)}
    limits = Limits.of(wide, found, "users")
    assert limits.rows == sum(wide.graph.num_nodes(name) for name in reached)
    assert limits.bytes >= sum(
        wide.graph.num_nodes(name) * wide.features.groups[name].stride for name in reached
    )
