"""Live and frozen: what the seeds of val and test may see, and the task under either protocol.

    live    each seed sees rows up to its own anchor
    frozen  features stop where a split begins: of val at its first day, of test at its own

Validation runs under the mode of the test, so that what is chosen on val is chosen for the test.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _accuracy_tasks import Entry

from workbench.engine import Engine
from workbench.errors import TaskError, explain
from workbench.query.seed_table import SeedTable

LIVE, FROZEN = "live", "frozen"
PROTOCOLS = (LIVE, FROZEN)

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Data beside the project."""


@dataclass(frozen=True)
class FrozenTask:
    """A task whose validation is frozen where val begins, and whose test where test begins.

    Attributes
    ----------
    early, late : Task  the same query, frozen at the beginning of val and of test
    """

    early: Any
    late: Any

    def seeds(self, split: str | None = None, **which: Any) -> SeedTable:
        """Seeds of a split; whatever is no split is as of the test."""
        found: SeedTable = (self.late if split in (None, "test") else self.early).seeds(split, **which)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.late, name)


def task_of(engine: Engine, entry: Entry, protocol: str) -> Any:
    """The task of an entry under a protocol.

    Raises
    ------
    TaskError
        If there is no such protocol.
    """
    if protocol not in PROTOCOLS:
        raise TaskError(explain("a protocol was asked for", f"got {protocol!r}", " or ".join(PROTOCOLS)))
    options: dict[str, Any] = {"val": entry.val, "test": entry.test, "eval_windows": entry.windows}
    if protocol == LIVE:
        return engine.task(entry.query, **options)
    early, late = (engine.task(entry.query, until=until, **options) for until in (entry.val, entry.test))
    return FrozenTask(early, late)


def visibility(entry: Entry, protocol: str) -> str:
    """What test seeds see, in words that stand beside every metric."""
    return "live: up to each anchor" if protocol == LIVE else f"frozen at {entry.test}"


def data_folder(entry: Entry) -> Path:
    """Where the Parquet files of an entry are; ends the program, saying so, where they are not."""
    folder = Path(entry.data) if Path(entry.data).is_dir() else shared(entry.data)
    if not any(folder.glob("*.parquet")):
        sys.exit(f"{folder} has no Parquet files: the accuracy of this task cannot be measured here")
    return folder


def shared(name: str) -> Path:
    """A folder of the data beside the project; ends the program, saying so, where it is not."""
    folder = SHARED / name
    if not folder.is_dir():
        sys.exit(f"there is no {folder}: the accuracy of this task cannot be measured here")
    return folder
