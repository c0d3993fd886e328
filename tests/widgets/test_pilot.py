"""Seeds of a pilot: spread over the split, or one batch of the fullest anchor."""

from dataclasses import replace

import numpy as np

from widgets._pilot import PILOT, pilot_seeds
from workbench.testing.graphs import DAY


def many(task, count):
    seeds = task.seeds("val")[[i % 3 for i in range(count)]]
    mixed = replace(seeds, anchor_time=np.arange(count) // 50 * DAY)
    task.seeds = lambda split: mixed
    return mixed


def test_disjoint_pilots_are_spread_and_bounded(task):
    mixed = many(task, 230)
    found = pilot_seeds(task, True, 512)
    assert len(found) == PILOT
    assert (found.anchor_time[0], found.anchor_time[-1]) == (mixed.anchor_time[0], mixed.anchor_time[-1])


def test_joint_pilots_are_of_one_anchor_and_at_most_a_batch(task):
    many(task, 230)
    for batch_size, wanted in ((512, 50), (20, 20)):
        found = pilot_seeds(task, False, batch_size)
        assert len(found) == wanted
        assert len(set(found.anchor_time.tolist())) == 1


def test_training_stands_in_for_an_empty_validation_split(task):
    task.split = "train"
    assert pilot_seeds(task, True, 512).split == "train"
