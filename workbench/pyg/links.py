"""Links between PyG's words and ours: what stock loaders pass, and the metadata that they expect back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.sampler import EdgeSamplerInput, NegativeSampling

from workbench.sampling.links import Links
from workbench.types import Int64Array


def links_of(index: EdgeSamplerInput, types: tuple[str, str]) -> Links:
    """Read what a stock loader passes.

    Raises
    ------
    IdError, AnchorError
    """
    input_ids = np.arange(index.row.numel()) if index.input_id is None else index.input_id.numpy()
    time = None if index.time is None else index.time.numpy()
    return Links.of(types, index.row.numpy(), index.col.numpy(), time, input_ids)


def metadata_of(
    index: EdgeSamplerInput,
    links: Links,
    places: tuple[Int64Array, Int64Array],
    negatives: NegativeSampling | None,
) -> tuple[Any, ...]:
    """What stock loaders expect beside the subgraph; ``links`` with its negatives."""
    row, col = (torch.from_numpy(place) for place in places)
    input_id = torch.from_numpy(links.input_ids)
    time = None if index.time is None else torch.from_numpy(links.anchors_of(len(links.row)))
    if negatives is None:
        return input_id, torch.stack([row, col]), index.label, time
    count = len(links)
    if negatives.is_binary():
        return input_id, torch.stack([row, col]), _with_zeros(index.label, count, len(links.row)), time
    # Copy after copy becomes one row per link; a single copy is a vector.
    negative = col[count:].view(math.ceil(negatives.amount), count).t().squeeze(-1)
    return input_id, row, col[:count], negative, time


def _with_zeros(label: Tensor | None, positives: int, total: int) -> Tensor:
    label = torch.ones(positives) if label is None else label
    return torch.cat([label, label.new_zeros((total - positives, *label.shape[1:]))])
