"""The shape of the built-in model: what may be chosen, and how it prints."""

from __future__ import annotations

import pytest

from workbench.errors import PlanError
from workbench.plan.architecture import AGGREGATIONS, ModelSettings


def test_shapes_print_and_are_checked() -> None:
    assert ModelSettings(8, 3, ("sum",), 0.25).describe() == "3 layers, 8 channels, sum, dropout 0.25"
    ModelSettings(aggregations=AGGREGATIONS).check()
    assert "2 layers, 64 channels, gat of 4 heads" in ModelSettings(layer="gat").describe()
    with pytest.raises(PlanError, match=r"'heads' of a plan: got 3\. Allowed: a number that divides the 64"):
        ModelSettings(layer="transformer", heads=3).check()
    ModelSettings(heads=3).check()
    with pytest.raises(PlanError, match="Did you mean 'transformer'"):
        ModelSettings(layer="transformers").check()
    with pytest.raises(PlanError, match="'layers' of a plan: got 65"):
        ModelSettings(layers=65).check()
    with pytest.raises(PlanError, match="'aggregations' of a plan: got 'sum'"):
        ModelSettings(aggregations="sum").check()  # type: ignore[arg-type]
