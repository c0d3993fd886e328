"""What loaders are made of; torch on one thread, for these tensors are small and cores are shared."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.testing.ram_features import RamFeatures
from workbench.testing.small_world import small_world

ORACLES = str(Path(__file__).resolve().parents[1] / "oracles")  # beside this folder, of no package
if ORACLES not in sys.path:
    sys.path.append(ORACLES)


def _stamped(number=4):
    """A small world whose timestamp columns lie before, at and after the anchors of its seeds."""
    world, rng = small_world(number), np.random.default_rng(number)
    anchors = world.seeds.anchor_time if len(world.seeds) else np.zeros(1, np.int64)
    for block in world.features.blocks:
        flags = block.present()[:, [c.section == "timestamp" for c in block.layout.columns]]
        stamps = block.section("timestamp")
        stamps[:] = np.where(flags, rng.choice(anchors, stamps.shape) + rng.integers(-1, 2, stamps.shape), 0)
    blocks = world.features.blocks
    return replace(world, features=RamFeatures(blocks), threaded=RamFeatures(blocks, threads=2))


@pytest.fixture
def make_world():
    return _stamped


@pytest.fixture
def world():
    return _stamped()


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
