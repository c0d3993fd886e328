"""Dropout from a key: repeatable, unbiased, and without global state."""

from __future__ import annotations

import torch
from torch import nn

from workbench.models.dropout import KeyedDropout, set_dropout_key


def test_masks_follow_the_key() -> None:
    model = nn.Sequential(KeyedDropout(0.5), KeyedDropout(0.5)).train()
    x = torch.ones(64, 64)
    before = torch.get_rng_state()
    set_dropout_key(model, 7)
    first = [model[0](x), model[1](x), model[0](x)]
    set_dropout_key(model, 7)
    again = [model[0](x), model[1](x), model[0](x)]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0], first[2])
    set_dropout_key(model, 8)
    assert not torch.equal(model[0](x), first[0])
    assert torch.equal(torch.get_rng_state(), before)


def test_values_keep_their_mean_and_evaluation_keeps_them_all() -> None:
    dropout, x = KeyedDropout(0.3), torch.ones(1000, 100)
    assert abs(float(dropout(x).mean()) - 1) < 0.02
    assert torch.equal(dropout.eval()(x), x)
    assert torch.equal(KeyedDropout(0.0)(x), x)
