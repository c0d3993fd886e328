"""What can be asked of a batch."""

from dataclasses import replace

import numpy as np

from workbench.loading.batch import Batch, Rows, Versions
from workbench.stores.request import SeedSet


def test_rows_count_their_readers(world):
    block = world.features.blocks[0]
    assert len(Rows(block, np.array([0, 0, 2], np.int32))) == 3


def test_the_first_seed_set_is_what_is_predicted(world):
    sets = (SeedSet.of("n0", [1, 2, 3], 100), SeedSet.of("n1", [4], 100))
    subgraph = world.sampler.sample(sets)
    batch = Batch(0, subgraph, {}, {}, {}, {}, sets[0].input_ids)
    assert batch.seed_type == "n0"
    assert batch.num_seeds == 3
    assert batch.anchors.tolist() == [100, 100, 100]
    assert batch.label is None
    assert batch.seconds == {}


def test_a_batch_prints_its_subgraph_and_what_it_read(world):
    seeds = SeedSet.of("n0", [1, 1, 3], 100)
    subgraph = world.sampler.sample(seeds)
    rows = Rows(world.features.blocks[0], np.zeros(9, np.int32))
    batch = Batch(4, subgraph, {"n0": rows}, {}, {}, {}, seeds.input_ids)
    first, *rest = repr(batch).splitlines()
    assert first == f"Batch 4, without labels; distinct rows read: n0 {len(rows.block):,}"
    assert "\n".join(rest) == repr(subgraph)


def test_rows_that_two_directions_read_weigh_once(world):
    subgraph = world.sampler.sample(SeedSet.of("n0", [1, 3], 100))
    block, other = world.features.blocks[:2]
    rows, more = Rows(block, np.zeros(2, np.int32)), Rows(other, np.zeros(2, np.int32))
    one, two = list(subgraph.row)[:2]
    batch = Batch(0, subgraph, {"n0": more}, {one: rows, two: rows}, {}, {}, np.arange(2))
    assert batch.feature_bytes == block.data.nbytes + other.data.nbytes
    seen = replace(batch, histories={"h": Versions("n0", more, np.zeros(2, np.int64))})
    assert seen.feature_bytes == batch.feature_bytes
    assert replace(batch, nodes={}, edges={}).feature_bytes == 0
