"""A dataset that is ingested again while someone opens it: a file that is gone is told from a lost one.

An ingest commits the new snapshot and then deletes the old one's files. Who has mapped or loaded them reads
on; who is between ``Dataset.open`` and its last file finds them gone, and opens the new snapshot instead.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from workbench.errors import CorruptStoreError, StoreError, explain
from workbench.stores import catalog
from workbench.stores.dataset import Dataset
from workbench.stores.seal import RESTORE

T = TypeVar("T")


def open_current(path: str | Path, make: Callable[[Dataset], T], verify: str | None = None) -> T:
    """Make something of a dataset's files; of those of the newer snapshot if an ingest came in between.

    Parameters
    ----------
    path : folder of the dataset
    make : called with the open dataset; again only if its snapshot was replaced meanwhile
    verify : as in ``Dataset.open``

    Raises
    ------
    StoreError
        As ``Dataset.open`` and ``make``.
    """
    while True:  # another turn takes another commit
        dataset = Dataset.open(path, verify=verify)
        try:
            return make(dataset)
        except StoreError:
            if is_current(dataset):
                raise


def is_current(dataset: Dataset) -> bool:
    """Whether the snapshot that was opened is still the committed one."""
    return catalog.read(dataset.path).manifest == dataset.manifest


def gone(dataset: Dataset, file: str | Path) -> StoreError:
    """What to raise for a file that was there when the dataset was opened, and is not any more."""
    asked, lost = f"{file} of snapshot {dataset.snapshot} was opened", "it is missing"
    if is_current(dataset):
        return CorruptStoreError(explain(asked, lost, do=RESTORE))
    got = f"{lost}: the dataset was ingested again or compacted"
    return StoreError(explain(asked, got, do="Open the dataset again"))
