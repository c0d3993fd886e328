"""bfloat16 in the model, float32 in weights, losses and predictions; every layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from workbench.plan.architecture import AGGREGATIONS, LAYERS
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.begin import start

PLAN = ModelPlan(Fanout([4, 2], strategy="recent")).replace(
    channels=8, epochs=1, batch_size=128, max_steps=2, aggregations=AGGREGATIONS
)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_trains_in_bfloat16_close_to_float32(shop: Shop, layer: str) -> None:
    seeds = shop.task.seeds("test")
    plan = PLAN.replace(layer=layer)
    rough = start(
        shop.parts, shop.task, plan.replace(precision="bfloat16"), callbacks=[], device="cpu"
    ).wait()
    exact = start(shop.parts, shop.task, plan, callbacks=[], device="cpu").wait()
    assert {p.dtype for p in rough.model.parameters()} == {torch.float32}
    values, wanted = rough.predict(seeds).values, exact.predict(seeds).values
    assert not np.array_equal(values, wanted), "nothing was computed in bfloat16"
    assert np.abs(values - wanted).max() < 0.05
