"""How many cases a property runs: small in CI, large under ``make torture``."""

from __future__ import annotations

import os


def torture() -> bool:
    """True under ``make torture`` (environment variable ``WORKBENCH_TORTURE=1``)."""
    return os.environ.get("WORKBENCH_TORTURE", "") not in ("", "0")


def cases(ci: int, torture_cases: int) -> int:
    """The number of examples of a property: ``ci`` by default, ``torture_cases`` under torture."""
    return torture_cases if torture() else ci
