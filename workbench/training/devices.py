"""Devices: where a run computes."""

from __future__ import annotations

import torch

from workbench.errors import TrainingError, explain


def pick_device(name: str = "auto") -> torch.device:
    """``auto`` (CUDA, then MPS, then CPU) or a torch device name.

    Raises
    ------
    TrainingError
        If the device is not there.
    """
    if name == "auto":
        return torch.device(available()[0])
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise _no_device(name, str(error).split("\n")[0]) from error
    if device.type not in available():
        raise _no_device(name, "it is not available here")
    return device


def available() -> list[str]:
    """Device types that work here, the fastest first."""
    found = []
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]


def _no_device(name: str, why: str) -> TrainingError:
    return TrainingError(explain(f"device {name!r} was asked for", why, f"auto, {', '.join(available())}"))
