"""Pinned buffers: page-locked memory that a GPU reads on its own while the host goes on."""

from __future__ import annotations

import torch

from workbench.types import ByteArray


class PinnedPool:
    """A :class:`~workbench.stores.protocols.BufferPool` of page-locked memory.

    Recycling is left to PyTorch's caching host allocator: it reuses a block only when no tensor or
    array refers to it *and* every asynchronous copy out of it has ended, which a pool of our own
    could not know.
    """

    def take(self, shape: tuple[int, int]) -> ByteArray:
        """uint8 array of that shape, contents undefined."""
        block: ByteArray = torch.empty(shape, dtype=torch.uint8, pin_memory=True).numpy()
        return block
