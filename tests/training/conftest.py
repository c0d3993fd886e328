"""One small shop, opened once; tests here may import the values that they share."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from workbench.testing.shop import Shop, open_shop

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.append(HERE)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return open_shop(tmp_path_factory.mktemp("training") / "shop", users=100, periods=8)


@pytest.fixture(scope="session")
def spawned() -> Callable[..., BaseProcess]:
    """``spawned(code, name=value)`` runs code over these names in a process of its own, which may be killed.

    Each is forked from one process that has loaded torch and nothing else: to load it takes seconds.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["workbench.training.begin", "workbench.testing.shop"])

    def run(code: str, **names: Any) -> BaseProcess:
        child = context.Process(target=exec, args=(code, names))
        child.start()
        return child

    return run
