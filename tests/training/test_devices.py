"""Devices by name, and refusal of those that are not here."""

from __future__ import annotations

import pytest
import torch

from workbench.errors import TrainingError
from workbench.training.devices import available, pick_device


def test_auto_is_the_fastest_that_works() -> None:
    assert pick_device().type == available()[0]
    assert pick_device("cpu") == torch.device("cpu")
    assert "cpu" in available()


@pytest.mark.parametrize("name", ["cuda:0", "mps", "nonsense"])
def test_devices_that_are_not_here_are_refused(name: str) -> None:
    if name.split(":")[0] in available():
        pytest.skip(f"{name} is here")
    with pytest.raises(TrainingError, match="Allowed: auto"):
        pick_device(name)


def test_what_names_no_device_is_refused() -> None:
    for odd in (None, 1.5):
        with pytest.raises(TrainingError, match=f"device {odd!r} was asked for.*Allowed: auto"):
            pick_device(odd)  # type: ignore[arg-type]
