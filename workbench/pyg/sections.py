"""Feature rows as tensors: one uint8 block is carved into sections, wherever it lies.

    data  uint8[n, stride]   | timestamp | numerical | embedding | categorical | mask | pad |
                              int64[n,t]  float32[n,c] ...                        present bool[n, columns]

The block is moved to the device first and carved there: one copy per group, and nothing wider than
what is stored crosses the bus.
"""

from __future__ import annotations

import torch
from torch import Tensor

from workbench.stores.features import SECTION_DTYPES, GroupLayout

_STORED = {
    "timestamp": torch.int64,
    "numerical": torch.float32,
    "embedding": torch.float32,
    "categorical": torch.int32,
}


def carve(layout: GroupLayout, data: Tensor) -> dict[str, Tensor]:
    """Sections that the group has, and ``present``.

    Parameters
    ----------
    data : uint8[n, stride]

    Returns
    -------
    dict of ``timestamp`` int64[n, t], ``numerical`` float32[n, c], ``embedding`` float32[n, e],
    ``categorical`` int64[n, k] (embedding tables take int64), ``present`` bool[n, columns]. All but
    ``categorical`` and ``present`` are views.
    """
    out = {name: _section(layout, data, name) for name in SECTION_DTYPES if layout.width(name)}
    if "categorical" in out:
        out["categorical"] = out["categorical"].to(torch.int64)
    if layout.columns:
        out["present"] = _present(layout, data)
    return out


def node_features(layout: GroupLayout, data: Tensor) -> dict[str, Tensor]:
    """Sections, ``present`` and ``x``, which every node type has: ones[n, 1] for want of numbers."""
    sections = carve(layout, data)
    x = _numeric(sections)
    return sections | {"x": torch.ones(len(data), 1, device=data.device) if x is None else x}


def edge_features(layout: GroupLayout, data: Tensor) -> dict[str, Tensor]:
    """Sections, ``present``, and ``edge_attr`` if the table has numbers."""
    sections = carve(layout, data)
    numbers = _numeric(sections)
    return sections if numbers is None else sections | {"edge_attr": numbers}


def attribute_widths(layout: GroupLayout) -> dict[str, int]:
    """Columns of each attribute of :func:`node_features`."""
    widths = {name: layout.width(name) for name in SECTION_DTYPES if layout.width(name)}
    numbers = widths.get("numerical", 0) + widths.get("embedding", 0)
    present = {"present": len(layout.columns)} if layout.columns else {}
    return widths | present | {"x": numbers or 1}


def _numeric(sections: dict[str, Tensor]) -> Tensor | None:
    """float32[n, c + e]: numerical ++ embedding, missing values 0; None without either."""
    parts = [sections[name] for name in ("numerical", "embedding") if name in sections]
    return torch.cat(parts, 1) if parts else None


def _section(layout: GroupLayout, data: Tensor, name: str) -> Tensor:
    start = layout.offset(name)
    width = layout.width(name) * SECTION_DTYPES[name].itemsize
    if not len(data):  # strides of an empty array say nothing, and no view can be made of it
        return torch.empty((0, layout.width(name)), dtype=_STORED[name], device=data.device)
    return data[:, start : start + width].view(_STORED[name])


def _present(layout: GroupLayout, data: Tensor) -> Tensor:
    mask = data[:, layout.mask_offset : layout.mask_offset + layout.mask_bytes]
    bits = torch.arange(8, device=data.device, dtype=torch.uint8)
    flags = (mask.unsqueeze(-1) >> bits) & 1
    return flags.flatten(1)[:, : len(layout.columns)].bool()
