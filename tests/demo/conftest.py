"""One small demo for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.demo.job import DemoOptions, run_demo
from workbench.demo.result import DemoResult
from workbench.engine import Engine, open_engine

AUDIT = 60_000


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoResult, list[str], Path]:
    """Result, printed lines and folder of a demo on the first three weeks of the year."""
    out = tmp_path_factory.mktemp("demo")
    said: list[str] = []
    say: Callable[[str], None] = said.append
    result = run_demo(DemoOptions(out, size=20_000, keys=1, audit=AUDIT, device="cpu"), say)
    return result, said, out


@pytest.fixture(scope="session")
def engine(demo: tuple[DemoResult, list[str], Path]) -> Engine:
    return open_engine(demo[2] / "store")
