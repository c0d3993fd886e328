"""The folder of a dataset while it is written: one writer, nothing foreign, nothing left of a failure."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import CorruptStoreError, IngestError, explain
from workbench.stores import catalog
from workbench.stores.dataset import DATA_FOLDERS
from workbench.stores.records import CatalogState
from workbench.stores.seal import FOLDER, SEAL

OURS = {*DATA_FOLDERS, FOLDER, SEAL, SEAL + ".new"}
"""Everything that a dataset's folder may hold."""


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Be the only writer; a folder that this ingest made and could not fill is removed again.

    Raises
    ------
    IngestError
        If the path is a file, or a folder of other things.
    StoreError
        If another ingest is writing there.
    """
    if root.exists() and not root.is_dir():
        raise IngestError(explain(f"a dataset at {root} was asked for", "that is a file", "a folder"))
    existed = root.exists()
    _refuse_foreign(root)
    try:
        with catalog.writing(root):
            yield
    finally:
        if not existed and not (root / SEAL).exists():
            shutil.rmtree(root, ignore_errors=True)


def _refuse_foreign(root: Path) -> None:
    """Refuse to write into a folder that holds something else than a dataset."""
    if not root.is_dir():
        return
    foreign = sorted(entry.name for entry in root.iterdir() if entry.name not in OURS)
    if foreign:
        raise IngestError(
            explain(
                f"a dataset at {root} was asked for",
                f"that folder holds other things ({', '.join(foreign[:5])})",
                "a new folder, an empty one, or one that ingest wrote",
            )
        )


def find_before(root: Path) -> CatalogState | None:
    """What is committed there already, or None.

    Raises
    ------
    CorruptStoreError
        If it is damaged; it is not overwritten silently.
    """
    try:
        return catalog.find(root)
    except CorruptStoreError as error:
        asked, got = f"a dataset at {root} was to be replaced", f"the one that is there is damaged ({error})"
        do = "Remove that folder, or ingest into another one"
        raise CorruptStoreError(explain(asked, got, do=do)) from error
