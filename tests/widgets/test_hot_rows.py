"""Hot rows: counted as the batches read them."""

from collections import Counter

import numpy as np

import workbench as wb
from widgets._hot_rows import HotRows, hot_rows


def test_every_row_is_counted_once_a_batch(shop):
    engine, task, plan = shop
    seeds = task.seeds("train")
    found = hot_rows(engine, seeds, plan, 2)
    sampler = wb.NeighborSampler(engine.graph, plan.fanout, purpose="locality")
    loader = wb.Loader(sampler, engine.features, seeds, plan.optimisation.batch_size, shuffle=True)
    drawn = [batch.subgraph for _, batch in zip(range(2), loader, strict=False)]
    assert set(found) == {kind for kind in engine.features.groups if any(len(s.node_id[kind]) for s in drawn)}
    for table, hot in found.items():
        wanted = Counter(row for s in drawn for row in set(s.node_id[table].tolist()))
        assert dict(zip(hot.rows.tolist(), hot.reads.tolist(), strict=True)) == wanted
        assert (np.diff(hot.reads) <= 0).all()
        assert hot.batches == 2


def test_shares_of_the_hottest():
    hot = HotRows("t", np.array([7, 3, 5]), np.array([4, 2, 2]), 4, 100)
    assert hot.covered(0.01) == 0.5
    assert hot.covered(0.001) == 0.5  # one row at least
    assert hot.covered(0.02) == 0.75
    assert hot.covered(1.0) == 1.0
    assert hot.again == 1 - 3 / 8
