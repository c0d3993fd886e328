"""One small shop, opened once."""

from __future__ import annotations

import pytest

from workbench.testing.shop import Shop, open_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return open_shop(tmp_path_factory.mktemp("advise") / "shop", users=60, periods=6)
