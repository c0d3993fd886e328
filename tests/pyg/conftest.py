"""What loaders are made of; torch on one thread, for these tensors are small and cores are shared."""

import pytest
import torch

from workbench.testing.small_world import small_world


@pytest.fixture
def world():
    return small_world()


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
