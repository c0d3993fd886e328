"""Dropout whose draws are fixed by a key: no global random state, so two runs never disturb each other."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class KeyedDropout(nn.Module):
    """Zero a share of the values while training; the masks follow from the key that was set last.

    Parameters
    ----------
    share : float  in [0, 1)
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self._generator: torch.Generator | None = None
        self._key = 0

    def set_key(self, key: int) -> None:
        """Start the masks anew; the trainer does so before each step."""
        self._key, self._generator = key, None

    def forward(self, x: Tensor) -> Tensor:
        """Values scaled up by ``1 / (1 - share)`` where they are kept."""
        if not self.training or self.share == 0.0:
            return x
        if self._generator is None or self._generator.device != x.device:
            self._generator = torch.Generator(x.device).manual_seed(self._key)
        kept = torch.rand(x.shape, generator=self._generator, device=x.device) >= self.share
        return x * kept / (1.0 - self.share)


def set_dropout_key(model: nn.Module, key: int) -> None:
    """Give every keyed dropout of a model its own key derived from one."""
    for place, module in enumerate(m for m in model.modules() if isinstance(m, KeyedDropout)):
        module.set_key((key + 0x9E3779B97F4A7C15 * (place + 1)) & 0x7FFFFFFFFFFFFFFF)
