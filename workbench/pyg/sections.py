"""Feature rows as tensors: one uint8 block is expanded, then carved into sections, wherever it lies.

    data  uint8[n, stride]   | timestamp | numerical | embedding | categorical | mask | pad |
                              int64[n,t]  float32[n,c] ...                        present bool[n, columns]

For another device the block of distinct rows is moved first and expanded there: one copy per group, and
nothing wider than what is stored crosses the bus. On the CPU numpy does the work: torch would start a
second team of OpenMP threads in the loader's thread, beside the model's.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from workbench.kernels.gather import gather
from workbench.stores.features import SECTION_DTYPES, FeatureBlock, GroupLayout
from workbench.types import AnyArray

_STORED = {
    "timestamp": torch.int64,
    "numerical": torch.float32,
    "embedding": torch.float32,
    "categorical": torch.int32,
}


def expand(data: Tensor, row: Tensor | AnyArray) -> Tensor:
    """Rows ``data[row]``, each row moved whole.

    Parameters
    ----------
    data : uint8[k, stride]
    row : int32[n] or int64[n], an array for a tensor on the CPU
    """
    if isinstance(row, Tensor):
        return data.index_select(0, row)
    out = np.empty((len(row), data.shape[1]), np.uint8)
    if len(row):
        gather(np.ascontiguousarray(data.numpy()), row.astype(np.int64), out)
    return torch.from_numpy(out)


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
    if data.is_cpu and len(data):
        block = FeatureBlock(layout, data.numpy())
        arrays = {name: block.section(name) for name in SECTION_DTYPES if layout.width(name)}
        if "categorical" in arrays:
            arrays["categorical"] = arrays["categorical"].astype(np.int64)
        if layout.columns:
            arrays["present"] = block.present()
        return {name: torch.from_numpy(array) for name, array in arrays.items()}
    return carve_tensor(layout, data)


def carve_tensor(layout: GroupLayout, data: Tensor) -> dict[str, Tensor]:
    """:func:`carve` in torch, for any device."""
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


def without_future(layout: GroupLayout, sections: dict[str, Tensor], anchor: Tensor) -> dict[str, Tensor]:
    """The same attributes, timestamps later than the row's anchor missing: 0, and not ``present``.

    Parameters
    ----------
    sections : as :func:`node_features` or :func:`edge_features` gives them
    anchor : int64[n]  microseconds; FOREVER sees everything
    """
    stamped = [
        (column.start, bit) for bit, column in enumerate(layout.columns) if column.section == "timestamp"
    ]
    if not stamped:
        return sections
    starts, bits = (list(places) for places in zip(*stamped, strict=True))
    if sections["timestamp"].is_cpu:
        stamps, present = sections["timestamp"].numpy(), sections["present"].numpy().copy()
        seen = stamps <= anchor.numpy()[:, None]
        present[:, bits] &= seen[:, starts]
        shown = torch.from_numpy(np.where(seen, stamps, 0))
        return sections | {"timestamp": shown, "present": torch.from_numpy(present)}
    return sections | without_future_tensor(sections, anchor, starts, bits)


def without_future_tensor(
    sections: dict[str, Tensor], anchor: Tensor, starts: list[int], bits: list[int]
) -> dict[str, Tensor]:
    """``timestamp`` and ``present`` of :func:`without_future` in torch, for any device."""
    seen, present = sections["timestamp"] <= anchor[:, None], sections["present"].clone()
    present[:, bits] &= seen[:, starts]
    return {"timestamp": sections["timestamp"].masked_fill(~seen, 0), "present": present}


def attribute_widths(layout: GroupLayout) -> dict[str, int]:
    """Columns of each attribute of :func:`node_features`."""
    widths = {name: layout.width(name) for name in SECTION_DTYPES if layout.width(name)}
    numbers = widths.get("numerical", 0) + widths.get("embedding", 0)
    present = {"present": len(layout.columns)} if layout.columns else {}
    return widths | present | {"x": numbers or 1}


def _numeric(sections: dict[str, Tensor]) -> Tensor | None:
    """float32[n, c + e]: numerical ++ embedding, missing values 0; None without either."""
    parts = [sections[name] for name in ("numerical", "embedding") if name in sections]
    if parts and parts[0].is_cpu:
        return torch.from_numpy(np.concatenate([part.numpy() for part in parts], 1))
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
