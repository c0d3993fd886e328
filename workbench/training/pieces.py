"""Pieces: the finished parts of a long write, kept beside its target until it is complete.

    .predictions.parquet.1f0c...9a.pieces/   named after the target and what is being written
        0.arrow  1.arrow  ...                whole files, fsynced and renamed
        draft                                what becomes the target

A write that was killed goes on with the pieces it finds. They are found by name, so pieces of other seeds
or of another run are never taken for its own; those of an earlier write to the same target are removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from workbench.errors import TrainingError, explain
from workbench.stores.durable import sync_file, sync_folders

SUFFIX = ".pieces"


@dataclass(frozen=True)
class Pieces:
    """Parts of one write.

    Attributes
    ----------
    folder : Path
    """

    folder: Path

    @property
    def draft(self) -> Path:
        """Where the target is put together."""
        return self.folder / "draft"

    def table(self, number: int, make: Callable[[], pa.Table]) -> tuple[pa.Table, bool]:
        """A part, and whether it was there already; otherwise it is made, and kept.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        path = self.folder / f"{number}.arrow"
        found = _read(path)
        if found is not None:
            return found, True
        made = make()
        unfinished = path.with_suffix(".draft")
        with pa.OSFile(str(unfinished), "wb") as sink, pa.ipc.new_file(sink, made.schema) as writer:
            writer.write_table(made)
        sync_file(unfinished)
        unfinished.replace(path)
        return made, False


@contextmanager
def kept_pieces(target: Path, identity: str) -> Iterator[Pieces]:
    """The pieces of a write to a target; gone once the block ends well, kept where it does not.

    Parameters
    ----------
    target : Path  in a folder that exists
    identity : str  letters and digits: the same for the same results, and for no others

    Raises
    ------
    TrainingError
        If another process writes there at this moment.
    OSError
        If the disk refuses.
    """
    own = target.with_name(f".{target.name}.{identity}{SUFFIX}")
    own.mkdir(exist_ok=True)
    with _alone(own, target):
        for other in target.parent.iterdir():
            if _is_of(other.name, target.name) and other != own:
                with _alone(other, target):
                    shutil.rmtree(other)
        yield Pieces(own)
        shutil.rmtree(own)
        sync_folders(target.parent, ())


def _is_of(name: str, target: str) -> bool:
    """Whether a name is that of a folder of pieces of a target; an identity holds no dot."""
    start = f".{target}."
    middle = name.removeprefix(start).removesuffix(SUFFIX)
    return name == f"{start}{middle}{SUFFIX}" and "." not in middle


@contextmanager
def _alone(folder: Path, target: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            asked = f"results were to be written to {target}"
            got, do = "another write to it is under way", "Let it end, or choose another place"
            raise TrainingError(explain(asked, got, do=do)) from error
        yield
    finally:
        os.close(handle)


def _read(path: Path) -> pa.Table | None:
    """A piece; None where there is none, or one that a power cut damaged: it is made again."""
    try:
        with pa.OSFile(str(path)) as file:
            found = pa.ipc.open_file(file).read_all()
            found.validate(full=True)
            return found
    except (FileNotFoundError, pa.ArrowInvalid):
        return None
