"""What choices may be."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.errors import PlanError
from workbench.plan.checks import between, one_of, whole


@pytest.mark.parametrize("value", [0, 11, 1.0, True, "1", None])
def test_whole_numbers(value: Any) -> None:
    whole("epochs", 1, 1, 10)
    whole("epochs", 10, 1, 10)
    with pytest.raises(PlanError, match=r"'epochs' of a plan: got .*a whole number from 1 to 10"):
        whole("epochs", value, 1, 10)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), True, "1", None])
def test_numbers_in_a_range(value: Any) -> None:
    between("dropout", 0, 0.0, 1.0)
    between("dropout", 1.0, 0.0, 1.0)
    with pytest.raises(PlanError, match=r"'dropout' of a plan: got .*a number from 0 to 1"):
        between("dropout", value, 0.0, 1.0)


@pytest.mark.parametrize("value", ["meen", None, ["mean"], 3])
def test_names_from_a_list(value: Any) -> None:
    one_of("metric", "mean", ["mean", "max"])
    with pytest.raises(PlanError, match=r"'metric' of a plan: got .*mean, max"):
        one_of("metric", value, ["mean", "max"])
