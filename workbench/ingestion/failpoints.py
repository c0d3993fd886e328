"""Failpoints: named moments at which a test can kill an ingest. They do nothing unless asked to.

``WORKBENCH_FAILPOINT=after-tables`` kills the process (SIGKILL, as a power cut would) at that moment.
"""

from __future__ import annotations

import os
import signal

NAMES = (
    "start",
    "after-checks",
    "during-tables",
    "after-tables",
    "after-times",
    "after-keys",
    "during-features",
    "after-features",
    "during-edges",
    "after-edges",
    "after-order",
    "before-commit",
    "after-commit",
    "after-collect",
)
"""Moments of an ingest, in order."""

OUT_OF_CORE = ("csc-split", "csc-sort")
"""Moments of a sort out of core: after each chunk of rows, after each bucket."""


def failpoint(name: str) -> None:
    """Die here if the environment says so."""
    if os.environ.get("WORKBENCH_FAILPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
