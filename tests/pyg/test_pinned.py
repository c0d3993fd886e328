"""Pinned buffers are used for CUDA and only there."""

import numpy as np
import pytest
import torch

from workbench.pyg.loader import PyGLoader
from workbench.pyg.pinned import PinnedPool
from workbench.stores.protocols import BufferPool


def pool_of(world, device):
    return PyGLoader(world.sampler, world.features, world.seeds, 10, device=device).loader.pool


def test_a_cuda_loader_reads_into_pinned_memory(world):
    assert isinstance(pool_of(world, "cuda"), PinnedPool)
    assert isinstance(pool_of(world, "cuda:1"), PinnedPool)
    assert pool_of(world, "cpu") is None
    assert pool_of(world, None) is None


def test_it_is_a_buffer_pool():
    assert isinstance(PinnedPool(), BufferPool)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_buffers_are_pinned_and_stay_while_referred_to():
    pool = PinnedPool()
    buffer = pool.take((100, 64))
    assert torch.from_numpy(buffer).is_pinned()
    buffer[:] = 7
    view = buffer[3]
    del buffer
    for _ in range(100):
        pool.take((100, 64))[:] = 1
    assert np.array_equal(view, np.full(64, 7))
