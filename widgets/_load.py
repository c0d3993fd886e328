"""Meter: how busy processor and device are, and how much memory they hold. Plain values, no widget."""

from __future__ import annotations

import os
import resource
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import workbench as wb

STATM = Path("/proc/self/statm")

GB = 1e9


@dataclass(frozen=True)
class Load:
    """What a moment's load is.

    Attributes
    ----------
    busy : float  cores that this process kept busy since the last look
    cores : int  that it may use
    memory, memory_total : int  bytes that it holds, and that it could have (``wb.total_memory``)
    device : str  type of the device that trains
    device_memory, device_total : int  bytes; 0 where the device is the processor
    device_busy : float or None  share of the time, in [0, 1]; None where nothing tells
    """

    busy: float
    cores: int
    memory: int
    memory_total: int
    device: str = "cpu"
    device_memory: int = 0
    device_total: int = 0
    device_busy: float | None = None

    def __str__(self) -> str:
        parts = [f"CPU {self.busy:.1f} of {self.cores} cores"]
        parts.append(f"memory {self.memory / GB:.1f} of {self.memory_total / GB:.0f} GB")
        if self.device_total:
            much = "" if self.device_busy is None else f" {100 * self.device_busy:.0f} %,"  # of the time
            held = f"{self.device_memory / GB:.1f} of {self.device_total / GB:.0f} GB"
            parts.append(f"{self.device.upper()}{much} memory {held}")
        return ", ".join(parts)


class Meter:
    """Looks at the process; its processor time is that since the look before."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def read(self, device: str = "cpu") -> Load:
        """The load now.

        Parameters
        ----------
        device : torch device name
        """
        wall, cpu = time.monotonic(), time.process_time()
        busy = (cpu - self._cpu) / max(wall - self._wall, 1e-6)
        self._wall, self._cpu = wall, cpu
        return Load(busy, _cores(), _held(), wb.total_memory(), device.split(":")[0], *_device(device))


def _cores() -> int:
    affine = getattr(os, "sched_getaffinity", None)
    return len(affine(0)) if affine is not None else os.cpu_count() or 1


def _held() -> int:
    """Bytes in memory now; where the system does not say, the most that there ever were."""
    if STATM.exists():
        return int(STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _device(name: str) -> tuple[int, int, float | None]:
    """Bytes held, bytes in all, and share of the time that a GPU is busy, where pynvml can tell."""
    if not name.startswith("cuda"):
        return 0, 0, None
    import torch

    free, total = torch.cuda.mem_get_info(name)
    busy = torch.cuda.utilization(name) / 100 if find_spec("pynvml") else None
    return total - free, total, busy
