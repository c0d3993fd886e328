"""How many cases a property runs follows one environment variable."""

from __future__ import annotations

import pytest

from workbench.testing.sizes import cases, torture


@pytest.mark.parametrize(("value", "expected"), [(None, 3), ("", 3), ("0", 3), ("1", 7)])
def test_torture_raises_the_numbers(
    monkeypatch: pytest.MonkeyPatch, value: str | None, expected: int
) -> None:
    monkeypatch.delenv("WORKBENCH_TORTURE", raising=False)
    if value is not None:
        monkeypatch.setenv("WORKBENCH_TORTURE", value)
    assert cases(3, 7) == expected
    assert torture() == (expected == 7)
