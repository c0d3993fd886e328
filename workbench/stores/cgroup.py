"""Memory that the cgroups of a process allow and leave: of its own and of all around it, the smallest counts.

    /proc/self/cgroup    0::/user.slice/job         version 2: folders below /sys/fs/cgroup
                         4:memory:/docker/1f3a      version 1: folders below /sys/fs/cgroup/memory

A container often has its own cgroup mounted as the root, and reads a path here that it cannot follow: folders
that are not there are passed over, the root is always looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

MEMBERSHIP, MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


class _Version(NamedTuple):
    """Names of the files of a cgroup: its limit, what is used, and the line of pages that can be dropped."""

    limit: str
    used: str
    droppable: str


_OLD = _Version("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_NEW = _Version("memory.max", "memory.current", "inactive_file")


def cgroup_room(membership: Path = MEMBERSHIP, mount: Path = MOUNT) -> int | None:
    """Bytes that the limits of this process's cgroups leave; None where there is no limit.

    Parameters
    ----------
    membership : file that names the process's cgroups
    mount : folder in which their trees are mounted
    """
    rooms = (_room(folder, version) for folder, version in _cgroups(membership, mount))
    return min((room for room in rooms if room is not None), default=None)


def cgroup_limit(membership: Path = MEMBERSHIP, mount: Path = MOUNT) -> int | None:
    """Bytes that the cgroups allow this process and those beside it; parameters as of :func:`cgroup_room`.

    The old version has a limit everywhere: one larger than any machine stands for none.
    """
    limits = (text_of(folder / version.limit).strip() for folder, version in _cgroups(membership, mount))
    return min((int(limit) for limit in limits if limit.isdigit()), default=None)


def _cgroups(membership: Path, mount: Path) -> Iterator[tuple[Path, _Version]]:
    """Folders of the process's cgroups in both trees, and of all around them."""
    own = dict(_memberships(membership))
    yield from ((folder, _NEW) for folder in _folders(mount, own.get("", "/")))
    yield from ((folder, _OLD) for folder in _folders(mount / "memory", own.get("memory", "/")))


def _memberships(file: Path) -> Iterator[tuple[str, str]]:
    """Controller and path of each line; version 2 is the line without a controller."""
    for line in text_of(file).splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _folders(tree: Path, path: str) -> list[Path]:
    """A cgroup's folder, then those around it up to the root of its tree."""
    own = PurePosixPath("/", path)
    if ".." in own.parts:  # outside of what this container sees
        own = PurePosixPath("/")
    return [tree / inner.relative_to("/") for inner in (own, *own.parents)]


def _room(folder: Path, version: _Version) -> int | None:
    limit, used = text_of(folder / version.limit).strip(), text_of(folder / version.used).strip()
    if not (limit.isdigit() and used.isdigit()):
        return None
    # Files that were read or written count as used, but the system drops these pages before it refuses any.
    lines = [line.split() for line in text_of(folder / "memory.stat").splitlines()]
    droppable = next((int(line[1]) for line in lines if line[0] == version.droppable), 0)
    return max(int(limit) - max(int(used) - droppable, 0), 0)


def text_of(file: Path) -> str:
    """The text of a file of the kernel's; empty where the system has no such file."""
    return file.read_text() if file.is_file() else ""
