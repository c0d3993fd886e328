"""One small shop, opened once; tests here may import the values that they share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workbench.testing.shop import Shop, open_shop

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.append(HERE)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return open_shop(tmp_path_factory.mktemp("training") / "shop", users=100, periods=8)
