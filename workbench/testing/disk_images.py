"""What a power cut may leave of a folder: any image that the calls up to a moment allow.

Bytes are certain once their file was fsynced, names once their folder was. Of what is not certain, each page
of a write may be there or not, and of the names in a folder that were made, moved or removed, the first ones
may be there. A cut may also leave a file's new length with zeros for its bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from workbench.testing.disk_calls import Call

LOCK = "lock.mdb"

PAGE = 512
"""Bytes that a disk writes as one."""

Files = dict[str, bytes]
"""Content by path, relative to the folder; a folder's path ends with a slash."""


def files_in(folder: Path) -> Files:
    """Everything in a folder; the lock file of its catalog, which holds no data, is left out."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            found[f"{name}/"] = b""
        elif path.name != LOCK:
            found[name] = path.read_bytes()
    return found


def lay_out(folder: Path, image: Files, there: Files) -> None:
    """Make a folder that holds ``there`` hold an image."""
    for name in sorted(set(there) - set(image), reverse=True):
        shutil.rmtree(folder / name) if name.endswith("/") else (folder / name).unlink()
    for name in sorted(set(image)):
        if name.endswith("/"):
            (folder / name).mkdir(exist_ok=True)
        elif there.get(name) != image[name]:
            (folder / name).write_bytes(image[name])


@dataclass
class _Inode:
    """A file whatever its name: how it was, and every write to it by the number of its call."""

    before: bytes = b""
    changes: list[tuple[int, Call]] = field(default_factory=list)
    synced: list[int] = field(default_factory=list)


@dataclass
class DiskImages:
    """Images of a folder after a power cut.

    Parameters
    ----------
    before : files that were there, all on disk
    calls : what was done since
    """

    before: Mapping[str, bytes]
    calls: Sequence[Call]

    def __post_init__(self) -> None:
        self.calls = [call for call in self.calls if not call.path.endswith(LOCK)]
        self._inodes = {"": _Inode()} | {
            f"before:{path}": _Inode(content) for path, content in self.before.items()
        }
        names = {path: f"before:{path}" for path in self.before}
        self._of_call: dict[int, str] = {}
        self._folders_synced: dict[str, list[int]] = {}
        for number, call in enumerate(self.calls):
            self._note(number, call, names)

    def _note(self, number: int, call: Call, names: dict[str, str]) -> None:
        if call.kind == "create":
            names[call.path] = f"{number}:{call.path}"
            self._inodes[names[call.path]] = _Inode()
        elif call.kind == "sync" and call.path not in names:
            self._folders_synced.setdefault(call.path, []).append(number)
        elif call.kind in ("write", "truncate", "sync"):
            inode = self._inodes[names[call.path]]
            if call.kind != "sync" or call.data != _whole(inode, number):
                inode.changes.append((number, call))
            if call.kind == "sync":
                inode.synced.append(number)
        if call.path in names:
            self._of_call[number] = names[call.path]
        if call.kind == "rename":
            names[call.to] = names.pop(call.path)
        elif call.kind == "unlink":
            names.pop(call.path)

    def whole(self) -> Files:
        """The folder after the last call, had there been no power cut."""
        names = self._names(len(self.calls), None)
        return {path: _whole(self._inodes[inode], len(self.calls)) for path, inode in names.items()}

    def draw(self, moment: int, rng: np.random.Generator) -> Files:
        """One image of a cut just before a call of that number."""
        share = float(rng.choice([0.0, 0.5, 1.0]))
        names = self._names(moment, rng)
        return {path: _torn(self._inodes[inode], moment, share, rng) for path, inode in names.items()}

    def _names(self, moment: int, rng: np.random.Generator | None) -> dict[str, str]:
        """Inode by path; without a generator every change of names counts."""
        names = {path: f"before:{path}" for path in self.before}
        last = {} if rng is None else self._last_kept(moment, rng)
        for number, call in enumerate(self.calls[:moment]):
            if number > last.get(_folder(call), moment):
                continue
            if call.kind == "create":
                names[call.path] = self._of_call[number]
            elif call.kind == "rename":
                names.pop(call.path, None)
                names[call.to] = self._of_call[number]
            elif call.kind == "unlink":
                names.pop(call.path, None)
            elif call.kind == "mkdir":
                names[f"{call.path}/"] = ""
            elif call.kind == "rmdir":
                names.pop(f"{call.path}/", None)
        return {path: inode for path, inode in names.items() if _reached(path, names)}

    def _last_kept(self, moment: int, rng: np.random.Generator) -> dict[str, int]:
        """The last change of names in each folder that the disk has: of those synced, or a few later."""
        changes: dict[str, list[int]] = {}
        for number, call in enumerate(self.calls[:moment]):
            if call.kind in ("create", "rename", "unlink", "mkdir", "rmdir"):
                changes.setdefault(_folder(call), []).append(number)
        kept = {}
        for folder, numbers in changes.items():
            synced = max((n for n in self._folders_synced.get(folder, []) if n < moment), default=-1)
            certain = sum(number < synced for number in numbers)
            count = int(rng.integers(certain, len(numbers) + 1))
            kept[folder] = numbers[count - 1] if count else -1
        return kept


def _reached(path: str, names: Mapping[str, str]) -> bool:
    """Whether every folder around a path is there."""
    return all(f"{parent}/" in names for parent in PurePosixPath(path).parents if str(parent) != ".")


def _folder(call: Call) -> str:
    return str(PurePosixPath(call.to or call.path).parent)


def _whole(inode: _Inode, moment: int) -> bytes:
    content = bytearray(inode.before)
    for number, call in inode.changes:
        if number < moment:
            _apply(content, call)
    return bytes(content)


def _torn(inode: _Inode, moment: int, share: float, rng: np.random.Generator) -> bytes:
    """What is certain, and pages of what is not, each with a probability of ``share``."""
    certain = max((number for number in inode.synced if number < moment), default=-1)
    content = bytearray(inode.before)
    for number, call in inode.changes:
        if number >= moment:
            break
        if number <= certain or call.synced:
            _apply(content, call)
            continue
        if call.kind == "truncate":
            if rng.random() < share:
                _apply(content, call)
            continue
        if share and rng.random() < 0.5:
            _grow(content, call.offset + len(call.data))
        for start in range(-(call.offset % PAGE), len(call.data), PAGE):
            first = max(start, 0)
            if rng.random() < share:
                piece = call.data[first : start + PAGE]
                _apply(content, Call("write", call.path, call.offset + first, piece))
    return bytes(content)


def _apply(content: bytearray, call: Call) -> None:
    if call.kind == "truncate":
        _grow(content, call.offset)
        del content[call.offset :]
        return
    if call.kind == "sync":
        content[:] = call.data
        return
    _grow(content, call.offset)
    content[call.offset : call.offset + len(call.data)] = call.data


def _grow(content: bytearray, size: int) -> None:
    content.extend(bytes(max(size - len(content), 0)))
