"""Flat files of numbers: ids read a slice at a time, arrays appended."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from workbench.stores.durable import raw_bytes
from workbench.types import AnyArray


class RowIds(Protocol):
    """A column of row ids: what an array and a :class:`FileIds` have in common."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint32 or int64."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice) -> AnyArray: ...


class FileIds:
    """A flat file of ids; a slice is one read, and nothing stays in memory.

    Parameters
    ----------
    path : path of the file
    dtype : uint32 or int64
    """

    def __init__(self, path: str | Path, dtype: np.typing.DTypeLike = np.uint32) -> None:
        self.path, self.dtype = Path(path), np.dtype(dtype)

    def __len__(self) -> int:
        return self.path.stat().st_size // self.dtype.itemsize

    def __getitem__(self, rows: slice) -> AnyArray:
        begin, end, step = rows.indices(len(self))
        count = max(end - begin, 0)
        return np.fromfile(self.path, self.dtype, count, offset=begin * self.dtype.itemsize)[::step]


def open_flat(path: Path) -> BinaryIO:
    """A file to read and write at any place, unbuffered; made if it is not there."""
    return path.open("r+b" if path.exists() else "w+b", buffering=0)


def append(file: BinaryIO, array: AnyArray) -> None:
    """Write an array where the file stands: all of it, as an unbuffered write may be short."""
    view = raw_bytes(array)
    while len(view):
        view = view[file.write(view) :]
