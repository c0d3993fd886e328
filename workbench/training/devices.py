"""Devices: where a run computes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

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
    except (RuntimeError, TypeError) as error:
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


@contextmanager
def loader_core(device: torch.device) -> Iterator[None]:
    """Leave one core to the loader's threads while this thread computes on the CPU.

    An OpenMP team that shares its cores with other threads spins at every barrier: with as many threads
    as cores, a step took 20 times the CPU time of one thread on a busy 2-core machine.
    """
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(max(1, min(before, (os.cpu_count() or 2) - 1)))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _no_device(name: str, why: str) -> TrainingError:
    return TrainingError(explain(f"device {name!r} was asked for", why, f"auto, {', '.join(available())}"))
