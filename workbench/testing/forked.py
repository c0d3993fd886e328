"""Processes that die: one child imports everything once and forks a grandchild a job; each dies alone.

A test module says what a grandchild does, by two functions: ``torn(path)`` dies at a call that changes the
disk, ``again(path, number)`` is called over and over, and told of, until a kill from outside.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np

from workbench.kernels.csc import csc_from_column
from workbench.kernels.overlay import overlay
from workbench.kernels.pack import pack_rows
from workbench.testing.disk_faults import DiskFaults

KERNELS = (overlay, pack_rows)
"""Loaded before the forks, which need not load them then."""


class Job(NamedTuple):
    """What one grandchild does, and how it dies.

    Attributes
    ----------
    path : str  the dataset
    at : int  the call of ``torn`` at which it kills itself; -1: ``again`` is called until it is killed
    told : int  how many calls of ``again`` are waited for
    seconds : float  after which it is killed then
    """

    path: str
    at: int
    told: int = 0
    seconds: float = 0.0


def deaths(test: str | Path, jobs: Sequence[Job]) -> dict[str, int]:
    """Path -> wait status of the grandchild; ``test`` is the path of the module that has both functions.

    Raises
    ------
    subprocess.CalledProcessError
        If the child itself fails.
    """
    file = Path(test)
    command = [
        sys.executable,
        "-m",
        "workbench.testing.forked",
        str(file.parent),
        file.stem,
        json.dumps(jobs),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=True)
    ends: dict[str, int] = json.loads(done.stdout)
    return ends


def acknowledged(path: str | Path) -> list[int]:
    """The numbers of ``again`` that were told of before the kill."""
    told = _told(path)
    return [int(number) for number in told.read_text().split()] if told.exists() else []


def fork_all(folder: str, module: str, jobs: str) -> None:
    """The child: fork for each job, one after the other, and print how each ended."""
    sys.path.append(folder)
    test, _ = import_module(module), import_module("duckdb")
    csc_from_column(np.zeros(1, np.uint32), 1)  # the first kernel takes a second, so not in each grandchild
    ends = {}
    for job in (Job(*each) for each in json.loads(jobs)):
        child = os.fork()
        if not child:
            _live(job, test.torn, test.again)
        if job.at < 0:
            while len(acknowledged(job.path)) < job.told:
                time.sleep(0.002)
            time.sleep(job.seconds)
            os.kill(child, signal.SIGKILL)
        ends[job.path] = os.waitpid(child, 0)[1]
    print(json.dumps(ends))


def _live(job: Job, torn: Callable[[str], object], again: Callable[[str, int], object]) -> None:
    """A grandchild; where nothing kills it, it ends without a word of the parent's own."""
    if job.at >= 0:
        with DiskFaults(job.at):
            torn(job.path)
        os._exit(0)
    for number in count(1):
        again(job.path, number)
        with _told(job.path).open("a") as file:
            file.write(f"{number} ")


def _told(path: str | Path) -> Path:
    return Path(f"{path}.said")


if __name__ == "__main__":
    fork_all(*sys.argv[1:])
