"""Rings around each seed: every subgraph in its own disc."""

import numpy as np
import pytest

from widgets._discs import MOST_DISCS, placed
from workbench.plan.fanout import Fanout
from workbench.report.flat import flatten
from workbench.report.layout import radial_layout


def flat_of(engine, task, count, **options):
    seeds = task.seeds("val")[[i % 3 for i in range(count)]]
    return flatten(engine.sample(seeds, Fanout([4, 2], **options)), engine.graph)


@pytest.mark.parametrize("count", [2, 3, 5, MOST_DISCS])
def test_every_seed_has_rings_of_its_own(engine, task, count):
    flat = flat_of(engine, task, count)
    found = placed(flat)
    side = int(np.ceil(np.sqrt(count)))
    assert len(np.unique(found.rings, axis=0)) == 3 * count
    centres = []
    for lane in range(count):
        seed = np.flatnonzero((flat.seed == lane) & (flat.hop == 0))[0]
        rows = flat.seed == lane
        away = np.hypot(found.x[rows] - found.x[seed], found.y[rows] - found.y[seed])
        assert away.max() < 1 / side
        assert np.allclose(np.unique(np.round(away, 4)), np.array([0, 0.5, 1]) * 0.94 / side, atol=1e-3)
        centres.append((float(found.x[seed]), float(found.y[seed])))
    assert len(set(centres)) == count
    assert all(min(abs(x - cx) + abs(y - cy) for cx, cy in centres) < 1e-6 for x, y, _ in found.rings)


@pytest.mark.parametrize(("count", "options"), [(1, {}), (MOST_DISCS + 1, {}), (3, {"disjoint": False})])
def test_others_share_one_set_of_rings(engine, task, count, options):
    flat = flat_of(engine, task, count, **options)
    found, whole = placed(flat), radial_layout(flat)
    assert np.array_equal(found.x, whole.x)
    assert np.array_equal(found.dot, whole.dots[flat.hop])
    assert [radius for _, _, radius in found.rings] == whole.rings.tolist()


def test_nothing_has_no_places(engine, task):
    flat = flatten(engine.sample(task.seeds("val")[:0], Fanout([2])), engine.graph)
    assert len(placed(flat).x) == 0
