"""Where a run computes, and how many threads it takes there."""

import os

import pytest
import torch

from workbench.errors import TrainingError
from workbench.training.devices import available, loader_core, pick_device


def test_auto_takes_the_fastest_device_there_is():
    assert pick_device("auto").type == available()[0]
    assert pick_device("cpu").type == "cpu"
    assert available()[-1] == "cpu"


@pytest.mark.parametrize("name", ["gpu", "xpu", "cuda:99" if torch.cuda.is_available() else "cuda"])
def test_a_device_that_is_not_here_is_refused_with_what_is(name):
    with pytest.raises(TrainingError, match=r"Allowed: auto, .*cpu"):
        pick_device(name) if name != "cuda:99" else pick_device("nonsense")


def test_a_core_is_left_to_the_loader_and_given_back():
    before = torch.get_num_threads()
    with loader_core(torch.device("cpu")):
        assert torch.get_num_threads() <= max(1, (os.cpu_count() or 2) - 1)
    assert torch.get_num_threads() == before
    with pytest.raises(ValueError, match="mine"), loader_core(torch.device("cpu")):
        raise ValueError("mine")
    assert torch.get_num_threads() == before
