"""What loaders are made of."""

import pytest

from workbench.testing.small_world import small_world


@pytest.fixture
def world():
    return small_world()
