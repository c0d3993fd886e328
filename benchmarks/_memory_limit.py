"""Commands run under a memory limit that counts the page cache too, and what they occupied at most.

A cgroup of its own, of either version, makes the limit real; it is removed at the end. Where none may be
made, memory is only watched: that of the process, and the pages of some files that lie in the page cache.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from workbench.stores.cgroup import MEMBERSHIP, MOUNT, text_of
from workbench.stores.libc import libc

INTERVAL = 0.5
"""Seconds between two looks at a command's memory."""


class Names(NamedTuple):
    """Files of a cgroup, by version."""

    limit: str
    peak: str
    events: str
    own: str


NEW = Names("memory.max", "memory.peak", "memory.events", "anon")
OLD = Names("memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control", "total_rss")


@dataclass(frozen=True)
class Used:
    """What a command occupied at most, in bytes.

    Attributes
    ----------
    total : page cache included
    own : without the page cache
    how : how it was measured, in words
    """

    total: int
    own: int
    how: str


@dataclass(frozen=True)
class Limit:
    """A cgroup with a limit; ``with`` removes it."""

    folder: Path
    names: Names
    size: int

    @classmethod
    def make(cls, size: int) -> Limit | None:
        """A cgroup inside this process's own or, where that is refused, beside it; None if none may be."""
        for around, names in _places():
            folder = around / f"workbench-{os.getpid()}"
            try:
                folder.mkdir()
            except OSError:
                continue
            try:
                (folder / names.limit).write_text(str(size))
                (folder / names.peak).read_text()
            except OSError:  # no controller of memory there, or a system that does not tell the peak
                folder.rmdir()
                continue
            return cls(folder, names, size)
        return None

    def __enter__(self) -> Limit:
        return self

    def __exit__(self, *_: object) -> None:
        self.folder.rmdir()

    def run(self, command: Sequence[str]) -> Used:
        """Run a command to its end inside the cgroup.

        Raises
        ------
        CalledProcessError
            If it failed; killed for memory, it ends with -9.
        """
        join = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self.folder / "cgroup.procs"), *command]
        process, own = subprocess.Popen(join), 0
        while process.poll() is None:
            lines = dict(line.split() for line in text_of(self.folder / "memory.stat").splitlines())
            own = max(own, int(lines.get(self.names.own, 0)))
            time.sleep(INTERVAL)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        return Used(int((self.folder / self.names.peak).read_text()), own, "cgroup, page cache counted")


def _places() -> list[tuple[Path, Names]]:
    """Folders in which a cgroup could be made: this process's own, then those around it."""
    places = []
    for line in text_of(MEMBERSHIP).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            tree, names = (MOUNT, NEW) if not controllers else (MOUNT / "memory", OLD)
            own = tree / path.lstrip("/")
            around = [own, *(folder for folder in own.parents if folder.is_relative_to(tree))]
            places += [(folder, names) for folder in around if (folder / "cgroup.procs").exists()]
    return places


def watched(command: Sequence[str], folder: Path) -> Used | None:
    """Run a command without a limit and look at its memory now and then; None where the system does not tell.

    Parameters
    ----------
    folder : whose files count as far as they are in the page cache
    """
    if not (hasattr(libc(), "mincore") and Path("/proc/self/status").exists()):
        return None
    process, total, own = subprocess.Popen(command), 0, 0
    while process.poll() is None:
        rss = resident(process.pid)
        cached = sum(cached_bytes(file) for file in folder.rglob("*") if file.is_file())
        total, own = max(total, rss + cached), max(own, rss)
        time.sleep(INTERVAL)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Used(total, own, "RSS and resident pages, no limit")


def resident(pid: int) -> int:
    """Bytes of a process that lie in memory now; 0 once it has ended."""
    for line in text_of(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    return 0


def cached_bytes(path: Path) -> int:
    """Bytes of a file that lie in the page cache; 0 for one that went meanwhile."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not size:
                return 0
            mapped = mmap.mmap(
                file.fileno(), size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE
            )
    except FileNotFoundError:
        return 0
    pages = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
    view = ctypes.c_char.from_buffer(mapped)
    try:
        if libc().mincore(ctypes.c_void_p(ctypes.addressof(view)), ctypes.c_size_t(size), pages):
            raise OSError(ctypes.get_errno(), "mincore failed")
    finally:
        del view
        mapped.close()
    return sum(page & 1 for page in bytes(pages)) * mmap.PAGESIZE
