"""The shape of the built-in model: what may be chosen, and how it prints."""

from __future__ import annotations

import pytest

from workbench.errors import PlanError
from workbench.plan.architecture import AGGREGATIONS, ModelSettings


def test_shapes_print_and_are_checked() -> None:
    assert ModelSettings(8, 3, ("sum",), 0.25).describe() == "3 layers, 8 channels, sum, dropout 0.25"
    ModelSettings(aggregations=AGGREGATIONS).check()
    with pytest.raises(PlanError, match="'layers' of a plan: got 65"):
        ModelSettings(layers=65).check()
    with pytest.raises(PlanError, match="'aggregations' of a plan: got 'sum'"):
        ModelSettings(aggregations="sum").check()  # type: ignore[arg-type]
